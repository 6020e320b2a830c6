"""A mixture's preview as a picture: shares, and epochs by size."""

import dataclasses
import pathlib
from collections.abc import Sequence

from matplotlib import figure

_BARS = 30


@dataclasses.dataclass(frozen=True)
class Row:
  """What the steps draw of one data set.

  Attributes:
    share: of all pairs that the steps draw.
    leaves: the step at which its max_epochs takes it out; None if it stays.
    slots: of one batch that it fills, at most.
  """

  name: str
  records: int
  weight: float
  share: float
  pairs: int
  epochs: float
  leaves: int | None
  slots: int


def write(path: pathlib.Path, rows: Sequence[Row], steps: int) -> None:
  """Writes the picture.

  Args:
    path: the PNG file.
    rows: the largest share first.
    steps: that they are of.
  """
  picture = figure.Figure(figsize=(12, 7), layout="constrained")
  left, right = picture.subplots(1, 2)
  bars = [(row.name, row.share) for row in rows[:_BARS]]
  if len(rows) > _BARS:
    rest = sum(row.share for row in rows[_BARS:])
    bars.append((f"{len(rows) - _BARS} more", rest))
  names, shares = zip(*reversed(bars), strict=True)
  left.barh(range(len(bars)), [100 * share for share in shares])
  left.set_yticks(range(len(bars)), names, fontsize=7)
  left.set_xlabel(f"% of the pairs of {steps:,} batches")
  drawn = [row for row in rows if row.pairs]  # A log scale has no 0.
  right.scatter(
    [row.records for row in drawn],
    [row.epochs for row in drawn],
    s=[10 + 2_000 * row.share for row in drawn],
    alpha=0.5,
  )
  right.set(xscale="log", yscale="log", xlabel="records", ylabel="epochs")
  right.axhline(1, color="grey", linewidth=0.5)
  picture.savefig(path, dpi=100)
