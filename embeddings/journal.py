"""What one process writes of a run: metrics.jsonl, TensorBoard, progress."""

import math
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from data import drawn as drawn_lib
from data import program
from embeddings import curves
from embeddings import json_lines
from embeddings import speed as speed_lib
from embeddings import spikes as spikes_lib

FILE = "metrics.jsonl"
BOARD = "tensorboard"  # a folder

# Lines with the epochs of all data sets, of which there may be hundreds.
_EPOCH_LINES = 100
_IN_A_LINE = ("flops", "tokens", "slots")  # what others are made of
_NO_CURVES = ("texts", "epochs")


class Journal:
  """The files of a run and its progress bar.

  Args:
    workdir: where the files go.
    step: the step the run begins at; what is past it is dropped.
    steps: of the whole run.
    every: steps between two lines of metrics.jsonl.
    rate: the learning rate as a function of the step.
    speed: is told of each step by others.
    spike: standard deviations that are a spike, 0 for none.
    drawn: knows the data sets of a step.
  """

  def __init__(
    self,
    workdir: pathlib.Path,
    *,
    step: int,
    steps: int,
    every: int,
    rate: Callable[[int], Any],
    speed: speed_lib.Speed,
    spike: float = 0.0,
    drawn: drawn_lib.Drawn | None = None,
  ):
    self._lines = json_lines.JsonLines(workdir / FILE, step=step)
    self._curves = curves.Curves(workdir / BOARD, step=step)
    self._spikes = None
    if spike:
      self._spikes = spikes_lib.Spikes(
        workdir, step=step, most=spike, drawn=drawn
      )
    self._bar = program.Progress(
      steps, unit="steps", label="training", done=step
    )
    self._done, self._steps, self._every = step, steps, every
    self._rate, self._speed, self._drawn = rate, speed, drawn

  def step(
    self, step: int, values: Mapping[str, float], seconds: float
  ) -> None:
    """Takes a step.

    Args:
      step: its number.
      values: of `step.Metrics`, those of its details among them.
      seconds: that the run has taken so far.
    """
    self._done = step
    self._bar.advance(1, f"loss {values['loss']:.3f}, {self._speed.line()}")
    if self._spikes:
      self._spikes.add(step, values)
    if step % self._every == 0:
      self._write(step, values, seconds)

  def evaluation(self, step: int, results: Mapping[str, float]) -> None:
    """Shows the results of an evaluation."""
    self._curves.add(step, {f"eval/{k}": v for k, v in results.items()})

  def close(self) -> None:
    """Ends the files."""
    self._bar.close("done" if self._done == self._steps else "stopped")
    self._lines.close()
    self._curves.close()
    if self._spikes:
      self._spikes.close()

  def _write(
    self, step: int, values: Mapping[str, float], seconds: float
  ) -> None:
    """One line of metrics.jsonl, and the same in TensorBoard."""
    line: dict[str, Any] = {
      # A loss without pairs in this batch, or without an accuracy, has none.
      **{k: v for k, v in values.items() if not math.isnan(v)},
      "learning_rate": float(self._rate(step - 1)),
      "fill": values["tokens"] / values["slots"],
      **self._speed.found(),
    }
    self._speed.begin()
    line = {k: v for k, v in line.items() if k not in _IN_A_LINE}
    points = {f"train/{k}": v for k, v in line.items() if k not in _NO_CURVES}
    epochs = self._epochs(step)
    points |= {f"epochs/{name}": value for name, value in epochs.items()}
    self._curves.add(step, points)
    line |= {"epochs": epochs} if epochs else {}
    self._lines.write({"step": step, "seconds": seconds, **line})

  def _epochs(self, step: int) -> dict[str, float]:
    """Those of each data set, in a hundred lines of a run at most."""
    before = step - self._every
    due = _EPOCH_LINES * step // self._steps
    if self._drawn is None or due == _EPOCH_LINES * before // self._steps:
      return {}
    return {k: round(v, 4) for k, v in self._drawn.epochs(step).items()}
