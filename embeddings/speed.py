"""How fast a run goes, and what of its time it waits for data.

Evaluations are no part of it. What a save keeps the loop waiting is.
"""

import contextlib
import time
from collections.abc import Iterator


class Speed:
  """Steps since the last line, and the time that they took.

  Args:
    pairs: B, pairs a step.
    peak: floating-point operations a second of all devices, None if it is not
      known: then there is no MFU.
  """

  def __init__(self, pairs: int, peak: float | None = None):
    self._pairs, self._peak = pairs, peak
    self.begin()

  def begin(self) -> None:
    """Forgets what was counted: the time begins now."""
    self._steps, self._tokens, self._flops = 0, 0, 0.0
    self._waited = self._rested = 0.0
    self._start = time.monotonic()

  def add(self, tokens: int, flops: float) -> None:
    """Counts a step."""
    self._steps += 1
    self._tokens += tokens
    self._flops += flops

  def waited(self, seconds: float) -> None:
    """Counts time that the devices had nothing to do for want of a batch."""
    self._waited += seconds

  @contextlib.contextmanager
  def resting(self) -> Iterator[None]:
    """Leaves the time of the block out."""
    start = time.monotonic()
    try:
      yield
    finally:
      self._rested += time.monotonic() - start

  def found(self) -> dict[str, float]:
    """Pairs and tokens a second, share of time, and MFU where it is known."""
    seconds = max(time.monotonic() - self._start - self._rested, 1e-9)
    found = {
      "pairs_per_s": self._steps * self._pairs / seconds,
      "tokens_per_s": self._tokens / seconds,
      "data_wait_share": min(self._waited / seconds, 1.0),
    }
    if self._peak is not None:
      found["mfu"] = self._flops / seconds / self._peak
    return found

  def line(self) -> str:
    """The same in a few words."""
    found = self.found()
    line = f"{found['pairs_per_s']:,.0f} pairs/s"
    if "mfu" in found:
      line += f", MFU {found['mfu']:.1%}"
    if found["data_wait_share"] >= 0.01:
      line += f", {found['data_wait_share']:.0%} of the time waits for data"
    return line
