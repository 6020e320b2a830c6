"""The loop's order, and that a resumed run is an unbroken one."""

import contextlib
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import loader
from data import program
from embeddings import checkpoint
from embeddings import committed
from embeddings import loop
from embeddings import metrics
from embeddings import optimizer
from embeddings import partition
from embeddings import preemption
from embeddings import step as step_lib
from embeddings import watch as watch_lib
from tests.data import inputs
from tests.embeddings import tiny

STEPS = 6


class Diary:
  """Stands for all that a loop calls, and notes who was called.

  Args:
    leaves: the step at which a notice says to leave.
  """

  seconds = 1.5

  def __init__(self, leaves=None):
    self.entries = []
    self._leaves, self._asked = leaves, []

  def train_step(self, state, batch):
    self.entries.append(f"train {state} on {batch}")
    return state + 1, f"metrics {state + 1}"

  def report(self, step, found):
    assert found == f"metrics {step}"
    self.entries.append(f"report {step}")

  def flush(self):
    self.entries.append("flush")

  def reached(self, step):  # of the watch and of the notice
    self._asked.append(step)
    return step == self._leaves

  @contextlib.contextmanager
  def resting(self):
    self.entries.append("rest")
    yield
    self.entries.append("rested")

  def save(self, state, meta, results):
    assert meta == {"step": state, "seconds": 1.5}
    found = f" with {results}" if results else ""
    self.entries.append(f"save {state}{found}")

  def send(self):
    self.entries.append("send")

  def wait(self):
    self.entries.append("wait")

  def commit_finished(self):
    self.entries.append("commit")

  def evaluate(self, step, state):
    assert step == state
    self.entries.append(f"evaluate {step}")
    return f"results {step}"

  def close(self):  # of the notice
    self.entries.append("no deadline")

  def asked_in_order(self, start):
    """Whether notice and watch were asked for each step, once and in order."""
    steps = range(start + 1, start + 1 + len(self._asked) // 2)
    return self._asked == [step for step in steps for _ in range(2)]


def keep_diary(start, steps, save_every, eval_every, diary=None):
  diary = diary or Diary()
  state = loop.train(
    start,
    iter(range(start, 100)),
    start=start,
    steps=steps,
    train_step=diary.train_step,
    reporter=diary,
    checkpoints=diary,
    save_every=save_every,
    send=diary.send,
    evaluate=diary.evaluate,
    eval_every=eval_every,
    notice=diary,
    watch=diary,
  )
  assert state == steps
  assert diary.asked_in_order(start)
  return diary.entries


def test_step_report_evaluate_save():
  assert keep_diary(1, 5, save_every=2, eval_every=3) == [
    *("train 1 on 1", "report 2", "flush", "send", "save 2", "commit"),
    *("train 2 on 2", "report 3", "flush"),
    *("rest", "evaluate 3", "rested", "commit"),
    *("train 3 on 3", "report 4", "flush", "send", "save 4", "commit"),
    *("train 4 on 4", "report 5", "flush"),
    *(
      "rest",
      "evaluate 5",
      "rested",
      "no deadline",
      "send",
      "save 5 with results 5",
      "commit",
    ),
  ]


def test_without_evaluations_the_last_is_left():
  entries = keep_diary(0, 3, save_every=10, eval_every=0)
  assert [x for x in entries if x[:4] in ("save", "eval")] == [
    "evaluate 3",
    "save 3 with results 3",
  ]


def test_leaving_saves_and_does_not_evaluate():
  diary = Diary(leaves=3)
  with pytest.raises(program.Preempted, match="step 3 is saved"):
    keep_diary(1, 5, save_every=2, eval_every=3, diary=diary)
  assert diary.entries[-7:] == [
    *("train 2 on 2", "report 3", "flush", "send", "save 3", "commit", "wait")
  ]
  assert diary.asked_in_order(1)


def test_a_notice_at_the_last_step_changes_nothing():
  assert keep_diary(1, 5, 2, 3, Diary(leaves=5)) == keep_diary(1, 5, 2, 3)


@pytest.fixture
def batches(write_pairs, tokenizer_folder):
  """The batches of a small run."""
  return inputs.batches(
    str(write_pairs(64)), tokenizer_folder, seed=2, steps=STEPS, pack_shards=4
  )


@pytest.fixture(scope="module")
def training():
  """Makes the first state of a run with dropout, and its step."""
  mesh = partition.make_mesh(fsdp=2, tensor=2)
  model = tiny.model(dropout=0.1, attention_dropout=0.1)
  objective = tiny.objective(model, mesh=mesh)
  config = optimizer.OptimizerConfig(
    learning_rate=1e-2, warmup_steps=2, steps=STEPS, weight_decay=0.1
  )
  move = optimizer.make(config)

  def init():
    return step_lib.init(
      objective, move, seed=5, mesh=mesh, params=tiny.params()
    )

  jitted = step_lib.make(objective, move, seed=5, mesh=mesh, state=init())

  def step(state, batch):
    return jitted(state, batch, None)

  return mesh, init, step, optimizer.learning_rate(config)


def train(folder, batches, training, steps, train_step=None):
  """Trains to `steps` in a folder, from its newest checkpoint."""
  mesh, init, step, rate = training
  checkpoints = checkpoint.Checkpoints(folder / "checkpoints", keep=2)
  state, start = init(), checkpoints.latest or 0
  if start:
    state, _ = checkpoints.restore(start, state)
  reporter = metrics.Reporter(
    folder, step=start, steps=STEPS, pairs=16, rate=rate, every=1, seconds=0.0
  )
  try:
    return loop.train(
      state,
      (
        partition.put_batch(batch, mesh)
        for batch in loader.iterate(batches, start, threads=2, ahead=2)
      ),
      start=start,
      steps=steps,
      train_step=train_step or step,
      reporter=reporter,
      checkpoints=checkpoints,
      save_every=2,
      send=lambda: None,
      evaluate=lambda step, state: {},
      eval_every=0,
      notice=preemption.Notice(start, grace_s=1.0),
      watch=watch_lib.Watch(gone_s=1.0, hang_s=1.0),
    )
  finally:
    reporter.close()
    checkpoints.close()


def curve(folder):
  """The lines of metrics.jsonl but for what depends on the clock."""
  lines = (folder / "metrics.jsonl").read_text().splitlines()
  kept = ("step", "loss", "accuracy", "gradient_norm", "learning_rate", "fill")
  return [{name: json.loads(line)[name] for name in kept} for line in lines]


def test_resumed_is_unbroken_to_the_bit(batches, training, tmp_path):
  whole = train(tmp_path / "whole", batches, training, STEPS)
  first = train(tmp_path / "broken", batches, training, 3)
  # A kill came after step 3's line and before its checkpoint was whole.
  manifest = tmp_path / "broken" / "checkpoints" / "3" / committed.MANIFEST
  manifest.unlink()
  again = train(tmp_path / "broken", batches, training, STEPS)
  assert int(again.step) == STEPS
  jax.tree.map(
    np.testing.assert_array_equal, jax.device_get(again), jax.device_get(whole)
  )
  assert curve(tmp_path / "broken") == curve(tmp_path / "whole")
  assert [line["step"] for line in curve(tmp_path / "whole")] == [*range(1, 7)]
  moved = jax.tree.map(
    lambda a, b: np.abs(a - b).max(),
    jax.device_get(first.params),
    jax.device_get(whole.params),
  )
  assert min(jax.tree.leaves(moved)) > 1e-4  # or equality would say little


def test_a_state_whose_loss_is_not_finite_is_not_saved(
  batches, training, tmp_path
):
  losses = iter([jnp.float32(x) for x in (1, 1, 1, math.nan, 1, 1)])

  def bad(state, batch):
    state, found = training[2](state, batch)
    return state, found._replace(loss=next(losses))

  with pytest.raises(program.Diverged, match="loss of step 4 is nan"):
    train(tmp_path, batches, training, STEPS, bad)
  folder = tmp_path / "checkpoints"
  assert [path.name for path in folder.iterdir()] == ["2"]


def test_arrays_that_are_moved_in_a_step_are_refused(
  batches, training, tmp_path
):
  one = jnp.float32(1)  # on the first device alone

  def moves(state, batch):
    state, found = training[2](state, batch)
    return state, found._replace(loss=found.loss + one)

  with pytest.raises(Exception, match="Disallowed device-to-device transfer"):
    train(tmp_path, batches, training, STEPS, moves)
