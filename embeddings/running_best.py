"""The k best scores of each query, out of blocks that come one by one.

    best = running_best.RunningBest(queries, k)
    best.offer(rows, scores, tops, start)
    best.scores, best.found

For processors, where to sort a block's scores costs as much as to make them.
What is offered is looked at twice: first the largest score of each group of
columns, which the device found on its way; then, of the groups that have
something above the k-th best so far, the columns.
"""

import numpy as np

# Columns. With more there are fewer groups to look at, and more in each: 16 to
# 64 take about the same time, for k from 10 to 100.
GROUP = 32


class RunningBest:
  """The best so far.

  Args:
    queries: Q, how many.
    k: how many of each to keep.
  """

  def __init__(self, queries: int, k: int):
    self.scores = np.full((queries, k), -np.inf, np.float32)  # [Q, k]
    self.found = np.full((queries, k), -1, np.int64)  # [Q, k]

  def offer(
    self,
    rows: slice,
    scores: np.ndarray,  # [Q_block, N_block]
    tops: np.ndarray,  # [Q_block, N_block / GROUP]
    start: int,
  ) -> None:
    """Takes what is better than what there is out of the next documents.

    Args:
      rows: which queries they are.
      scores: of some queries and the documents that come next.
      tops: the largest of each group, of the columns that are equal modulo
        N_block / GROUP.
      start: the first document's number.
    """
    k = self.scores.shape[1]
    low = _floor(self.scores[rows, -1], tops, k)
    row, group = np.nonzero(tops >= low[:, None])
    if not len(row):
      return
    groups = tops.shape[1]
    members = scores.reshape(len(scores), GROUP, groups)[row, :, group]
    which, member = np.nonzero(members >= low[row, None])
    value, row = members[which, member], row[which]
    column = member * groups + group[which]
    order = np.argsort(row * scores.shape[1] + column)
    self._merge(rows, row[order], value[order], column[order] + start)

  def _merge(
    self,
    rows: slice,
    row: np.ndarray,  # [C], ascending
    value: np.ndarray,  # [C]
    number: np.ndarray,  # [C], ascending in each row
  ) -> None:
    """Puts candidates among the best; of equals, those that were there stay."""
    k = self.scores.shape[1]
    touched, first, counts = np.unique(
      row, return_index=True, return_counts=True
    )
    # One line of a table for each query that has any: the best, then the new.
    line = np.repeat(np.arange(len(touched)), counts)
    place = k + np.arange(len(row)) - np.repeat(first, counts)
    shape = len(touched), k + counts.max()
    scores = np.full(shape, -np.inf, np.float32)
    found = np.full(shape, -1, np.int64)
    whose = np.arange(rows.start, rows.stop)[touched]
    scores[:, :k], found[:, :k] = self.scores[whose], self.found[whose]
    scores[line, place], found[line, place] = value, number
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    self.scores[whose] = np.take_along_axis(scores, order, 1)
    self.found[whose] = np.take_along_axis(found, order, 1)


def _floor(
  worst: np.ndarray,  # [Q]
  tops: np.ndarray,  # [Q, N / GROUP]
  k: int,
) -> np.ndarray:  # [Q]
  """The least score that can still be among the k best of each query."""
  # It must be more than the k-th so far: of equals, the earlier one stays.
  low = np.nextafter(worst, np.float32(np.inf))
  if tops.shape[1] < k or (tops >= low[:, None]).sum() <= k * len(tops):
    return low
  # k groups have something at least as large as the k-th largest of `tops`.
  return np.maximum(low, np.partition(tops, -k, axis=1)[:, -k])
