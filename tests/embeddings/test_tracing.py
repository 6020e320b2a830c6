"""A trace is of the steps that were asked for."""

import jax
import jax.numpy as jnp
import pytest

from data import program
from embeddings import tracing


@jax.jit
def train_step(state, batch):
  """A step that takes a while."""
  for _ in range(3):
    state = jnp.tanh(state @ state) + batch
  return state, {"loss": state.sum()}


def train(trace, start, steps):
  """Trains a run from `start` on, and gives the last state."""
  step = trace.watch(train_step, start)
  state = jnp.eye(200)
  for _ in range(start, steps):
    with jax.transfer_guard("disallow"):
      state, _ = step(state, state)
  trace.close()
  return state


def traced(folder):
  """The numbers of the steps in the one trace of a folder."""
  (path,) = folder.glob("plugins/profile/*/*.xplane.pb")
  planes = jax.profiler.ProfileData.from_file(str(path)).planes
  events = [e for plane in planes for line in plane.lines for e in line.events]
  assert any("train_step" in event.name for event in events)  # as JAX calls it
  return sorted(dict(e.stats)["step_num"] for e in events if e.name == "train")


@pytest.mark.parametrize(
  ("start", "steps", "expected"), [(0, 6, [3, 4]), (3, 6, [4]), (0, 3, [3])]
)
def test_of_those_steps_alone(tmp_path, capsys, start, steps, expected):
  trace = tracing.Trace("3:4", tmp_path, steps=6)
  found = train(trace, start, steps)
  assert traced(tmp_path) == expected
  ends = f"{expected[0]} to {expected[-1]}"
  said = f"the trace of steps {ends} is in {tmp_path}\n"
  assert capsys.readouterr().err == said
  none = tracing.Trace("", tmp_path, steps=6)
  assert (train(none, start, steps) == found).all()


def test_of_steps_that_are_past(tmp_path, capsys):
  train(tracing.Trace("3:4", tmp_path, steps=6), 4, 6)
  assert capsys.readouterr().err == (
    "no trace: steps 3 to 4 were trained before\n"
  )
  assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "1:2"])
def test_nothing_is_in_the_way_of_others(text):
  trace = tracing.Trace(text, None, steps=6)
  assert trace.watch(train_step, 0) is train_step
  trace.close()


@pytest.mark.parametrize(
  "text", ["3", "0:2", "4:3", "5:7", "a:b", "1:2:3", "-1:2", "1.0:2"]
)
def test_other_words_are_refused(tmp_path, text):
  with pytest.raises(program.BadInput) as error:
    tracing.Trace(text, tmp_path, steps=6)
  assert f"--profile_steps={text} is not two steps" in str(error.value)
  assert "1 to 6, as in --profile_steps=6:6" in str(error.value)
