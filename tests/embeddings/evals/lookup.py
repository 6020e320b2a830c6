"""Vectors of texts by a table, for us and for sentence-transformers alike."""

from typing import NamedTuple

import numpy as np
import torch


class Lookup(NamedTuple):
  """Gives the vectors that texts have here."""

  vectors: dict[str, np.ndarray]

  def __call__(self, texts, side):
    """As our evaluations want it."""
    assert side in ("", "query", "document")
    return np.stack([self.vectors[text] for text in texts])

  def encode(self, texts, *, convert_to_tensor=False, **_):
    """As a SentenceTransformer has it."""
    found = self(texts, "")
    return torch.from_numpy(found) if convert_to_tensor else found

  encode_query = encode_document = encode


def lookup(texts, *, seed, ties=True):
  """Vectors for texts.

  With ties, all but a third of them are small whole numbers whose lengths are
  so, too: similarities that are equal are so to the last bit, in whatever order
  they are summed up. Some are zero, and some are the same.
  """
  random = np.random.default_rng(seed)
  vectors = {}
  for text in texts:
    kind = random.integers(6) if ties else 5
    vector = np.zeros(4)
    if kind < 2:
      vector[random.integers(4)] = random.choice([-2, -1, 1, 2])
    elif kind < 4:
      vector[:] = random.choice([-1, 1], 4)
    elif kind == 5:
      vector[:] = random.normal(size=4)
    vectors[text] = vector.astype(np.float32)
  return Lookup(vectors)
