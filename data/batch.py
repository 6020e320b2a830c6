"""What the input hands to the model: numpy arrays of fixed shape.

Shape letters: G pack shards, R rows a shard, L tokens a row, P = B / G pairs a
shard, M negatives a pair, T = (2 + M) P texts a shard. The texts of a shard
are numbered column by column: its P queries, its P documents, then P first
negatives, and so on; a text that a record does not have is not present.
"""

from typing import NamedTuple

import numpy as np


class Packed(NamedTuple):
  """Texts laid end to end in rows; a text is contiguous within one row."""

  tokens: np.ndarray  # int32 [G, R, L], 0 in padding
  text: np.ndarray  # int32 [G, R, L], the text's number; -1 in padding
  position: np.ndarray  # int32 [G, R, L], counted from 0 in each text


class Batch(NamedTuple):
  """One global batch."""

  sides: tuple[Packed, ...]  # 1: one shared encoder; 2: query, document
  present: np.ndarray  # bool [G, T]
  identity: np.ndarray  # uint32 [G, T, 2], a 64-bit hash in two words
  dataset: np.ndarray  # int32 [G, P], index into the mixture
  objective: np.ndarray  # int32 [G, P], index into the run's objectives
  score: np.ndarray  # float32 [G, P, 1 + M], 0 where the record has none
