"""Texts that are the same are encoded once."""

import numpy as np

from embeddings.evals import distinct


def test_each_text_once_and_all_in_order():
  given = []

  def encode(texts, side):
    given.append((list(texts), side))
    return [[len(text), 0] for text in texts]

  found = distinct.vectors(encode, ["one", "three", "one", "six"], "query")
  assert given == [(["one", "three", "six"], "query")]
  assert found.dtype == np.float32
  assert found.tolist() == [[3, 0], [5, 0], [3, 0], [3, 0]]
