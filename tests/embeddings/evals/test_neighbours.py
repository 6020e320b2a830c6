"""In blocks or at once, all pairs are the same pairs."""

import numpy as np
import pytest
from scipy.spatial import distance

from embeddings.evals import neighbours


def unit(count, width=7):
  vectors = np.random.default_rng(0).normal(size=(count, width))
  vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
  return vectors.astype(np.float32)


@pytest.mark.parametrize("block", [1, 8, 64, 100])
def test_blocks_are_the_whole(monkeypatch, block):
  monkeypatch.setattr(neighbours, "BLOCK", block)
  vectors = unit(64)
  found = neighbours.find(vectors, 5)
  apart = distance.cdist(vectors, vectors)
  np.fill_diagonal(apart, np.inf)
  nearest = apart.argsort(axis=1)[:, :5]
  assert (found.nearest == nearest).all()
  np.testing.assert_allclose(
    found.distances, np.take_along_axis(apart, nearest, axis=1), rtol=1e-6
  )
  pairs = distance.pdist(vectors)
  wanted = np.log(np.exp(-2 * pairs**2).mean())  # Wang & Isola's own line
  assert found.uniformity == pytest.approx(wanted, abs=1e-6)


def test_equal_vectors_are_no_distance_apart():
  vectors = unit(20).repeat(2, axis=0)
  found = neighbours.find(vectors, 1)
  assert (found.nearest[:, 0] == np.arange(40) ^ 1).all()
  assert (found.distances == 0).all()
