"""Laying texts into rows, so that padding is hardly ever computed.

The batch is laid out for `shards` G, a config value and not the device count:
pairs go longest first to the lightest shard, B / G each; each shard packs its
texts best fit decreasing. R, rows a shard, is one number for the whole batch;
see data/ladder.py. Padding, a text a row, is there to compare with.
"""

import heapq
import math
from typing import NamedTuple

import numpy as np

from data import batch
from data import ragged

VERSION = 1


def balance(tokens: np.ndarray, shards: int) -> np.ndarray:
  """Deals pairs to shards, equally many each, tokens about equal.

  Args:
    tokens: [B], real tokens of each pair, its negatives included.
    shards: G, a divisor of B.

  Returns:
    int64 [G, P]: which pairs each shard holds.
  """
  pairs = len(tokens) // shards
  assert pairs * shards == len(tokens), (len(tokens), shards)
  dealt: list[list[int]] = [[] for _ in range(shards)]
  lightest = [(0, shard) for shard in range(shards)]
  for pair in np.argsort(-tokens, kind="stable"):
    weight, shard = heapq.heappop(lightest)
    dealt[shard].append(int(pair))
    if len(dealt[shard]) < pairs:
      heapq.heappush(lightest, (weight + int(tokens[pair]), shard))
  return np.array(dealt, np.int64)


def best_fit(
  lengths: np.ndarray, row_tokens: int
) -> tuple[np.ndarray, np.ndarray, int]:
  """Packs texts best fit decreasing (Johnson 1973).

  Args:
    lengths: [T], tokens of each text, 0 for a text that is not there; none
      above `row_tokens`.
    row_tokens: L, what a row holds.

  Returns:
    row, offset: int64 [T], where each text begins.
    rows: how many rows are in use.
  """
  row = np.zeros(len(lengths), np.int64)
  offset = np.zeros(len(lengths), np.int64)
  open_rows: list[list[int]] = [[] for _ in range(row_tokens + 1)]
  spaces = 0  # bit s is set where a row with s tokens of room is open
  rows = 0
  for text in np.argsort(-lengths, kind="stable"):
    length = int(lengths[text])
    if not length:
      break
    fitting = spaces >> length
    if fitting:
      space = length + (fitting & -fitting).bit_length() - 1
      chosen = open_rows[space].pop()
      if not open_rows[space]:
        spaces ^= 1 << space
    else:
      space, chosen = row_tokens, rows
      rows += 1
    row[text], offset[text] = chosen, row_tokens - space
    open_rows[space - length].append(chosen)
    spaces |= 1 << (space - length)
  return row, offset, rows


class Place(NamedTuple):
  """Where the texts of all shards go."""

  row: np.ndarray  # int64 [G, T]
  offset: np.ndarray  # int64 [G, T]
  needed: tuple[int, int]  # the least R and L that all shards fit in


def pack(lengths: np.ndarray, row_tokens: int) -> Place:
  """Packs each shard's texts into as few rows of one length as it can.

  Args:
    lengths: [G, T], tokens of each text, 0 for one that is not there.
    row_tokens: L.

  Returns:
    Where each text goes.
  """
  placed = [best_fit(shard, row_tokens) for shard in lengths]
  row, offset, rows = zip(*placed, strict=True)
  return Place(np.stack(row), np.stack(offset), (max(rows), row_tokens))


def pad(lengths: np.ndarray, row_tokens: int) -> Place:
  """Gives each text a row of its own: row and place among the texts agree.

  Args:
    lengths: [G, T], tokens of each text, 0 for one that is not there.
    row_tokens: the most that L may be.

  Returns:
    Where each text goes.
  """
  texts, longest = lengths.shape[1], int(lengths.max())
  assert longest <= row_tokens, (longest, row_tokens)
  row = np.broadcast_to(np.arange(texts), lengths.shape)
  return Place(row, np.zeros_like(row), (texts, longest))


PLACE = {"packed": pack, "padded": pad}


def fill(
  ids: np.ndarray,
  lengths: np.ndarray,
  numbers: np.ndarray,
  row: np.ndarray,
  offset: np.ndarray,
  *,
  shape: tuple[int, int],
) -> batch.Packed:
  """Writes texts where they were placed.

  Args:
    ids: int32, the ids of all texts end to end.
    lengths: [..., T], tokens of each text.
    numbers: [T], the number that each text of a shard has.
    row, offset: [..., T], where each begins in its shard.
    shape: R and L.

  Returns:
    The packed texts, [..., R, L].
  """
  shards = lengths.shape[:-1]
  first = np.arange(math.prod(shards)).reshape(*shards, 1) * shape[0]
  start = ((first + row) * shape[1] + offset).ravel()
  numbers = np.broadcast_to(numbers, lengths.shape).ravel()
  lengths = lengths.ravel()
  within = ragged.ramps(lengths)
  at = np.repeat(start, lengths) + within
  packed = batch.Packed(
    *(np.full(math.prod((*shards, *shape)), x, np.int32) for x in (0, -1, 0))
  )
  packed.tokens[at] = ids
  packed.text[at] = np.repeat(numbers, lengths)
  packed.position[at] = within
  return batch.Packed(*(field.reshape(*shards, *shape) for field in packed))
