"""The loop: step, report, save, evaluate."""

from collections.abc import Callable, Iterator

import jax

from data import batch as batch_lib
from embeddings import checkpoint
from embeddings import metrics
from embeddings import step as step_lib


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
  evaluate: Callable[[int, step_lib.State], None],
  eval_every: int,
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
    evaluate: called every `eval_every` steps and at the end.
    eval_every: steps between two evaluations, 0 for none but the last.

  Returns:
    The state at the last step.
  """
  for step in range(start + 1, steps + 1):
    batch = next(batches)
    with jax.transfer_guard("disallow"):
      state, found = train_step(state, batch)
    reporter.report(step, found)
    if step == steps or step % save_every == 0:
      reporter.flush()  # a state whose loss is not finite is not kept
      checkpoints.save(state, {"step": step, "seconds": reporter.seconds})
    checkpoints.commit_finished()
    if evaluation_due(step, steps, eval_every):
      evaluate(step, state)
  return state


def evaluation_due(step: int, steps: int, eval_every: int) -> bool:
  """Whether the state of this step is evaluated."""
  return step == steps or (eval_every > 0 and step % eval_every == 0)
