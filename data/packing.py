"""Laying texts into rows, so that padding is hardly ever computed.

The batch is laid out for `shards` G, a config value and not the device count:
pairs go longest first to the lightest shard, B / G each; each shard packs its
texts best fit decreasing. R, rows a shard, is one number for the whole batch,
from a short ladder whose top rung holds one text a row.
"""

import heapq
import math
from collections.abc import Sequence

import numpy as np

from data import batch

VERSION = 1


def ladder(texts: int, fractions: Sequence[float]) -> tuple[int, ...]:
  """Row counts that a shard of `texts` texts may take, largest first.

  >>> ladder(64, (0.5, 0.25))
  (64, 32, 16)
  """
  rungs = {max(math.ceil(texts * fraction), 1) for fraction in fractions}
  return tuple(sorted(rungs | {texts}, reverse=True))


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


def pack(
  shards: Sequence[Sequence[np.ndarray]],
  numbers: np.ndarray,
  *,
  row_tokens: int,
  rungs: Sequence[int],
) -> batch.Packed:
  """Lays each shard's texts into rows.

  Args:
    shards: G lists of token arrays (an empty one is a text not there), all of
      the same count.
    numbers: [texts], the number that each text of a list has in its shard.
    row_tokens: L.
    rungs: the row counts to choose from; the least that all shards fit in is
      taken.

  Returns:
    The packed texts, [G, R, L].
  """
  lengths = [np.array([len(text) for text in texts]) for texts in shards]
  placed = [best_fit(shard, row_tokens) for shard in lengths]
  most = max(rows for _, _, rows in placed)
  rows = min(rung for rung in rungs if rung >= most)
  filled = [
    fill(texts, numbers, row, offset, rows=rows, row_tokens=row_tokens)
    for texts, (row, offset, _) in zip(shards, placed, strict=True)
  ]
  return batch.Packed(*(np.stack(field) for field in zip(*filled, strict=True)))


def fill(
  texts: Sequence[np.ndarray],
  numbers: np.ndarray,
  row: np.ndarray,
  offset: np.ndarray,
  *,
  rows: int,
  row_tokens: int,
) -> batch.Packed:
  """Writes texts where they were placed.

  Args:
    texts: token arrays.
    numbers: the number of each text.
    row, offset: where each begins, as `best_fit` says.
    rows: R.
    row_tokens: L.

  Returns:
    One shard of packed texts, [R, L].
  """
  lengths = np.array([len(text) for text in texts])
  within = _ramps(lengths)
  at = np.repeat(row * row_tokens + offset, lengths) + within
  tokens = np.zeros(rows * row_tokens, np.int32)
  text = np.full(rows * row_tokens, -1, np.int32)
  position = np.zeros(rows * row_tokens, np.int32)
  tokens[at] = np.concatenate(texts)
  text[at] = np.repeat(numbers, lengths)
  position[at] = within
  shape = (rows, row_tokens)
  return batch.Packed(
    tokens.reshape(shape), text.reshape(shape), position.reshape(shape)
  )


def _ramps(lengths: np.ndarray) -> np.ndarray:
  """0..n-1 for each length n, end to end."""
  ends = np.cumsum(lengths)
  return np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
