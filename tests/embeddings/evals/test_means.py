"""Means of what each item has."""

import numpy as np

from embeddings.evals import means


def test_of_all_and_of_a_sample():
  outcome = means.Means({"a": np.array([1.0, 0.0, 0.5, 0.5]), "b": np.ones(4)})
  assert outcome.items == 4
  assert outcome.measure() == {"a": 0.5, "b": 1.0}
  assert outcome.measure(np.array([0, 0, 0, 1])) == {"a": 0.75, "b": 1.0}
