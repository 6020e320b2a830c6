"""What a run says of itself while it trains.

Numbers are read from the device a step late, so that the next step is already
under way while the host waits for them. All processes read them, so that all
end alike where a loss is not finite; one writes them down.
"""

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, TypeVar

import jax

from data import drawn as drawn_lib
from embeddings import divergence
from embeddings import journal
from embeddings import speed as speed_lib
from embeddings import step as step_lib

_Batch = TypeVar("_Batch")


class Reporter:
  """Reads each step's metrics a step late and reports them.

  Args:
    workdir: where metrics.jsonl and the TensorBoard files go; None for a
      process that writes nothing and shows nothing.
    step: the step the run begins at.
    steps: of the whole run.
    pairs: B, pairs a step.
    rate: the learning rate as a function of the step.
    every: steps between two lines of metrics.jsonl.
    seconds: that earlier runs of this workdir trained.
    peak: floating-point operations a second of all devices, None if it is not
      known.
    drawn: knows the data sets of a step.
    spike: standard deviations of the loss that are a spike, 0 for none.
    saved: gives the newest step that is kept.
  """

  def __init__(
    self,
    workdir: pathlib.Path | None,
    *,
    step: int,
    steps: int,
    pairs: int,
    rate: Callable[[int], Any],
    every: int,
    seconds: float,
    peak: float | None = None,
    drawn: drawn_lib.Drawn | None = None,
    spike: float = 0.0,
    saved: Callable[[], int | None] | None = None,
  ):
    self._speed = speed_lib.Speed(pairs, peak)
    self._finite = divergence.Finite(drawn, saved)
    self._journal = None
    if workdir is not None:
      self._journal = journal.Journal(
        workdir,
        step=step,
        steps=steps,
        every=every,
        rate=rate,
        speed=self._speed,
        spike=spike,
        drawn=drawn,
      )
    self._start = time.monotonic() - seconds
    self._late: tuple[int, step_lib.Metrics] | None = None

  @property
  def seconds(self) -> float:
    """How long this workdir has trained, earlier runs included."""
    return time.monotonic() - self._start

  def timed(self, batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """The same batches, and a look at how long the devices wait for them.

    They have something to do until the step before has ended, for whose end a
    thread waits.
    """
    self._speed.begin()  # what came before was no training
    thread = futures.ThreadPoolExecutor(1)
    try:
      while True:
        start = time.monotonic()
        end = None
        if self._late is not None:
          end = thread.submit(_end_of, self._late[1].loss)
        try:
          batch = next(batches)
        except StopIteration:
          return
        came = time.monotonic()
        if end is None:
          self._speed.waited(came - start)
        elif end.done():
          self._speed.waited(came - max(start, end.result()))
        yield batch
    finally:  # A run that fails does not wait for a step that hangs.
      thread.shutdown(wait=False)

  @contextlib.contextmanager
  def resting(self) -> Iterator[None]:
    """Leaves the block, an evaluation, out of what speeds are reckoned by."""
    self.flush()  # or what is left of the step would be left out too
    with self._speed.resting():
      yield

  def report(self, step: int, metrics: step_lib.Metrics) -> None:
    """Takes the metrics of a step and reports those of the one before."""
    self.flush()
    self._late = step, metrics

  def flush(self) -> None:
    """Reports the metrics that were held back.

    Raises:
      program.Diverged: if the loss is not finite.
    """
    if self._late is None:
      return
    step, metrics = self._late
    self._late = None
    read = jax.device_get(metrics)._asdict()
    read |= read.pop("details")
    values = {name: value.item() for name, value in read.items()}
    self._finite.check(step, values)
    self._speed.add(values["tokens"], values["flops"])
    if self._journal:
      self._journal.step(step, values, self.seconds)

  def evaluation(self, step: int, results: dict[str, float]) -> None:
    """Shows the results of an evaluation."""
    if self._journal:
      self._journal.evaluation(step, results)

  def close(self) -> None:
    """Reports what was held back and ends the files."""
    try:
      self.flush()
    finally:
      if self._journal:
        self._journal.close()


def _end_of(loss: jax.Array) -> float:
  """Waits until it is there, and gives the time."""
  loss.block_until_ready()
  return time.monotonic()
