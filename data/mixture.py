"""Which data sets a run draws from, and in which proportion.

A mixture is written `FOLDER[=WEIGHT],...`; a weight left out is 1. Weights
become whole numbers with sum W, so that every block of W batches holds exact
shares (see data/schedule.py).
"""

import dataclasses
import math
from collections.abc import Sequence

from data import program
from data import records

MAX_TOTAL_WEIGHT = 65_536


@dataclasses.dataclass(frozen=True)
class Mixture:
  """Open data sets and their whole-number weights, in the order given."""

  data_sets: tuple[records.DataSet, ...]
  weights: tuple[int, ...]

  @property
  def names(self) -> tuple[str, ...]:
    """The data sets' names."""
    return tuple(data_set.name for data_set in self.data_sets)


def open_mixture(text: str) -> Mixture:
  """Opens the data sets of `FOLDER[=WEIGHT],...`.

  Raises:
    program.BadInput: for an empty mixture, a weight that is no positive
      number, a name that stands twice, or a folder that is no data set.
  """
  entries = [_parse(entry) for entry in text.split(",") if entry.strip()]
  if not entries:
    raise program.BadInput(
      "the mixture is empty; name data set folders, as in "
      "--config.data.train=FOLDER,FOLDER=2"
    )
  data_sets = tuple(records.DataSet(folder) for folder, _ in entries)
  names = [data_set.name for data_set in data_sets]
  twice = sorted({name for name in names if names.count(name) > 1})
  if twice:
    raise program.BadInput(
      f"the data set name {twice[0]!r} stands twice in the mixture; name each "
      "once, with the sum of its weights"
    )
  weights = integer_weights([weight for _, weight in entries], names)
  return Mixture(data_sets, weights)


def integer_weights(
  weights: Sequence[float], names: Sequence[str]
) -> tuple[int, ...]:
  """Whole-number weights in the same proportion, with sum W at most 65,536.

  Whole numbers are kept (without their common factor) if their sum allows it;
  others are scaled to W = 65,536 and rounded by largest remainder.

  >>> integer_weights([2, 4, 6], "abc")
  (1, 2, 3)
  >>> sum(integer_weights([0.1, 0.2, 0.7], "abc"))
  65536

  Raises:
    program.BadInput: for a weight that is not positive and finite, or that
      rounds to 0.
  """
  for weight, name in zip(weights, names, strict=True):
    if not (math.isfinite(weight) and weight > 0):
      raise program.BadInput(
        f"data set {name!r} has weight {weight}; wanted a positive number "
        "(leave out a data set that should not be drawn)"
      )
  if all(float(weight).is_integer() for weight in weights):
    whole = [int(weight) for weight in weights]
    divisor = math.gcd(*whole)
    if sum(whole) // divisor <= MAX_TOTAL_WEIGHT:
      return tuple(weight // divisor for weight in whole)
  total = math.fsum(weights)
  exact = [weight / total * MAX_TOTAL_WEIGHT for weight in weights]
  rounded = [math.floor(value) for value in exact]
  by_remainder = sorted(
    range(len(exact)), key=lambda i: (rounded[i] - exact[i], i)
  )
  for i in by_remainder[: MAX_TOTAL_WEIGHT - sum(rounded)]:
    rounded[i] += 1
  if 0 in rounded:
    name = names[rounded.index(0)]
    raise program.BadInput(
      f"the weight of data set {name!r} is less than 1 in {MAX_TOTAL_WEIGHT:,} "
      "of the sum; raise it or leave the data set out"
    )
  return tuple(rounded)


def _parse(entry: str) -> tuple[str, float]:
  """Folder and weight of `FOLDER[=WEIGHT]`."""
  folder, equals, weight = entry.strip().partition("=")
  if not equals:
    return folder, 1.0
  try:
    return folder, float(weight)
  except ValueError:
    raise program.BadInput(
      f"the weight in {entry.strip()!r} is not a number; write FOLDER=WEIGHT"
    ) from None
