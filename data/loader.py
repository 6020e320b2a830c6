"""From a step number to a packed batch, and the grain data set of them.

    mixture -> schedule(step) -> records -> token ids -> shards -> rows

`Batches` maps a step to a `Batch` by random access; `iterate` lets grain run
it in threads, ahead of training. The state of the input is the step alone: a
run that is resumed begins to iterate there.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import grain
import numpy as np

from data import batch as batch_lib
from data import identity
from data import mixture as mixture_lib
from data import packing
from data import permutation
from data import program
from data import schedule
from data import tokens


@dataclasses.dataclass(frozen=True)
class Layout:
  """The fixed shapes of a run's batches.

  Attributes:
    size: B, pairs in a global batch.
    max_length: L, tokens a row, and so the most a text may have.
    pack_shards: G.
    ladder: fractions of one row a text, from which R is chosen.
    negatives: M, at most so many negatives a pair; missing ones take no room.
    sides: 1 for a shared encoder, 2 for a query and a document tower.
  """

  size: int
  max_length: int
  pack_shards: int = 1
  ladder: tuple[float, ...] = ()
  negatives: int = 0
  sides: int = 1

  def __post_init__(self) -> None:
    if self.size < 1 or self.size % self.pack_shards:
      raise program.BadInput(
        f"batch.size is {self.size} and batch.pack_shards {self.pack_shards}; "
        "wanted a positive size that pack_shards divides"
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

  def rungs(self, side: int) -> tuple[int, ...]:
    """The row counts that R is chosen from, largest first."""
    texts = len(self.side_columns[side]) * self.pairs
    return packing.ladder(texts, self.ladder)

  def row_counts(self) -> list[tuple[int, ...]]:
    """Every combination of R over the sides, largest first."""
    sides = range(len(self.side_columns))
    return list(itertools.product(*(self.rungs(side) for side in sides)))

  def zeros(self, rows: Sequence[int]) -> batch_lib.Batch:
    """A batch of this layout with nothing in it and R given for each side."""
    shards, pairs, texts = (
      self.pack_shards,
      self.pairs,
      self.columns * self.pairs,
    )

    def zeros(dtype: type[np.generic], *shape: int) -> np.ndarray:
      return np.broadcast_to(dtype(0), (shards, *shape))

    packed = [[zeros(np.int32, r, self.max_length)] * 3 for r in rows]
    return batch_lib.Batch(
      sides=tuple(batch_lib.Packed(*fields) for fields in packed),
      present=zeros(np.bool_, texts),
      identity=zeros(np.uint32, texts, 2),
      dataset=zeros(np.int32, pairs),
      objective=zeros(np.int32, pairs),
      score=zeros(np.float32, pairs, 1 + self.negatives),
    )


class Batches:
  """The batches of a run, by random access.

  Args:
    mixture: open data sets and weights.
    tokenizer: cuts at most at `layout.max_length`.
    layout: the batches' shapes.
    datasets_per_batch: k, data sets that share a batch.
    seed: of the order.
    steps: how many batches there are.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    tokenizer: tokens.Tokenizer,
    layout: Layout,
    *,
    datasets_per_batch: int,
    seed: int,
    steps: int,
  ):
    self._mixture, self._tokenizer = mixture, tokenizer
    self._layout, self._steps = layout, steps
    self._schedule = schedule.Schedule(
      mixture.names,
      [len(data_set) for data_set in mixture.data_sets],
      mixture.weights,
      batch_size=layout.size,
      datasets_per_batch=datasets_per_batch,
      seed=seed,
    )

  def __len__(self) -> int:
    return self._steps

  def __getitem__(self, index: int) -> batch_lib.Batch:
    data_set, record = self._schedule.batch(index)
    texts, score = self._read(data_set, record)
    return assemble(texts, score, data_set, self._tokenizer, self._layout)

  def fingerprint(self) -> dict[str, Any]:
    """What the order of training depends on beside the config, and its data."""
    return {
      "versions": [permutation.VERSION, schedule.VERSION, packing.VERSION],
      "tokenizer": self._tokenizer.fingerprint,
      "data": {
        data_set.name: {
          "place": place,  # in the mixture, which its order is drawn from
          "weight": weight,
          "records": len(data_set),
          "source": data_set.manifest.source,
          "licence": data_set.manifest.licence,
          "shards": [shard.sha256 for shard in data_set.manifest.shards],
        }
        for place, (data_set, weight) in enumerate(
          zip(self._mixture.data_sets, self._mixture.weights, strict=True)
        )
      },
    }

  def _read(
    self, data_set: np.ndarray, record: np.ndarray
  ) -> tuple[list[list[str]], np.ndarray]:
    """Texts and scores of the records; each data set is read at once."""
    columns, negatives = self._layout.columns, self._layout.negatives
    texts: list[list[str]] = [[]] * len(record)
    score = np.zeros((len(record), 1 + negatives), np.float32)
    for index in np.unique(data_set):
      source = self._mixture.data_sets[index]
      places = np.flatnonzero(data_set == index)
      for place, values in zip(
        places, source.read(record[places].tolist()), strict=True
      ):
        if source.manifest.kind == "scored":
          score[place, 0], values = values[-1], values[:-1]
        texts[place] = list(values[:columns])
    return texts, score


