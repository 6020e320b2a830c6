"""In which proportion data sets are drawn: whole-number weights.

Weights become whole numbers with sum W, so that every block of W batches holds
exact shares (see data/block.py).
"""

import math
from collections.abc import Sequence
from typing import Any

from data import program

MAX_TOTAL_WEIGHT = 65_536


def tempered(
  weights: Sequence[float], sizes: Sequence[int], temperature: float
) -> list[float]:
  """Weights times the sizes to the power of 1 / temperature.

  A temperature of 1 draws in proportion to the sizes, a high one evenly (Raffel
  et al. 2020, "Exploring the Limits of Transfer Learning", section 3.5.2).

  Args:
    weights: as given.
    sizes: records of each data set.
    temperature: above 0; or 0 for the weights as they are.

  >>> tempered([1, 1], [100, 10_000], 2)
  [10.0, 100.0]
  """
  if not temperature:
    return list(weights)
  return [
    weight * size ** (1 / temperature)
    for weight, size in zip(weights, sizes, strict=True)
  ]


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
    check(weight, name)
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


def check(weight: Any, name: str) -> None:
  """Raises BadInput unless a weight is a positive, finite number."""
  number = isinstance(weight, int | float)
  if not number or not (math.isfinite(weight) and weight > 0):
    raise program.BadInput(
      f"data set {name!r} has weight {weight!r}; wanted a positive number "
      "(leave out a data set that should not be drawn)"
    )
