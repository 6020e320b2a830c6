"""Texts packed into calls to the devices, of few shapes and little padding.

for call in calls.pack(ids, lengths, longest=256, shards=1):
  vectors = embed(call.packed, call.size)  # [G, T, E]

A device that waits for nothing computes slots, padding or not, and attention
costs a row's length a slot. So texts are packed best fit into rows hardly
longer than they are; what a long one leaves of its row is filled by short ones,
and only what finds no room goes into rows that are shorter. Each length of
rows is another shape, which takes a second or so to compile: rows have the
lengths between powers of two only where there are texts enough.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from data import batch
from data import packing
from data import ragged

# Tokens of one call on one device, padding included. On a CPU what a call
# writes should stay in its cache.
CPU_SLOTS = 2_048
SLOTS = 16_384
SHORT = 64  # the shortest rows
WHOLE = 128  # from here on rows have the lengths that are powers of two
ENOUGH = 8  # calls' worth of tokens that are worth another length


class Call(NamedTuple):
  """Some texts in rows, of which each device takes a shard.

  Attributes:
    members: int64 [G, T], the number of each text of a shard; -1 for none.
    packed: [G, R, L], in which texts have their places in `members`.
  """

  members: np.ndarray
  packed: batch.Packed

  @property
  def size(self) -> int:
    """T, texts that a shard may have."""
    return self.members.shape[1]


class Place(NamedTuple):
  """Where some texts go, each int64 [n]."""

  text: np.ndarray
  row: np.ndarray
  offset: np.ndarray


def slots() -> int:
  """Tokens of one call on one device of the kind that there is."""
  return CPU_SLOTS if jax.default_backend() == "cpu" else SLOTS


def pack(
  ids: np.ndarray, lengths: np.ndarray, *, longest: int, shards: int = 1
) -> Iterator[Call]:
  """Packs texts into calls; those without a token are in none.

  What comes depends on the arguments alone, so that all hosts make the same
  calls.

  Args:
    ids: int32, the ids of all texts end to end.
    lengths: int64 [N], tokens of each.
    longest: the most tokens that one may have.
    shards: G, devices that share a call.

  Yields:
    Calls, those of the longest rows first.
  """
  starts = ragged.starts(lengths)
  rows_of = row_lengths(lengths, longest)
  left = np.flatnonzero(lengths)
  for row_tokens, below in itertools.pairwise([*rows_of, 0]):
    row, offset, _ = packing.best_fit(lengths[left], row_tokens)
    # Rows are opened longest text first: the others hold short texts alone.
    taken = row <= row[lengths[left] > below].max(initial=-1)
    place = Place(left[taken], row[taken], offset[taken])
    for part, per_shard in _cut(place, row_tokens, shards):
      members = part.text
      yield _call(
        ragged.gather(ids, starts[members], lengths[members]),
        lengths[members],
        part,
        shape=(shards, per_shard, row_tokens),
      )
    left = left[~taken]


def row_lengths(lengths: np.ndarray, longest: int) -> list[int]:
  """The lengths of rows that texts of these lengths want, longest first.

  Args:
    lengths: [N], tokens of each text.
    longest: the most tokens that one may have.

  >>> row_lengths(np.array([5, 70, 300]), 512)
  [512, 128]
  >>> row_lengths(np.repeat([30, 90, 150], 2_000), 512)
  [160, 96, 64]
  """
  enough, found = ENOUGH * slots(), []
  waiting, below = 0, 0
  for row_tokens in _steps(longest):
    waiting += int(lengths[(lengths > below) & (lengths <= row_tokens)].sum())
    below = row_tokens
    whole = row_tokens >= WHOLE and row_tokens & (row_tokens - 1) == 0
    if waiting and (whole or row_tokens == longest or waiting >= enough):
      found.append(row_tokens)
      waiting = 0
  return found[::-1]


def _steps(longest: int) -> Iterator[int]:
  """All lengths that rows may have: four or so between powers of two."""
  row_tokens = SHORT
  while row_tokens < longest:
    yield row_tokens
    row_tokens += max(SHORT // 2, (1 << row_tokens.bit_length()) // 8)
  yield longest


def _cut(
  place: Place, row_tokens: int, shards: int
) -> Iterator[tuple[Place, int]]:
  """Cuts rows into calls: the texts of each, and R, the same for all."""
  if not len(place.row):
    return
  rows = int(place.row.max()) + 1
  per_shard = _rows_a_shard(-(-rows // shards), row_tokens)
  per_call = per_shard * shards
  order = np.argsort(place.row, kind="stable")
  place = Place(*(field[order] for field in place))
  bounds = np.searchsorted(place.row, np.arange(0, rows + per_call, per_call))
  for first, (begin, end) in enumerate(itertools.pairwise(bounds)):
    part = Place(*(field[begin:end] for field in place))
    yield part._replace(row=part.row - first * per_call), per_shard


def _rows_a_shard(rows: int, row_tokens: int) -> int:
  """R for so many rows of a shard: one of few numbers, with little to spare."""
  most = max(slots() // row_tokens, 1)
  calls = -(-rows // most)
  even = -(-rows // calls)
  step = max((1 << even.bit_length()) // 8, 1)
  return min(-(-even // step) * step, most)


def _call(
  ids: np.ndarray,
  lengths: np.ndarray,
  place: Place,
  *,
  shape: tuple[int, int, int],
) -> Call:
  """One call of texts whose ids lie end to end; `shape` is G, R and L."""
  shards, per_shard, row_tokens = shape
  # Row by row to one shard after the other, so that none has all the texts.
  shard, row = place.row % shards, place.row // shards
  count = np.bincount(shard, minlength=shards)
  number = np.zeros(len(shard), np.int64)
  order = np.argsort(shard, kind="stable")
  number[order] = ragged.ramps(count)
  # One size for one shape, but for many texts of very few tokens.
  least = max(per_shard * row_tokens // 4, 1)
  size = max(least, 1 << int(count.max() - 1).bit_length())
  members = np.full((shards, size), -1)
  members[shard, number] = place.text
  packed = packing.fill(
    ids,
    lengths,
    number,
    shard * per_shard + row,
    place.offset,
    shape=(shards * per_shard, row_tokens),
  )
  return Call(
    members, batch.Packed(*(field.reshape(shape) for field in packed))
  )
