"""What came out of an evaluation whose measures are means over its items."""

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Means:
  """An `Outcome` of measures that each item has of its own.

  Attributes:
    values: measure -> float64 [N], that of each item.
  """

  values: Mapping[str, np.ndarray]

  @property
  def items(self) -> int:
    """N."""
    return len(next(iter(self.values.values())))

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """The means over all items, or over those that are chosen."""
    return {
      name: float(np.mean(each if chosen is None else each[chosen]))
      for name, each in self.values.items()
    }
