"""What finds the documents that are near queries, and says how near."""

from typing import Protocol

import numpy as np


class Ranking(Protocol):
  """Queries and documents by number, and a score of each pair of them."""

  def nearest(
    self, queries: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """The documents with the largest scores.

    Args:
      queries: int64 [Q], each once.
      k: how many; all of them if there are fewer.

    Returns:
      scores: float32 [Q, k], largest first.
      found: int64 [Q, k]; -1 where no further document has anything to do with
        the query. The earlier document comes first where scores tie.
    """
    ...

  def scores(self, queries: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """The score of each query with one document: int64 [n] twice to [n]."""
    ...
