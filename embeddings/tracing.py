"""A trace of some steps: what devices and hosts did, for TensorBoard.

    trace = tracing.Trace("20:22", folder, steps=1_000)
    train_step = trace.watch(train_step, start)  # writes at the end of step 22

TensorBoard's profile plugin (`pip install xprof tensorboard`) finds it in the
folder where the curves are; see docs.jax.dev/en/latest/profiling.html. The
device is waited for before the first of the steps and after the last, so that
these steps are in it and no others.
"""

import pathlib
import re

import jax

from data import batch as batch_lib
from data import program
from embeddings import step as step_lib


class Trace:
  """Which steps are traced, and where the trace goes.

  Args:
    text: "A:B", the first and the last step; "" for none.
    folder: where it goes, below plugins/profile; None for a process that
      writes nothing.
    steps: of the whole run.

  Raises:
    program.BadInput: if `text` is not two steps of the run.
  """

  def __init__(self, text: str, folder: pathlib.Path | None, *, steps: int):
    self._first, self._last = _parse(text, steps) if text else (0, 0)
    self._folder = folder if text else None
    self._traced: list[int] = []

  def watch(
    self, train_step: step_lib.TrainStep, start: int
  ) -> step_lib.TrainStep:
    """The same training step, traced when its time has come.

    Args:
      train_step: moves the state by one batch.
      start: the step that the run begins at; of steps before it there is no
        trace.
    """
    if self._folder is None:
      return train_step
    if start >= self._last:
      program.note_line(
        f"no trace: steps {self._first} to {self._last} were trained before"
      )
      return train_step
    done = start

    def traced(
      state: step_lib.State, batch: batch_lib.Batch
    ) -> tuple[step_lib.State, step_lib.Metrics]:
      nonlocal done
      done += 1
      if done > self._last or done < self._first:
        return train_step(state, batch)
      if not self._traced:
        jax.block_until_ready(state)
        jax.profiler.start_trace(str(self._folder))
      self._traced.append(done)
      with jax.profiler.StepTraceAnnotation("train", step_num=done):
        found = train_step(state, batch)
      if done == self._last:
        jax.block_until_ready(found)
        self.close()
      return found

    return traced

  def close(self) -> None:
    """Writes what was traced; once is enough."""
    if not self._traced:
      return
    first, last = self._traced[0], self._traced[-1]
    self._traced = []
    jax.profiler.stop_trace()
    program.note_line(
      f"the trace of steps {first} to {last} is in {self._folder}"
    )


def _parse(text: str, steps: int) -> tuple[int, int]:
  """The first and the last step."""
  found = re.fullmatch(r"(\d+):(\d+)", text)
  if found:
    first, last = int(found[1]), int(found[2])
    if 1 <= first <= last <= steps:
      return first, last
  raise program.BadInput(
    f"--profile_steps={text} is not two steps of this run; wanted the first "
    f"and the last, 1 to {steps}, as in "
    f"--profile_steps={min(20, steps)}:{min(22, steps)}"
  )
