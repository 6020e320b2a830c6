"""Metrics are read a step late, and go on where the run does."""

import json
import math

import jax.numpy as jnp
import pytest

from data import program
from embeddings import metrics
from embeddings import step as step_lib


def found(step, loss=None, norm=0.5):
  """The metrics of a step, on the device."""
  return step_lib.Metrics(
    loss=jnp.float32(step / 4 if loss is None else loss),
    accuracy=jnp.float32(0.25),
    details={},
    gradient_norm=jnp.float32(norm),
    tokens=jnp.int32(60),
    slots=jnp.int32(80),
  )


@pytest.fixture
def make(tmp_path):
  """Makes a reporter in one and the same workdir."""
  opened = []

  def make(step=0, every=1, seconds=0.0):
    reporter = metrics.Reporter(
      tmp_path,
      step=step,
      steps=10,
      pairs=4,
      rate=lambda step: jnp.float32(step * 2),
      every=every,
      seconds=seconds,
    )
    opened.append(reporter)
    return reporter

  yield make
  for reporter in opened:
    reporter.close()


def lines(tmp_path):
  text = (tmp_path / "metrics.jsonl").read_text()
  return [json.loads(line) for line in text.splitlines()]


def test_a_step_is_reported_when_the_next_is_under_way(make, tmp_path):
  reporter = make()
  reporter.report(1, found(1))
  assert lines(tmp_path) == []
  reporter.report(2, found(2))
  assert [line["step"] for line in lines(tmp_path)] == [1]
  reporter.flush()
  reporter.flush()  # nothing is held back any more
  assert [line["step"] for line in lines(tmp_path)] == [1, 2]


def test_a_line_says_it_all(make, tmp_path):
  reporter = make(step=4, every=2, seconds=100.0)
  for step in (5, 6, 7, 8):
    reporter.report(step, found(step))
  reporter.close()
  one, two = lines(tmp_path)
  assert [one["step"], two["step"]] == [6, 8]
  assert one["loss"] == 1.5 and two["loss"] == 2.0
  assert one["accuracy"] == 0.25 and one["gradient_norm"] == 0.5
  # Step 6 is the sixth, and the optimiser counts from 0.
  assert one["learning_rate"] == 10.0 and two["learning_rate"] == 14.0
  assert one["fill"] == 0.75
  assert 100 <= one["seconds"] <= two["seconds"] < 160
  assert one["pairs_per_s"] > 0
  assert one["tokens_per_s"] == pytest.approx(one["pairs_per_s"] * 60 / 4)
  assert reporter.seconds >= two["seconds"]


@pytest.mark.parametrize(
  "values", [{"loss": math.nan}, {"loss": math.inf}, {"norm": math.nan}]
)
def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_step(
  make, tmp_path, values
):
  reporter = make()
  reporter.report(1, found(1))
  reporter.report(2, found(2, **values))
  with pytest.raises(program.Diverged, match="loss of step 2 is .*new workdir"):
    reporter.report(3, found(3))
  reporter.close()
  assert [line["step"] for line in lines(tmp_path)] == [1]


def test_the_last_steps_loss_counts_too(make):
  reporter = make()
  reporter.report(1, found(1, loss=math.nan))
  with pytest.raises(program.Diverged, match="step 1"):
    reporter.close()


def test_lines_past_the_restored_step_are_dropped(make, tmp_path):
  reporter = make()
  for step in range(1, 7):
    reporter.report(step, found(step))
  reporter.close()
  path = tmp_path / "metrics.jsonl"
  before = path.read_text().splitlines()
  path.write_text("\n".join(before) + '\n{"step": 7, "lo')  # cut by a kill
  reporter = make(step=4)
  assert path.read_text().splitlines() == before[:4]
  reporter.report(5, found(9))
  reporter.close()
  assert [(x["step"], x["loss"]) for x in lines(tmp_path)] == [
    *((step, step / 4) for step in range(1, 5)),
    (5, 9 / 4),
  ]


@pytest.mark.parametrize("line", ["", "{}", "null", "[1]", '{"step": 1'])
def test_a_line_that_says_no_step_is_dropped(tmp_path, line):
  path = tmp_path / "evals.jsonl"
  path.write_text(f'{{"step": 2}}\n{line}\n{{"step": 3}}\n')
  results = metrics.JsonLines(path, step=3)
  results.write({"step": 4, "ndcg": 0.5})
  results.close()
  text = '{"step": 2}\n{"step": 3}\n{"step": 4, "ndcg": 0.5}\n'
  assert path.read_text() == text


def test_tensorboard_has_the_curves(make, tmp_path):
  reporter = make()
  reporter.report(1, found(1))
  reporter.evaluation(1, {"beer.ndcg_at_10": 0.5})
  reporter.close()
  (path,) = (tmp_path / "tensorboard").iterdir()
  content = path.read_bytes()
  for tag in (b"train/loss", b"train/learning_rate", b"eval/beer.ndcg_at_10"):
    assert tag in content
