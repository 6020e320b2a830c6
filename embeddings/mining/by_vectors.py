"""Ranking by the dot products of vectors on disk, a block at a time."""

import numpy as np

from embeddings import topk
from embeddings import vector_store

ROWS = 4_096  # read at once where single ones are wanted

Vectors = np.ndarray | vector_store.VectorStore  # [N, E]


class ByVectors:
  """Ranks by the dot product.

  Args:
    queries: [Q, E].
    documents: [N, E].
    block: documents scored at once.
  """

  def __init__(
    self, queries: Vectors, documents: Vectors, *, block: int = 8_192
  ):
    self._queries, self._documents = queries, documents
    self._block = block

  def nearest(
    self, queries: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """See ranking.Ranking."""
    vectors = rows_of(self._queries, queries)
    return topk.search(vectors, self._documents, k, block=self._block)

  def scores(self, queries: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """See ranking.Ranking."""
    found = np.zeros(len(queries), np.float32)
    for first in range(0, len(queries), ROWS):
      part = slice(first, first + ROWS)
      found[part] = np.einsum(
        "ne,ne->n",
        rows_of(self._queries, queries[part]),
        rows_of(self._documents, documents[part]),
      )
    return found


def rows_of(vectors: Vectors, numbers: np.ndarray) -> np.ndarray:
  """Some of many vectors.

  Args:
    vectors: [N, E].
    numbers: int64 [n], in any order.

  Returns:
    float32 [n, E]; only stretches that hold one of them are read.
  """
  found = np.zeros((len(numbers), vectors.shape[1]), np.float32)
  order = np.argsort(numbers, kind="stable")
  wanted = numbers[order]
  cuts = np.flatnonzero(np.diff(wanted // ROWS)) + 1
  for own, places in zip(
    np.split(wanted, cuts), np.split(order, cuts), strict=True
  ):
    if len(own):
      first = int(own[0])
      found[places] = vectors[first : int(own[-1]) + 1][own - first]
  return found
