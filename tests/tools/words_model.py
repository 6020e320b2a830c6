"""A model that needs no training: a random vector a word, summed up."""

import hashlib
from collections.abc import Sequence

import numpy as np

WORDS = (
  "read",
  "write",
  "sort",
  "merge",
  "split",
  "count",
  "find",
  "drop",
  "file",
  "list",
  "table",
  "string",
  "tree",
  "graph",
  "matrix",
  "date",
)


def encode(texts: Sequence[str], side: str = "") -> np.ndarray:
  """The vectors of texts, float32 [N, 16]; each side's lie elsewhere."""
  shift = {"": 0.0, "query": 0.5, "document": -0.5}[side]
  vectors = [
    sum((_word(word) for word in text.split()), _NONE) for text in texts
  ]
  return np.array(vectors, np.float32) + np.float32(shift)


def sentences(count: int, seed: int) -> list[str]:
  """Distinct texts of a few words each."""
  random = np.random.default_rng(seed)
  return [
    " ".join([*random.choice(WORDS, random.integers(2, 6)), f"n{seed}_{i}"])
    for i in range(count)
  ]


_NONE = np.zeros(16)


def _word(word: str) -> np.ndarray:
  """The vector of a word."""
  seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
  return np.random.default_rng(seed).standard_normal(16)
