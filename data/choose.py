"""Which texts of its record each pair takes, and on which side.

The first two texts of a record are query and document, or the other way round
where the two are swapped; the further ones are negatives, of which the first
are taken or some at random. A record's only text is query and document at
once. It depends on the seed, the data set, the record and the epoch alone.
"""

from collections.abc import Sequence

import numpy as np

from data import options as options_lib
from data import permutation
from data import schedule


class Chooser:
  """Chooses among the texts of records.

  Args:
    options: of each data set.
    columns: 2 + M, texts a pair.
    seed: another seed is another choice.
  """

  def __init__(
    self,
    options: Sequence[options_lib.Options],
    columns: int,
    seed: int,
  ):
    most = columns - 2
    self._swap = np.array([o.swap for o in options])
    self._negatives = np.array([min(o.negatives, most) for o in options])
    self._random = np.array([o.choose_negatives == "random" for o in options])
    self._columns, self._seed = columns, seed

  def swapped(self, draw: schedule.Draw) -> np.ndarray:
    """Whether each pair's query and document change sides: bool [B]."""
    fraction = self._keys(draw, 4) / 2.0**64
    return fraction < self._swap[draw.data_set]

  def columns(self, draw: schedule.Draw, counts: np.ndarray) -> np.ndarray:
    """Which text of the record each column of a pair takes.

    Args:
      draw: the batch's records.
      counts: [B], texts of each record.

    Returns:
      int64 [B, 2 + M]; -1 where there is none.
    """
    chosen = np.full((len(counts), self._columns), -1)
    swapped = self.swapped(draw)
    chosen[:, 0], chosen[:, 1] = swapped, ~swapped
    chosen[counts == 1, :2] = 0
    there = counts[:, None] - 2
    place = np.arange(self._columns - 2)[None]
    taken = place < np.minimum(there, self._negatives[draw.data_set][:, None])
    negative = np.where(taken, place, 0)
    random = taken & self._random[draw.data_set][:, None]
    if random.any():
      at = np.nonzero(random)
      keys = self._keys(draw, 5)[at[0]]
      negative[at] = permutation.permute(negative[at], there[at[0], 0], keys)
    chosen[:, 2:] = np.where(taken, 2 + negative, -1)
    return chosen

  def _keys(self, draw: schedule.Draw, purpose: int) -> np.ndarray:
    """A key for each pair: uint64 [B]."""
    seed = np.full(1, self._seed, np.uint64)
    return permutation.mix_arrays(
      seed, purpose, draw.data_set, draw.record, draw.epoch
    )
