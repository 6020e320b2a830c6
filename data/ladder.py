"""The few sizes that a batch may have: each is compiled for, once.

A batch takes the least rung that it fits in. Rungs may be given as fractions
of the top, or chosen to waste least on a sample of batches.
"""

import math
from collections.abc import Sequence

import numpy as np


def fractions(
  top: int, parts: Sequence[float], multiple: int = 1
) -> tuple[int, ...]:
  """`top` and fractions of it, rounded up to a multiple, largest first.

  >>> fractions(64, (0.5, 0.25)), fractions(100, (0.5, 0.99), multiple=8)
  ((64, 32, 16), (100, 56))
  """
  pieces = {max(math.ceil(top * part / multiple), 1) for part in parts}
  rungs = {min(multiple * piece, top) for piece in pieces}
  return tuple(sorted(rungs | {top}, reverse=True))


def choose_rungs(
  rows_needed: np.ndarray, top: int, count: int
) -> tuple[int, ...]:
  """The rungs that waste least over a sample, by dynamic programming.

  Of all ladders that hold `top`, a best one has only sizes that were needed
  beside it. With `best[j]` the least sum of what the batches of the first j
  sizes take if size j is a rung, one more rung below makes it
  `min over i < j of best[i] + size[j] * (batches of sizes i + 1 to j)`.

  Args:
    rows_needed: [batches], the size that each batch of the sample needs.
    top: the largest rung, in which all batches fit.
    count: rungs in all, `top` included; fewer if there are fewer sizes.

  Returns:
    The rungs, largest first.

  >>> choose_rungs(np.array([3, 3, 3, 4, 9]), top=20, count=3)
  (20, 9, 4)
  """
  assert count >= 1, count
  sizes, batches = np.unique(np.append(rows_needed, top), return_counts=True)
  assert sizes[-1] == top, (sizes[-1], top)
  batches[-1] -= 1  # the top that was appended
  up_to = np.cumsum(batches)
  # [i, j], what batches of sizes i + 1 to j take in rung j.
  between = sizes * (up_to - up_to[:, None])
  above = np.triu(np.ones(between.shape, bool), 1)
  best, below = (sizes * up_to).astype(np.float64), []
  for _ in range(min(count, len(sizes)) - 1):
    sums = np.where(above, best[:, None] + between, np.inf)
    below.append(sums.argmin(0))
    best = sums.min(0)
  rungs = [len(sizes) - 1]
  for choice in reversed(below):
    rungs.append(int(choice[rungs[-1]]))
  return tuple(int(sizes[rung]) for rung in rungs)


def choose_pairs(
  needed: np.ndarray,
  tops: Sequence[int],
  slots: Sequence[int],
  count: int,
) -> list[tuple[int, int]]:
  """Pairs of sizes that waste little over a sample, for two sides.

  Greedy, since the best are hard to find: pairs are added that save most, and
  then exchanged one by one as long as that saves more.

  Args:
    needed: [batches, 2], the size that each side of each batch needs.
    tops: the largest of each side.
    slots: what each side's size is multiplied by.
    count: pairs in all, that of the tops included.

  Returns:
    The pairs, largest first.

  >>> needed = np.array([[3, 3], [3, 3], [3, 8], [9, 2]])
  >>> choose_pairs(needed, tops=(9, 9), slots=(1, 1), count=3)
  [(9, 9), (3, 8), (3, 3)]
  """
  each = [_quantiles(side) for side in needed.T]
  pairs = np.stack(np.meshgrid(*each, indexing="ij"), -1).reshape(-1, 2)
  most = int(np.dot(tops, slots))
  fits = (pairs >= needed[:, None]).all(-1)
  takes = np.where(fits, pairs @ np.array(slots), most)  # [batches, pairs]

  def best(others: list[int]) -> tuple[int, int]:
    """What all batches take with the best pair beside others, and that pair."""
    without = takes[:, others].min(1, initial=most)
    sums = np.minimum(without[:, None], takes).sum(0)
    return int(sums.min()), int(sums.argmin())

  chosen: list[int] = []
  least = most * len(needed)
  while len(chosen) < count - 1:
    least, pair = best(chosen)
    chosen.append(pair)
  place = unchanged = 0
  while unchanged < len(chosen):
    total, pair = best([*chosen[:place], *chosen[place + 1 :]])
    unchanged += 1
    if total < least:
      least, chosen[place], unchanged = total, pair, 0
    place = (place + 1) % len(chosen)
  found = {(int(one), int(other)) for one, other in pairs[chosen]}
  found.add((int(tops[0]), int(tops[1])))
  return sorted(found, key=lambda pair: (-int(np.dot(pair, slots)), pair))


def _quantiles(sizes: np.ndarray, count: int = 32) -> np.ndarray:
  """A few of the sizes, evenly many batches apart; the largest is one."""
  last = np.arange(1, count + 1) * len(sizes) // count - 1
  return np.unique(np.sort(sizes)[np.maximum(last, 0)])


def taken(rows_needed: np.ndarray, rungs: Sequence[int]) -> int:
  """The sum of the rungs that batches of these sizes take.

  >>> taken(np.array([3, 3, 3, 4, 9]), (20, 9, 4))
  25
  """
  ascending = np.sort(np.array(rungs))
  return int(ascending[np.searchsorted(ascending, rows_needed)].sum())
