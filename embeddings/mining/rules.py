"""Which documents are hard negatives of a pair.

Names and meanings are those of sentence-transformers' `mine_hard_negatives`;
the margins are NV-Retriever's (https://arxiv.org/abs/2407.15831).
"""

import dataclasses
import math
from typing import Any

from data import program

SAMPLING = ("top", "random")
MARGIN_FROM = ("pair", "query")
FEWER = ("drop", "keep")
EXISTING = ("keep", "drop")


@dataclasses.dataclass(frozen=True)
class Rules:
  """Which of a pair's candidates become its negatives.

  The candidates are the best documents: `range_max`, and as many more as are
  known to answer the query, which are left out. Bounds and margins leave out
  more; what is left, best first, is taken or drawn from, from `range_min` on
  and up to `range_max`.

  Attributes:
    num_negatives: M, of each pair.
    range_min: so many of the best are passed over.
    range_max: the last rank that is looked at.
    max_score: of a negative at most; None for no bound.
    min_score: of a negative at least.
    absolute_margin: so much below the positive's score at least.
    relative_margin: the same, as a fraction of the positive's score.
    margin_from: the positive whose score counts: "pair" for the pair's own,
      "query" for the least of all that its query has, as sentence-transformers.
    sampling: "top", the best ones, or "random".
    seed: another seed draws others.
    fewer: "drop" or "keep" a pair for which fewer were found.
    existing: "keep" the negatives that a triplet has, before those that are
      found, or "drop" them.
  """

  num_negatives: int = 1
  range_min: int = 10
  range_max: int = 50
  max_score: float | None = None
  min_score: float | None = None
  absolute_margin: float | None = None
  relative_margin: float | None = None
  margin_from: str = "pair"
  sampling: str = "top"
  seed: int = 0
  fewer: str = "drop"
  existing: str = "keep"

  def check(self) -> None:
    """Raises BadInput if no document could fit the rules."""
    window = self.range_max - self.range_min
    if self.range_min < 0 or not 0 < self.num_negatives <= window:
      raise program.BadInput(
        f"--num_negatives={self.num_negatives} of the ranks from "
        f"--range_min={self.range_min} to --range_max={self.range_max} cannot "
        f"be had; wanted 1 to {max(window, 0)}: give another range"
      )
    low = -math.inf if self.min_score is None else self.min_score
    high = math.inf if self.max_score is None else self.max_score
    if not low <= high:
      raise program.BadInput(
        f"--min_score={low} is above --max_score={high}, so that no score "
        "fits; swap the two"
      )
    for name in ("absolute_margin", "relative_margin"):
      margin = getattr(self, name)
      if margin is not None and not math.isfinite(margin):
        raise program.BadInput(
          f"--{name}={margin} is no finite number; give one such as 0.05"
        )

  def as_dict(self) -> dict[str, Any]:
    """The rules as plain values."""
    return dataclasses.asdict(self)
