"""The part of a benchmark's last line that sets ours beside theirs."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Measured(Protocol):
  """What was measured of `ours`, and of `theirs` if there was one."""

  @property
  def seconds(self) -> Mapping[str, np.ndarray]:
    """By contender."""
    ...

  @property
  def ratios(self) -> np.ndarray:
    """Their times over ours."""
    ...

  def rates(self, name: str) -> Mapping[str, Any]:
    """What is reported of a contender, by the first part of its key."""
    ...


def keys(found: Measured, of: str) -> dict[str, Any]:
  """The ratio with its quartiles, and both contenders' rates.

  Args:
    found: what was measured.
    of: what of, the last part of each key but for "_theirs".

  Returns:
    None for what is of theirs if there was none.
  """
  result: dict[str, Any] = {f"ratio_{of}": None, f"ratio_{of}_quartiles": None}
  if "theirs" in found.seconds:
    low, middle, high = np.quantile(found.ratios, (0.25, 0.5, 0.75)).tolist()
    result = {f"ratio_{of}": middle, f"ratio_{of}_quartiles": [low, high]}
  for name, suffix in (("ours", ""), ("theirs", "_theirs")):
    there = name in found.seconds
    rates = found.rates(name if there else "ours")
    result |= {
      f"{key}_{of}{suffix}": value if there else None
      for key, value in rates.items()
    }
  return result
