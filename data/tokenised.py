"""A batch's texts, cut into tokens as they are read."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from data import identity
from data import ragged
from data import targets as targets_lib
from data import tokens


@dataclasses.dataclass(frozen=True)
class Tokenised:
  """What a batch is assembled of; see `batch.Tokens`.

  Attributes:
    flat: int32, the ids of all texts end to end, pair by pair.
    lengths: int64 [B, 2 + M], tokens of each text, 0 where there is none.
    identity: uint64 [B, 2 + M].
    score: float32 [B, 1 + M].
    group: uint64 [B], 0 for none.
    targets: the teacher's vectors, if there are any.
  """

  flat: np.ndarray
  lengths: np.ndarray
  identity: np.ndarray
  score: np.ndarray
  group: np.ndarray
  targets: targets_lib.Targets | None = None

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of these texts, end to end in the order asked."""
    start = ragged.starts(self.lengths.ravel()).reshape(self.lengths.shape)
    return ragged.gather(
      self.flat, start[pair, column], self.lengths[pair, column]
    )

  def vectors(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The teacher's vectors of these texts, float32 [N, V]."""
    if self.targets is None:
      return np.zeros((len(pair), 0), np.float32)
    return self.targets.read(pair, column)


def tokenise(
  texts: Sequence[Sequence[str]],
  prompted: Sequence[str],
  score: np.ndarray,
  tokenizer: tokens.Tokenizer,
  there: np.ndarray,
  *,
  group: np.ndarray | None = None,
  targets: targets_lib.Targets | None = None,
) -> Tokenised:
  """Cuts the texts of a batch into tokens.

  Args:
    texts: B times 2 to 2 + M texts: query, document, negatives; those which
      are there, column by column. They say which texts are the same.
    prompted: the same end to end, as they are cut: with their prompts.
    score: float32 [B, 1 + M].
    tokenizer: cuts texts that are too long.
    there: bool [B, 2 + M], which texts there are.
    group: uint64 [B]; no groups if None.
    targets: the teacher's vectors, if there are any.

  Returns:
    Their tokens.
  """
  lengths = np.zeros(there.shape, np.int64)
  flat, lengths[there] = tokenizer.encode_flat(prompted)
  hashes = np.zeros(there.shape, np.uint64)
  hashes[there] = identity.hash_texts(list(itertools.chain(*texts)))
  if group is None:
    group = np.zeros(len(there), np.uint64)
  return Tokenised(flat, lengths, hashes, score, group, targets)