def assemble(
  texts: list[list[str]],
  score: np.ndarray,
  data_set: np.ndarray,
  tokenizer: tokens.Tokenizer,
  layout: Layout,
) -> batch_lib.Batch:
  """Tokens, shards and rows of a batch's texts.

  Args:
    texts: B lists of 2 to 2 + M texts: query, document, negatives.
    score: float32 [B, 1 + M].
    data_set: int32 [B].
    tokenizer: cuts at `layout.max_length`.
    layout: the batch's shapes.

  Returns:
    The batch, its pairs dealt to shards.
  """
  columns = layout.columns
  flat = [text for pair in texts for text in pair]
  owner = np.repeat(np.arange(len(texts)), [len(pair) for pair in texts])
  column = np.concatenate([np.arange(len(pair)) for pair in texts])
  ids = np.empty((len(texts), columns), object)
  ids.fill(np.zeros(0, np.int32))
  for i, j, tokens_of_text in zip(
    owner, column, tokenizer.encode(flat), strict=True
  ):
    ids[i, j] = tokens_of_text
  words = np.zeros((len(texts), columns, 2), np.uint32)
  words[owner, column] = identity.hash_texts(flat)
  lengths = np.vectorize(len, otypes=[np.int64])(ids)

  dealt = packing.balance(lengths.sum(1), layout.pack_shards)  # [G, P]
  # Column by column within a shard: [G, P, 2 + M] becomes [G, T].
  by_column = (layout.pack_shards, columns * layout.pairs)
  sides = tuple(
    _pack_side(ids[dealt], columns_of_side, layout, layout.rungs(side))
    for side, columns_of_side in enumerate(layout.side_columns)
  )
  return batch_lib.Batch(
    sides=sides,
    present=(lengths[dealt] > 0).swapaxes(1, 2).reshape(by_column),
    identity=words[dealt].swapaxes(1, 2).reshape(*by_column, 2),
    dataset=data_set[dealt].astype(np.int32),
    objective=np.zeros(dealt.shape, np.int32),
    score=score[dealt],
  )


def iterate(
  batches: Batches, start: int, *, threads: int, ahead: int
) -> Iterator[batch_lib.Batch]:
  """Batches from step `start` on, read in threads ahead of their use.

  Args:
    batches: the run's batches.
    start: the first step.
    threads: that prepare batches side by side.
    ahead: batches that may wait ready.

  Returns:
    An iterator that ends with the run's last step.
  """
  data_set = grain.MapDataset.source(batches)[start:]
  options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=ahead)
  return iter(data_set.to_iter_dataset(options))


def _pack_side(
  ids: np.ndarray,
  columns: range,
  layout: Layout,
  rungs: tuple[int, ...],
) -> batch_lib.Packed:
  """Packs the texts of some columns; `ids` is [G, P, 2 + M] of arrays."""
  shards = [
    [text for column in columns for text in shard[:, column]] for shard in ids
  ]
  numbers = np.concatenate(
    [np.arange(layout.pairs) + column * layout.pairs for column in columns]
  )
  return packing.pack(
    shards, numbers, row_tokens=layout.max_length, rungs=rungs
  )
