"""Steps whose loss or gradient stands out: a line each, and spikes.jsonl.

A spike is a value many standard deviations above the mean of about the last
hundred steps. It stops nothing; it names the data sets of the batch, for those
are where to look first. What is known of the last steps begins anew when a run
is resumed, and with it the steps that pass unjudged.
"""

import math
import pathlib
from collections.abc import Mapping

from data import drawn as drawn_lib
from data import program
from embeddings import json_lines

WATCHED = ("loss", "gradient_norm")
FILE = "spikes.jsonl"

_UNJUDGED = 50  # steps, until their mean and deviation say something
_MEMORY = 100  # steps
# Of the mean: a loss that hardly moves has no deviation to speak of.
_LEAST_DEVIATION = 0.01


class Running:
  """Mean and deviation of the last values, and whether one stands out.

  Both are those of all values at first, and from `_MEMORY` values on weighted
  by age, exponentially (Finch 2009, "Incremental calculation of weighted mean
  and variance"). Of a value that stands out, only what is allowed is counted,
  so that one spike does not hide the next.

  Args:
    most: standard deviations above the mean that a value may be.

  Attributes:
    mean: of the values so far.
    deviation: their standard deviation, and not less than a hundredth of it.
  """

  def __init__(self, most: float):
    self._most, self._count, self._above = most, 0, False
    self.mean = self._variance = 0.0

  @property
  def deviation(self) -> float:
    """The standard deviation of the values so far."""
    return max(math.sqrt(self._variance), _LEAST_DEVIATION * abs(self.mean))

  def add(self, value: float) -> bool:
    """Whether a value is the first of a spike; it counts for the next."""
    above = False
    if self._count >= _UNJUDGED:
      limit = self.mean + self._most * self.deviation
      above, value = value > limit, min(value, limit)
    self._count += 1
    share = max(1 / self._count, 1 / _MEMORY)
    change = value - self.mean
    self.mean += share * change
    self._variance = (1 - share) * (self._variance + share * change**2)
    first, self._above = above and not self._above, above
    return first


class Spikes:
  """Judges each step's loss and gradient norm.

  Args:
    workdir: where spikes.jsonl goes.
    step: the step the run begins at; lines past it are dropped.
    most: standard deviations above the mean that a value may be.
    drawn: knows the data sets of a step.
  """

  def __init__(
    self,
    workdir: pathlib.Path,
    *,
    step: int,
    most: float,
    drawn: drawn_lib.Drawn | None,
  ):
    self._file = json_lines.JsonLines(workdir / FILE, step=step)
    self._running = {name: Running(most) for name in WATCHED}
    self._drawn = drawn

  def add(self, step: int, values: Mapping[str, float]) -> None:
    """Judges a step, and says so if it stands out."""
    for name, running in self._running.items():
      mean, deviation = running.mean, running.deviation
      if running.add(values[name]):
        self._report(step, name, mean, deviation, values)

  def close(self) -> None:
    """Ends the file."""
    self._file.close()

  def _report(
    self,
    step: int,
    name: str,
    mean: float,
    deviation: float,
    values: Mapping[str, float],
  ) -> None:
    """A line on standard error, and one in the file."""
    names = self._drawn.in_step(step) if self._drawn else []
    both = {watched: values[watched] for watched in WATCHED}
    about = {"spike": name, "mean": mean, "deviation": deviation}
    self._file.write({"step": step, **about, **both, "data_sets": names})
    above = (values[name] - mean) / deviation
    program.note_line(
      f"spike: the {name} of step {step} is {values[name]:.4g}, {above:.1f} "
      f"standard deviations above its mean of {mean:.4g} (loss "
      f"{both['loss']:.4g}, gradient norm {both['gradient_norm']:.4g})"
      + (f"; its batch is of {drawn_lib.listed(names)}" if names else "")
    )
