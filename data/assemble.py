"""From the tokens of a batch to its shards and rows.

The lengths of all texts decide where each goes and how many rows there are,
and that takes no ids. So each host asks for the ids of its own shards alone,
and still the hosts' parts cannot disagree.
"""

from collections.abc import Sequence

import numpy as np

from data import batch as batch_lib
from data import identity
from data import layout as layout_lib
from data import packing


def assemble(
  tokens: batch_lib.Tokens,
  data_set: np.ndarray,
  layout: layout_lib.Layout,
  shards: Sequence[int] | None = None,
  objective: np.ndarray | None = None,
) -> batch_lib.Batch:
  """Deals a batch's pairs to shards and lays their texts into rows.

  Args:
    tokens: the texts of the whole batch, none longer than
      `layout.max_length`.
    data_set: int32 [B].
    layout: the batch's shapes.
    shards: which pack shards to fill; all of them if None.
    objective: [data sets], the objective of each; 0 for all if None.

  Returns:
    The batch; its leading axis is these shards, in this order.
  """
  dealt = packing.balance(tokens.lengths.sum(1), layout.pack_shards)
  places = _places(tokens.lengths, dealt, layout)
  shape = layout.least([place.needed for place in places])
  filled = np.arange(len(dealt)) if shards is None else np.array(shards)
  own = dealt[filled]
  pair, column = _texts(own, range(layout.columns))
  of_pair = data_set[own].astype(np.int32)
  target = np.zeros((*pair.shape, layout.target_width), np.float32)
  if layout.target_width:
    target[:] = tokens.vectors(pair.ravel(), column.ravel()).reshape(
      target.shape
    )
  return batch_lib.Batch(
    sides=tuple(
      _lay(tokens, own, columns, place, filled, of_side)
      for columns, place, of_side in zip(
        layout.side_columns, places, shape, strict=True
      )
    ),
    present=tokens.lengths[pair, column] > 0,
    identity=identity.words(tokens.identity[pair, column]),
    dataset=of_pair,
    objective=np.zeros_like(of_pair)
    if objective is None
    else objective[of_pair].astype(np.int32),
    score=tokens.score[own],
    group=identity.words(tokens.group[own]),
    target=target,
  )


def needed(
  lengths: np.ndarray, layout: layout_lib.Layout
) -> tuple[layout_lib.Shape, ...]:
  """The least R and L that each side of a batch fits in.

  Args:
    lengths: [B, 2 + M], tokens of each text.
    layout: its shapes do not count.

  Returns:
    What `Layout.choose` takes a sample of.
  """
  dealt = packing.balance(lengths.sum(1), layout.pack_shards)
  return tuple(place.needed for place in _places(lengths, dealt, layout))


def _places(
  lengths: np.ndarray, dealt: np.ndarray, layout: layout_lib.Layout
) -> list[packing.Place]:
  """Where the texts of each side go, in all shards."""
  place = packing.PLACE[layout.packing]
  return [
    place(lengths[_texts(dealt, columns)], layout.max_length)
    for columns in layout.side_columns
  ]


def _lay(
  tokens: batch_lib.Tokens,
  own: np.ndarray,
  columns: range,
  place: packing.Place,
  filled: np.ndarray,
  shape: layout_lib.Shape,
) -> batch_lib.Packed:
  """The rows of one side in the shards to fill, whose pairs are `own`."""
  pair, column = _texts(own, columns)
  pairs = own.shape[1]
  return packing.fill(
    tokens.ids(pair.ravel(), column.ravel()),
    tokens.lengths[pair, column],
    np.arange(columns.start * pairs, columns.stop * pairs),
    place.row[filled],
    place.offset[filled],
    shape=shape,
  )


def _texts(dealt: np.ndarray, columns: range) -> tuple[np.ndarray, np.ndarray]:
  """Pair and column of each text, [S, texts], column by column in a shard."""
  pair = np.tile(dealt, len(columns))
  column = np.repeat(np.array(columns), dealt.shape[1])
  return pair, np.broadcast_to(column, pair.shape)
