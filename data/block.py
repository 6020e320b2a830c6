"""Which data sets fill each slot of a block's batches.

A block is W batches of k slots, W being the sum of the whole-number weights;
data set i fills exactly k w_i of its slots. The shares are laid end to end
round a circle of k W positions and position p is dealt to batch p mod W, so
that a data set stands at most once in a batch as long as its share is at most
1/k. The order of the data sets round the circle and of the batches in the
block are drawn anew for each block, so that partners vary.

Nothing is as large as k W: a block takes memory for W numbers, and for each
data set that was asked for at most W more.
"""

import functools
import threading

import numpy as np

from data import permutation


class Block:
  """One block.

  Args:
    weights: whole numbers, one a data set; 0 for one that has no part.
    k: slots in a batch.
    seed: another seed is another order.
    number: of the block; each has an order of its own.

  Attributes:
    batches: W.
  """

  def __init__(self, weights: tuple[int, ...], k: int, seed: int, number: int):
    count, self.batches = len(weights), sum(weights)
    self._shares = k * np.asarray(weights, np.int64)
    circle_key = permutation.mix(seed, 2, number)
    self._circle = permutation.permute(np.arange(count), count, circle_key)
    self._ends = np.cumsum(self._shares[self._circle])
    # Where each data set's share begins on the circle.
    self._starts = np.empty(count, np.int64)
    self._starts[self._circle] = self._ends - self._shares[self._circle]
    times = np.arange(self.batches)
    time_key = permutation.mix(seed, 3, number)
    self._batch_at = permutation.permute(times, self.batches, time_key)
    self._time_of = np.empty(self.batches, np.int32)
    self._time_of[self._batch_at] = times
    self._corners = np.arange(k, dtype=np.int64) * self.batches
    self._more: dict[int, np.ndarray] = {}
    self._lock = threading.Lock()

  def slots(self, time: int) -> tuple[np.ndarray, np.ndarray]:
    """The batch at a time, 0 to W - 1.

    Returns:
      sets: int64 [k], the data set of each slot.
      draws: int64 [k], how many slots of the block that data set has filled
        before this one, in the order of time.
    """
    positions = self._corners + self._batch_at[time]
    sets = self._circle[np.searchsorted(self._ends, positions, side="right")]
    # The slots of one data set follow each other.
    new = np.concatenate([[True], sets[1:] != sets[:-1]])
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    before = np.array([self._before(int(sets[at]), time) for at in first])
    return sets, before[group] + np.arange(len(sets)) - first[group]

  def before(self, time: int) -> np.ndarray:
    """Slots that each data set fills before a time: int64, one a data set."""
    return np.array([self._before(i, time) for i in range(len(self._shares))])

  def _before(self, index: int, time: int) -> int:
    """Slots that data set `index` fills before a time."""
    each, _ = divmod(int(self._shares[index]), self.batches)
    more = int(np.searchsorted(self._times_of_more(index), time))
    return each * time + more

  def _times_of_more(self, index: int) -> np.ndarray:
    """The times at which a data set fills one slot more than at others."""
    with self._lock:
      found = self._more.get(index)
      if found is None:
        over = int(self._shares[index]) % self.batches
        batches = (self._starts[index] + np.arange(over)) % self.batches
        found = self._more[index] = np.sort(self._time_of[batches])
      return found


@functools.lru_cache(maxsize=4)
def block(weights: tuple[int, ...], k: int, seed: int, number: int) -> Block:
  """A block; the last few are kept."""
  return Block(weights, k, seed, number)
