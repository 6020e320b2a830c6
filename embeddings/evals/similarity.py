"""How alike two vectors are, larger for more alike."""

from collections.abc import Callable

import numpy as np


def comparable(
  vectors: np.ndarray,  # [N, E]
  similarity: str,
) -> np.ndarray:  # float32 [N, E]
  """Vectors whose dot products are the similarity, "cosine" or "dot"."""
  vectors = np.asarray(vectors, np.float32)
  if similarity == "dot":
    return vectors
  assert similarity == "cosine", similarity
  return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  """The cosine of vectors in pairs, [N, E] and [N, E] to [N]."""
  return dot(comparable(one, "cosine"), comparable(other, "cosine"))


def dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  """The dot product of vectors in pairs, [N, E] and [N, E] to [N]."""
  return np.einsum("ne,ne->n", one, other)


def euclidean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  """The Euclidean distance of vectors in pairs, negated."""
  return -np.linalg.norm(one - other, axis=1)


def manhattan(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  """The sum of absolute differences of vectors in pairs, negated."""
  return -np.abs(one - other).sum(axis=1)


OF_PAIRS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
  "cosine": cosine,
  "dot": dot,
  "euclidean": euclidean,
  "manhattan": manhattan,
}
