"""The loop: step, report, evaluate, save."""

from collections.abc import Callable, Iterator, Mapping

import jax

from data import batch as batch_lib
from data import program
from embeddings import checkpoint
from embeddings import metrics
from embeddings import preemption
from embeddings import step as step_lib
from embeddings import watch as watch_lib


def train(
  state: step_lib.State,
  batches: Iterator[batch_lib.Batch],
  *,
  start: int,
  steps: int,
  train_step: step_lib.TrainStep,
  reporter: metrics.Reporter,
  checkpoints: checkpoint.Checkpoints,
  save_every: int,
  send: Callable[[], None],
  evaluate: Callable[[int, step_lib.State], Mapping[str, float]],
  eval_every: int,
  notice: preemption.Notice,
  watch: watch_lib.Watch,
) -> step_lib.State:
  """Trains from step `start` to `steps` and saves the last.

  Args:
    state: at step `start`; it is consumed.
    batches: on the mesh, the first of them that of step `start`.
    start: the step the state is at.
    steps: of the whole run.
    train_step: moves the state by one batch.
    reporter: is given each step's metrics.
    checkpoints: are saved every `save_every` steps.
    save_every: steps between two saves.
    send: called before each save, to bring the run's files where it is kept:
      what belongs to a checkpoint is there before it.
    evaluate: called every `eval_every` steps and at the end; what it finds is
      saved with the step.
    eval_every: steps between two evaluations, 0 for none but the last.
    notice: says when the machines are taken away.
    watch: is told of each step.

  Returns:
    The state at the last step.

  Raises:
    program.Preempted: if the machines are taken away; the state is saved.
  """
  for step in range(start + 1, steps + 1):
    batch = next(batches)
    with jax.transfer_guard("disallow"):
      state, found = train_step(state, batch)
    reporter.report(step, found)
    watch.reached(step)
    leaving = notice.reached(step) and step < steps
    evaluates = evaluation_due(step, steps, eval_every) and not leaving
    saves = leaving or step == steps or step % save_every == 0
    results = {}
    if evaluates or saves:
      reporter.flush()  # A state whose loss is not finite is not kept.
    if evaluates:
      with watch.resting():
        results = evaluate(step, state)
    if step == steps:
      notice.close()  # This save, too, may take as long as it can.
    if saves:
      send()
      meta = {"step": step, "seconds": reporter.seconds}
      checkpoints.save(state, meta, results)
    checkpoints.commit_finished()
    if leaving:
      checkpoints.wait()
      raise program.Preempted(f"preempted: step {step} is saved")
  return state


def evaluation_due(step: int, steps: int, eval_every: int) -> bool:
  """Whether the state of this step is evaluated."""
  return step == steps or (eval_every > 0 and step % eval_every == 0)
