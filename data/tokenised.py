"""A batch's texts, cut into tokens as they are read."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from data import identity
from data import ragged
from data import tokens


@dataclasses.dataclass(frozen=True)
class Tokenised:
  """What a batch is assembled of; see `batch.Tokens`.

  Attributes:
    flat: int32, the ids of all texts end to end, pair by pair.
    lengths: int64 [B, 2 + M], tokens of each text, 0 where there is none.
    identity: uint64 [B, 2 + M].
    score: float32 [B, 1 + M].
  """

  flat: np.ndarray
  lengths: np.ndarray
  identity: np.ndarray
  score: np.ndarray

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of these texts, end to end in the order asked."""
    start = ragged.starts(self.lengths.ravel()).reshape(self.lengths.shape)
    return ragged.gather(
      self.flat, start[pair, column], self.lengths[pair, column]
    )


def tokenise(
  texts: Sequence[Sequence[str]],
  prompted: Sequence[str],
  score: np.ndarray,
  tokenizer: tokens.Tokenizer,
  there: np.ndarray,
) -> Tokenised:
  """Cuts the texts of a batch into tokens.

  Args:
    texts: B times 2 to 2 + M texts: query, document, negatives; those which
      are there, column by column. They say which texts are the same.
    prompted: the same end to end, as they are cut: with their prompts.
    score: float32 [B, 1 + M].
    tokenizer: cuts texts that are too long.
    there: bool [B, 2 + M], which texts there are.

  Returns:
    Their tokens.
  """
  lengths = np.zeros(there.shape, np.int64)
  flat, lengths[there] = tokenizer.encode_flat(prompted)
  hashes = np.zeros(there.shape, np.uint64)
  hashes[there] = identity.hash_texts(list(itertools.chain(*texts)))
  return Tokenised(flat, lengths, hashes, score)
