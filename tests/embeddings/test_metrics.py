"""Metrics are read a step late, and go on where the run does."""

import json
import math
import time

import jax
import jax.numpy as jnp
import pytest

from data import drawn
from data import program
from data import schedule
from embeddings import json_lines
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
    texts=jnp.uint32(4_000_000_000),
    flops=jnp.float32(1e12),
  )


@pytest.fixture
def make(tmp_path):
  """Makes a reporter in one and the same workdir."""
  opened = []

  def make(step=0, every=1, seconds=0.0, steps=10, workdir=tmp_path, **more):
    reporter = metrics.Reporter(
      workdir,
      step=step,
      steps=steps,
      pairs=4,
      rate=lambda step: jnp.float32(step * 2),
      every=every,
      seconds=seconds,
      **more,
    )
    opened.append(reporter)
    return reporter

  yield make
  for reporter in opened:
    reporter.close()


@pytest.fixture
def seen():
  """What is seen of two data sets, each batch being of one."""
  order = schedule.Schedule(
    ["ale", "beer"], [40, 9], [2, 1], batch_size=4, slots=1, seed=3
  )
  return drawn.Drawn(["ale", "beer"], order)


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
  assert one["texts"] == 4_000_000_000
  assert one["data_wait_share"] == 0
  assert not {"mfu", "epochs", "tokens", "slots", "flops"} & one.keys()
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


def test_the_end_names_data_sets_what_was_before_and_what_is_kept(make, seen):
  reporter = make(drawn=seen, saved=lambda: 4)
  reporter.report(6, found(6, norm=3.0))
  details = {"loss/a": jnp.float32(2), "loss/b": jnp.float32(math.inf)}
  reporter.report(7, found(7, loss=math.inf)._replace(details=details))
  with pytest.raises(program.Diverged) as error:
    reporter.flush()
  (name,) = seen.in_step(7)
  assert str(error.value) == (
    "the loss of step 7 is inf (loss/a 2, loss/b inf) and its gradient's norm "
    f"0.5; its batch is of {name}; at step 6, the last that was finite, they "
    "were 1.5 and 3; checkpoints up to step 4 are kept: lower "
    "--config.optim.learning_rate in a new workdir"
  )


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
  results = json_lines.JsonLines(path, step=3)
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
  assert b"train/texts" not in content


def test_a_process_that_writes_nothing_ends_as_the_others_do(
  make, tmp_path, capsys
):
  reporter = make(workdir=None, spike=6.0)
  reporter.report(1, found(1))
  reporter.evaluation(1, {"beer.ndcg_at_10": 0.5})
  reporter.report(2, found(2, loss=math.nan))
  with pytest.raises(program.Diverged, match="loss of step 2"):
    reporter.report(3, found(3))
  reporter.close()
  assert not any(tmp_path.iterdir())
  assert capsys.readouterr().err == ""


@jax.jit
def slow():
  """A number that takes some tenths of a second."""

  def again(_, x):
    return jnp.tanh(x @ x)

  return jax.lax.fori_loop(0, 500, again, jnp.eye(256)).sum()


def test_a_wait_counts_from_the_end_of_the_step_before(make, tmp_path):
  losses, trained, took = [], [], []

  def batches():
    for step in (1, 2, 3):
      start = time.monotonic()
      jax.block_until_ready(losses)
      trained.append(time.monotonic() - start)
      time.sleep(0.3)
      took.append(time.monotonic() - start)
      yield step

  slow().block_until_ready()
  reporter = make(every=3)
  for step in reporter.timed(batches()):
    # While the second batch comes, the first trains.
    losses.append(slow() if step == 1 else jnp.float32(1))
    reporter.report(step, found(step)._replace(loss=losses[-1]))
  reporter.close()
  (line,) = lines(tmp_path)
  waited = line["data_wait_share"] * 3 * 4 / line["pairs_per_s"]
  # The thread that sees the end may be late.
  assert 0.7 < waited < sum(took) - trained[1] / 2


def test_no_wait_counts_while_the_devices_are_at_work(make, tmp_path):
  def batches():
    yield 1
    time.sleep(0.1)
    yield 2

  slow().block_until_ready()
  reporter = make(every=2)
  for step in reporter.timed(batches()):
    reporter.report(step, found(step)._replace(loss=slow()))
  reporter.close()
  (line,) = lines(tmp_path)
  assert line["data_wait_share"] < 0.1


def test_an_evaluation_is_no_training_time(make, tmp_path):
  start = time.monotonic()
  reporter = make(every=2)
  reporter.report(1, found(1))
  with reporter.resting():
    time.sleep(0.2)
  reporter.report(2, found(2))
  reporter.close()
  (line,) = lines(tmp_path)
  assert 2 * 4 / line["pairs_per_s"] < time.monotonic() - start - 0.2


def test_mfu_is_of_all_steps_since_the_last_line(make, tmp_path):
  reporter = make(every=2, peak=1e15)
  for step in range(1, 5):
    reporter.report(step, found(step)._replace(flops=jnp.float32(step * 1e9)))
  reporter.close()
  for line, flops in zip(lines(tmp_path), (3e9, 7e9), strict=True):
    seconds = 2 * 4 / line["pairs_per_s"]
    assert line["mfu"] * seconds * 1e15 == pytest.approx(flops)


@pytest.mark.parametrize(("steps", "every"), [(10, 1), (1_000, 2), (250, 10)])
def test_epochs_stand_in_a_hundred_lines_at_most(
  make, tmp_path, seen, steps, every
):
  reporter = make(steps=steps, every=every, drawn=seen)
  metrics_of_a_step = found(1)
  for step in range(1, steps + 1):
    reporter.report(step, metrics_of_a_step)
  reporter.close()
  written = lines(tmp_path)
  epochs = {x["step"]: x["epochs"] for x in written if "epochs" in x}
  assert len(epochs) == min(steps // every, 100) and steps in epochs
  for step, found_there in epochs.items():
    assert found_there == pytest.approx(seen.epochs(step), abs=1e-4)
  (path,) = (tmp_path / "tensorboard").iterdir()
  assert path.read_bytes().count(b"epochs/beer") == len(epochs)


def test_spikes_are_told_of(make, tmp_path, seen, capsys):
  reporter = make(steps=100, drawn=seen, spike=6.0)
  for step in range(1, 71):
    reporter.report(step, found(step, loss=50.0 if step == 60 else 2.0))
  reporter.close()
  (line,) = map(json.loads, (tmp_path / "spikes.jsonl").open())
  assert (line["step"], line["data_sets"]) == (60, seen.in_step(60))
  assert "spike: the loss of step 60 is 50" in capsys.readouterr().err
