"""Which records stand in batch number `step`: a pure function, no state.

A batch has k slots of B / k pairs, each filled by one data set. A block is W
batches, W being the sum of the whole-number weights, in which data set i fills
exactly k w_i slots. The shares are laid end to end round a circle of k W
positions and position p is dealt to batch p mod W, so that a data set stands
at most once in a batch as long as its share is at most 1/k. The order of the
data sets round the circle and of the batches in the block are drawn anew for
each block, so that partners vary.

Inside a data set, draws follow each other in time; each epoch is a keyed
permutation of its records. Nothing here knows of hosts, devices or threads.
"""

import functools
from collections.abc import Sequence

import numpy as np

from data import permutation
from data import program

VERSION = 1


class Schedule:
  """The order of training for data sets of given sizes and weights.

  Args:
    names: of the data sets, for messages.
    sizes: records in each data set.
    weights: whole numbers, as `mixture.integer_weights` gives them.
    batch_size: B, pairs in a global batch.
    datasets_per_batch: k, slots in a batch.
    seed: another seed is another order.

  Raises:
    program.BadInput: if k does not divide B, exceeds the number of data sets,
      or a data set is smaller than a slot.
  """

  def __init__(
    self,
    names: Sequence[str],
    sizes: Sequence[int],
    weights: Sequence[int],
    *,
    batch_size: int,
    datasets_per_batch: int,
    seed: int,
  ):
    k = datasets_per_batch
    if not 1 <= k <= len(sizes):
      raise program.BadInput(
        f"datasets_per_batch is {k} and the mixture has {len(sizes)} data "
        f"set(s); wanted 1 to {len(sizes)}: set config.data.datasets_per_batch"
      )
    if batch_size % k:
      raise program.BadInput(
        f"the batch of {batch_size} pairs cannot be shared by "
        f"datasets_per_batch={k}; make batch.size a multiple of it"
      )
    self._slot = batch_size // k
    for name, size in zip(names, sizes, strict=True):
      if size < self._slot:
        raise program.BadInput(
          f"data set {name!r} has {size} records and its slot in a batch takes "
          f"{self._slot}; lower --config.batch.size to {size * k} or raise "
          "datasets_per_batch"
        )
    self._sizes = np.asarray(sizes, np.int64)
    self._weights = tuple(weights)
    self._k, self._seed = k, seed

  def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of batch number `step`.

    Args:
      step: 0 or more.

    Returns:
      data_set: int32 [B], an index into the mixture, slot by slot.
      record: int64 [B], an index into that data set.
    """
    block, time = divmod(step, sum(self._weights))
    slot_sets, slot_ranks = _block(self._weights, self._k, self._seed, block)
    data_sets, found = [], []
    for index, rank in zip(slot_sets[time], slot_ranks[time], strict=True):
      draw = block * self._k * self._weights[index] + int(rank)
      data_sets.append(np.full(self._slot, index, np.int32))
      found.append(self._records(int(index), draw))
    return np.concatenate(data_sets), np.concatenate(found)

  def _records(self, index: int, draw: int) -> np.ndarray:
    """The records that data set `index` gives in its draw number `draw`."""
    size = int(self._sizes[index])
    places = np.arange(draw * self._slot, (draw + 1) * self._slot)
    epochs, places = np.divmod(places, size)
    found = np.empty(self._slot, np.int64)
    for epoch in np.unique(epochs):
      now = epochs == epoch
      key = permutation.mix(self._seed, 1, index, int(epoch))
      found[now] = permutation.permute(places[now], size, key)
    return found


@functools.lru_cache(maxsize=8)
def _block(
  weights: tuple[int, ...], k: int, seed: int, block: int
) -> tuple[np.ndarray, np.ndarray]:
  """Who fills each slot of a block: data set and its draw in the block.

  Returns:
    slot_sets, slot_ranks: int32 [W, k], by time in the block and slot.
  """
  shares = k * np.asarray(weights, np.int64)
  count, total = len(weights), sum(weights)
  circle_key = permutation.mix(seed, 2, block)
  circle = permutation.permute(np.arange(count), count, circle_key)
  round_circle = np.repeat(circle, shares[circle])
  time_key = permutation.mix(seed, 3, block)
  batch_at_time = permutation.permute(np.arange(total), total, time_key)
  slot_sets = round_circle.reshape(k, total).T[batch_at_time]
  # A set's draws are counted in the order of time.
  flat = slot_sets.ravel()
  by_set = np.argsort(flat, kind="stable")
  first = np.cumsum(shares) - shares
  ranks = np.empty(flat.size, np.int64)
  ranks[by_set] = np.arange(flat.size) - first[flat[by_set]]
  return slot_sets.astype(np.int32), ranks.reshape(slot_sets.shape)
