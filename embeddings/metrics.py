"""What a run says of itself: metrics.jsonl, TensorBoard, the progress bar.

Numbers are read from the device a step late, so that the next step is already
under way while the host waits for them.
"""

import json
import math
import pathlib
import time
from typing import Any

import jax

from data import atomic
from data import program
from embeddings import curves
from embeddings import step as step_lib


class JsonLines:
  """A file with one JSON object a line, each with the `step` it belongs to.

  Args:
    path: the file.
    step: lines past it are dropped: the run goes on from there.

  Attributes:
    steps: of the lines that were there.
  """

  def __init__(self, path: pathlib.Path, *, step: int):
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = [line for line in before.splitlines() if _step_of(line) <= step]
    after = "".join(f"{line}\n" for line in kept)
    if after != before:  # At once: a kill in between would lose them all.
      atomic.write_text(path, after)
    self.steps = {int(_step_of(line)) for line in kept}
    self._file = path.open("a", encoding="utf-8")

  def write(self, values: dict[str, Any]) -> None:
    """Appends one line."""
    self._file.write(json.dumps(values) + "\n")
    self._file.flush()

  def close(self) -> None:
    """Ends the file."""
    self._file.close()


class Reporter:
  """Reads each step's metrics a step late and reports them.

  Args:
    workdir: where metrics.jsonl and the TensorBoard files go.
    step: the step the run begins at.
    steps: of the whole run.
    pairs: B, pairs a step.
    rate: the learning rate as a function of the step.
    every: steps between two lines of metrics.jsonl.
    seconds: that earlier runs of this workdir trained.
  """

  def __init__(
    self,
    workdir: pathlib.Path,
    *,
    step: int,
    steps: int,
    pairs: int,
    rate: Any,
    every: int,
    seconds: float,
  ):
    self._lines = JsonLines(workdir / "metrics.jsonl", step=step)
    self._curves = curves.Curves(workdir / "tensorboard", step=step)
    self._bar = program.Progress(
      steps, unit="steps", label="training", done=step
    )
    self._done, self._steps = step, steps
    self._pairs, self._rate, self._every = pairs, rate, every
    self._start = time.monotonic() - seconds
    self._last_line = (step, time.monotonic())
    self._late: tuple[int, step_lib.Metrics] | None = None

  @property
  def seconds(self) -> float:
    """How long this workdir has trained, earlier runs included."""
    return time.monotonic() - self._start

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
    if not math.isfinite(values["loss"] + values["gradient_norm"]):
      raise program.Diverged(
        f"the loss of step {step} is {values['loss']} and its gradient's norm "
        f"{values['gradient_norm']}; checkpoints from before it are kept: "
        "lower --config.optim.learning_rate in a new workdir"
      )
    self._done = step
    self._bar.advance(1, f"loss {values['loss']:.3f}, {self._speed(step)}")
    if step % self._every == 0:
      self._write(step, values)

  def evaluation(self, step: int, results: dict[str, float]) -> None:
    """Shows the results of an evaluation."""
    self._curves.add(step, {f"eval/{k}": v for k, v in results.items()})

  def close(self) -> None:
    """Reports what was held back and ends the files."""
    try:
      self.flush()
    finally:
      self._bar.close("done" if self._done == self._steps else "stopped")
      self._lines.close()
      self._curves.close()

  def _speed(self, step: int) -> str:
    """Pairs a second since the last line."""
    since_step, since = self._last_line
    seconds = max(time.monotonic() - since, 1e-9)
    return f"{(step - since_step) * self._pairs / seconds:,.0f} pairs/s"

  def _write(self, step: int, values: dict[str, float]) -> None:
    """One line of metrics.jsonl, and the same in TensorBoard."""
    now = time.monotonic()
    since_step, since = self._last_line
    steps_per_s = (step - since_step) / max(now - since, 1e-9)
    self._last_line = step, now
    tokens, slots = values.pop("tokens"), values.pop("slots")
    line = {
      # A loss without pairs in this batch, or without an accuracy, has none.
      **{k: v for k, v in values.items() if not math.isnan(v)},
      "learning_rate": float(self._rate(step - 1)),
      "fill": tokens / slots,
      "pairs_per_s": steps_per_s * self._pairs,
      "tokens_per_s": steps_per_s * tokens,
    }
    self._curves.add(step, {f"train/{k}": v for k, v in line.items()})
    self._lines.write({"step": step, "seconds": self.seconds, **line})


def _step_of(line: str) -> float:
  """The step of a line; one cut short by a kill counts as past the end."""
  try:
    return json.loads(line)["step"]
  except (ValueError, KeyError, TypeError):
    return math.inf
