"""The fixed shapes of a run's batches: each is compiled for, once.

`Layout.shapes` are all that there are, and a batch takes the least that it
fits in. `Layout.choose` finds the shapes that suit a run's data.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from data import batch as batch_lib
from data import ladder
from data import packing
from data import program

Shape = tuple[int, int]  # R, L

_PADDED_MULTIPLE = 8  # rows that are shorter than the longest are a multiple


@dataclasses.dataclass(frozen=True)
class Layout:
  """The fixed shapes of a run's batches.

  Attributes:
    size: B, pairs in a global batch.
    max_length: the most tokens that a text may have, and a row.
    pack_shards: G.
    packing: "packed", texts end to end in rows of `max_length`; or "padded",
      a text a row, in rows as long as the batch's longest text needs.
    ladder: what R or padded L is chosen from, as fractions of the most: of
      one row a text, or of `max_length`.
    chosen: the shapes themselves, R and L for each side, largest first; empty
      for every combination of those that `ladder` says.
    negatives: M, at most so many negatives a pair; missing ones take no room.
    sides: 1 for a shared encoder, 2 for a query and a document tower.
    target_width: V, numbers in a teacher's vector of a text; 0 for none.
  """

  size: int
  max_length: int
  pack_shards: int = 1
  packing: str = "packed"
  ladder: tuple[float, ...] = ()
  chosen: tuple[tuple[Shape, ...], ...] = ()
  negatives: int = 0
  sides: int = 1
  target_width: int = 0

  def __post_init__(self) -> None:
    if self.size < 1 or self.size % self.pack_shards:
      raise program.BadInput(
        f"batch.size is {self.size} and batch.pack_shards {self.pack_shards}; "
        "wanted a positive size that pack_shards divides"
      )
    if self.packing not in packing.PLACE:
      raise program.BadInput(
        f"batch.packing is {self.packing!r}; wanted one of "
        f"{', '.join(packing.PLACE)}"
      )

  @property
  def pairs(self) -> int:
    """P, pairs a shard."""
    return self.size // self.pack_shards

  @property
  def columns(self) -> int:
    """2 + M, texts a pair."""
    return 2 + self.negatives

  @property
  def side_columns(self) -> tuple[range, ...]:
    """Which columns of a record each side encodes."""
    if self.sides == 1:
      return (range(self.columns),)
    return range(1), range(1, self.columns)

  def shapes(self) -> list[tuple[Shape, ...]]:
    """Every shape of a batch, R and L of each side, largest first."""
    if self.chosen:
      return list(self.chosen)
    sides = [
      [self._shape(side, rung) for rung in self._fractions(side)]
      for side in range(self.sides)
    ]
    return list(itertools.product(*sides))

  def least(self, needed: Sequence[Shape]) -> tuple[Shape, ...]:
    """The shape with the fewest slots that holds `needed`."""
    fitting = [
      shape
      for shape in self.shapes()
      if (np.array(shape) >= np.array(needed)).all()
    ]
    return min(fitting, key=lambda shape: sum(map(math.prod, shape)))

  def choose(self, sample: Sequence[Sequence[Shape]], count: int) -> "Layout":
    """This layout with the shapes that waste least on a sample of batches.

    Args:
      sample: what `assemble.needed` says of some batches. It has to be the
        same on every host: let it depend on data and config alone.
      count: how many shapes there may be.

    Returns:
      A layout whose shapes are `chosen`.
    """
    sizes = np.array(sample)[:, :, int(self.packing == "padded")]
    tops = [self._top(side) for side in range(self.sides)]
    sizes = np.minimum(-(-sizes // self._multiple) * self._multiple, tops)
    if self.sides == 1:
      rungs = [(x,) for x in ladder.choose_rungs(sizes[:, 0], tops[0], count)]
    else:
      slots = [self._slots(side) for side in range(self.sides)]
      rungs = ladder.choose_pairs(sizes, tops, slots, count)
    chosen = tuple(
      tuple(self._shape(side, rung) for side, rung in enumerate(of_sides))
      for of_sides in rungs
    )
    return dataclasses.replace(self, chosen=chosen)

  def zeros(self, shape: Sequence[Shape]) -> batch_lib.Batch:
    """A batch with nothing in it; `shape` is R and L of each side."""
    pairs, texts = self.pairs, self.columns * self.pairs

    def zeros(dtype: type[np.generic], *rest: int) -> np.ndarray:
      return np.broadcast_to(dtype(0), (self.pack_shards, *rest))

    packed = [[zeros(np.int32, *side)] * 3 for side in shape]
    return batch_lib.Batch(
      sides=tuple(batch_lib.Packed(*fields) for fields in packed),
      present=zeros(np.bool_, texts),
      identity=zeros(np.uint32, texts, 2),
      dataset=zeros(np.int32, pairs),
      objective=zeros(np.int32, pairs),
      score=zeros(np.float32, pairs, 1 + self.negatives),
      group=zeros(np.uint32, pairs, 2),
      target=zeros(np.float32, texts, self.target_width),
    )

  def _texts(self, side: int) -> int:
    """Texts a shard that a side encodes."""
    return len(self.side_columns[side]) * self.pairs

  def _shape(self, side: int, rung: int) -> Shape:
    """R and L, of which a rung says one."""
    if self.packing == "padded":
      return self._texts(side), rung
    return rung, self.max_length

  def _top(self, side: int) -> int:
    """The top rung: one text a row, or padded the longest row."""
    return self.max_length if self.packing == "padded" else self._texts(side)

  def _slots(self, side: int) -> int:
    """What one more row costs a shard, or padded one more slot in all rows."""
    return self._texts(side) if self.packing == "padded" else self.max_length

  @property
  def _multiple(self) -> int:
    """What rungs below the top are multiples of."""
    return _PADDED_MULTIPLE if self.packing == "padded" else 1

  def _fractions(self, side: int) -> tuple[int, ...]:
    """A side's rungs as `ladder` has them."""
    return ladder.fractions(self._top(side), self.ladder, self._multiple)
