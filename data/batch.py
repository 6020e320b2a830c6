"""What a batch is made of, and what the input hands to the model.

Shape letters: G pack shards, R rows a shard, L tokens a row, P = B / G pairs a
shard, M negatives a pair, T = (2 + M) P texts a shard. The texts of a shard
are numbered column by column: its P queries, its P documents, then P first
negatives, and so on; a text that a record does not have is not present. V is
the width of a teacher's vectors, 0 where there is no teacher.
"""

from typing import NamedTuple
from typing import Protocol

import numpy as np


class Tokens(Protocol):
  """The texts of one global batch as token ids, wherever they come from."""

  @property
  def lengths(self) -> np.ndarray:
    """int64 [B, 2 + M], tokens of each text, 0 where there is none."""
    ...

  @property
  def identity(self) -> np.ndarray:
    """uint64 [B, 2 + M], see data/identity.py."""
    ...

  @property
  def score(self) -> np.ndarray:
    """float32 [B, 1 + M], 0 where the record has none."""
    ...

  @property
  def group(self) -> np.ndarray:
    """uint64 [B], 0 where the record is of no group."""
    ...

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of some texts.

    Args:
      pair, column: [N], which texts; they may be asked for in any order, and
        ones that are not there have no ids.

    Returns:
      int32, end to end in the order asked.
    """
    ...

  def vectors(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The teacher's vectors of some texts.

    Args:
      pair, column: [N], which texts; ones that are not there may be asked for.

    Returns:
      float32 [N, V], zeros where there is none.
    """
    ...


class Packed(NamedTuple):
  """Texts laid end to end in rows; a text is contiguous within one row."""

  tokens: np.ndarray  # int32 [G, R, L], 0 in padding
  text: np.ndarray  # int32 [G, R, L], the text's number; -1 in padding
  position: np.ndarray  # int32 [G, R, L], counted from 0 in each text


class Batch(NamedTuple):
  """One global batch, or some of its pack shards."""

  sides: tuple[Packed, ...]  # 1: one shared encoder; 2: query, document
  present: np.ndarray  # bool [G, T]
  identity: np.ndarray  # uint32 [G, T, 2], a 64-bit hash in two words
  dataset: np.ndarray  # int32 [G, P], index into the mixture
  objective: np.ndarray  # int32 [G, P], index into the run's objectives
  score: np.ndarray  # float32 [G, P, 1 + M], 0 where the record has none
  group: np.ndarray  # uint32 [G, P, 2], as `identity`; (0, 0) for none
  target: np.ndarray  # float32 [G, T, V], of a teacher; 0 where there is none
