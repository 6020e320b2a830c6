"""What stands out is named once, and what only varies is not."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from data import drawn
from data import schedule
from embeddings import spikes

NAMES = ["ale", "beer", "cider"]


def judged(values, most=6.0):
  """The places of the values that stand out."""
  running = spikes.Running(most)
  return [i for i, value in enumerate(values) if running.add(float(value))]


def noise(count, seed=0):
  """Losses that vary about 2."""
  return 2 + 0.1 * np.random.default_rng(seed).normal(size=count)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=49))
def test_mean_and_deviation_are_those_of_all_values_at_first(values):
  running = spikes.Running(6.0)
  for value in values:
    assert not running.add(value)
  assert running.mean == pytest.approx(np.mean(values), abs=1e-6)
  least = 0.01 * abs(running.mean)
  expected = max(float(np.std(values)), least)
  assert running.deviation == pytest.approx(expected, abs=1e-6)


def test_they_forget():
  running = spikes.Running(math.inf)
  for value in [*noise(2_000), *(noise(1_000, seed=1) + 3)]:
    running.add(value)
  assert running.mean == pytest.approx(5, abs=0.05)
  assert running.deviation == pytest.approx(0.1, rel=0.3)


def test_noise_is_no_spike_and_a_spike_is():
  values = noise(5_000)
  assert judged(values) == []
  values[[70, 1_000, 1_001, 4_000]] = 3.5
  assert judged(values) == [70, 1_000, 4_000]
  assert judged(-values) == []  # a loss that falls is none


def test_what_stays_high_is_one_spike():
  values = noise(1_000)
  values[500:] += 20
  assert judged(values) == [500]


def test_the_first_steps_pass_unjudged():
  values = np.concatenate([np.linspace(100, 2, 20), noise(200)])
  values[[5, 30]] = 1e6, 50.0
  assert judged(values) == []


@given(st.integers(-40, 40), st.integers(0, 5))
def test_another_unit_is_the_same(power, seed):
  values = noise(300, seed) ** 2
  values[[100, 200, 201]] *= 40
  assert judged(values * 2.0**power) == judged(values) == [100, 200]


def test_a_line_and_a_file_name_step_and_data_sets(tmp_path, capsys):
  order = schedule.Schedule(
    NAMES, [40, 9, 25], [3, 1, 2], batch_size=8, slots=2, seed=3
  )
  found = spikes.Spikes(
    tmp_path, step=0, most=6.0, drawn=drawn.Drawn(NAMES, order)
  )
  for step, loss in enumerate(noise(200), start=1):
    loss = 9.0 if step == 150 else loss
    found.add(step, {"loss": loss, "gradient_norm": 1e3 if step > 190 else 1.0})
  found.close()
  loss, norm = map(json.loads, (tmp_path / spikes.FILE).open())
  assert (loss["step"], loss["spike"], loss["loss"]) == (150, "loss", 9.0)
  assert (norm["step"], norm["spike"]) == (191, "gradient_norm")
  assert norm["gradient_norm"] == 1e3
  assert loss["mean"] == pytest.approx(2, abs=0.05)
  assert loss["data_sets"] == drawn.Drawn(NAMES, order).in_step(150)
  assert 1 <= len(loss["data_sets"]) <= 2
  said = capsys.readouterr().err.splitlines()
  assert len(said) == 2
  assert said[0].startswith("spike: the loss of step 150 is 9, ")
  assert said[0].endswith(f"; its batch is of {', '.join(loss['data_sets'])}")
  # A run that goes on from step 160 has not seen what came later.
  spikes.Spikes(tmp_path, step=160, most=6.0, drawn=None).close()
  assert [json.loads(x) for x in (tmp_path / spikes.FILE).open()] == [loss]
