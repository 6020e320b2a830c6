"""Each measure of a vector space is its paper's, 0 or 1 where it must be."""

import numpy as np
import pytest
from scipy import stats

from data import program
from embeddings.evals import geometry
from tests.embeddings.evals import vectors_by_text


def unit(count, width, shift=0.0, seed=0):
  vectors = np.random.default_rng(seed).normal(size=(count, width)) + shift
  vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
  return vectors.astype(np.float32)


def long_isoscore(variances):
  """IsoScore by the steps 3 to 7 of its paper."""
  n = len(variances)
  normed = np.sqrt(n) * variances / np.linalg.norm(variances)
  defect = np.linalg.norm(normed - 1) / np.sqrt(2 * (n - np.sqrt(n)))
  used = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
  return (n * used - 1) / (n - 1)


def test_formulas():
  vectors, other = unit(50, 6, 0.5), unit(50, 6, seed=1)
  cosines = vectors @ vectors.T
  pairs = cosines[np.triu_indices(50, 1)]
  assert geometry.mean_cosine(vectors) == pytest.approx(pairs.mean(), abs=1e-6)
  wanted = np.mean(np.linalg.norm(vectors - other, axis=1) ** 2)
  assert geometry.alignment(vectors, other) == pytest.approx(wanted, abs=1e-6)
  variances = geometry.variance(vectors)
  singular = np.linalg.svd(vectors - vectors.mean(axis=0))[1]
  np.testing.assert_allclose(variances, singular[::-1] ** 2 / 49, rtol=1e-4)
  rank = np.exp(stats.entropy(singular))
  assert geometry.effective_rank(variances) == pytest.approx(rank, rel=1e-5)
  score = long_isoscore(variances)
  assert geometry.isoscore(variances) == pytest.approx(score, abs=1e-9)
  nearest = np.argsort(-cosines, axis=1)[:, 1:4]
  skewness = stats.skew(np.bincount(nearest.ravel(), minlength=50))
  assert geometry.hubness(nearest) == pytest.approx(skewness)


def test_the_whole_sphere():
  found = geometry.measures(unit(3_000, 8))
  assert found["anisotropy"] == pytest.approx(0, abs=0.01)
  assert found["isoscore"] > 0.95 and found["effective_rank"] > 7.9
  assert found["first_component"] == pytest.approx(1 / 8, abs=0.02)
  assert found["intrinsic_dimension"] == pytest.approx(7, abs=0.5)
  # E exp(4 cos - 4), the cosine being spread as (1 - c^2)^((8 - 3) / 2).
  c = np.linspace(-1, 1, 10_001)
  density = (1 - c**2) ** 2.5
  wanted = np.log((np.exp(4 * c - 4) * density).sum() / density.sum())
  assert found["uniformity"] == pytest.approx(wanted, abs=0.01)


def test_a_narrow_cone_is_anisotropic_until_its_mean_is_taken_off():
  found = geometry.measures(unit(500, 8, shift=10))
  assert found["anisotropy"] > 0.95
  assert abs(found["anisotropy_centred"]) < 0.05
  assert found["uniformity"] > -0.2
  assert found["neighbour_cosine"] > found["anisotropy"]


def test_a_circle_in_many_dimensions_is_of_one():
  turn = np.random.default_rng(0).uniform(0, 2 * np.pi, 2_000)
  vectors = np.zeros((2_000, 9), np.float32)
  vectors[:, 3], vectors[:, 5] = np.cos(turn), np.sin(turn)
  found = geometry.measures(vectors)
  assert found["intrinsic_dimension"] == pytest.approx(1, abs=0.1)
  assert found["effective_rank"] == pytest.approx(2, abs=0.01)
  assert found["isoscore"] == pytest.approx(1 / 8, abs=0.01)


def test_orthogonal_vectors_have_no_two_alike():
  found = geometry.measures(np.eye(12, dtype=np.float32))
  assert found["anisotropy"] == 0
  assert found["neighbour_cosine"] == pytest.approx(0)
  assert found["uniformity"] == pytest.approx(-4)
  assert found["effective_rank"] == pytest.approx(11)


def test_vectors_that_are_all_equal_are_numbers_still():
  found = geometry.measures(unit(1, 5).repeat(30, axis=0))
  assert found["anisotropy"] == pytest.approx(1)
  assert found["neighbour_cosine"] == 1
  assert found["uniformity"] == pytest.approx(0, abs=1e-6)
  assert found["effective_rank"] == found["first_component"] == 1
  assert found["isoscore"] == found["intrinsic_dimension"] == 0


def test_pairs_and_sides(tmp_path):
  rows = [
    {"query": f"q{i}", "positive": [f"p{i}"], "negative": ["n"]}
    for i in range(4)
  ]
  vectors_by_text.write(tmp_path / "test.jsonl", rows)
  task = geometry.read(tmp_path, "test")
  names = [text for text, _ in task.texts]
  assert names == ["q0", "p0", "n", "q1", "p1", "q2", "p2", "q3", "p3"]
  vectors = 3 * unit(9, 5)  # lengths are taken off
  encode = vectors_by_text.Table(names, vectors)
  outcome = task.run(encode, "dot")
  found = outcome.measure()
  assert outcome.items == 0 and task.main in found
  queries, documents = vectors[[0, 3, 5, 7]] / 3, vectors[[1, 4, 6, 8]] / 3
  wanted = geometry.alignment(queries, documents)
  assert found["alignment"] == pytest.approx(wanted, abs=1e-6)
  assert found == pytest.approx(
    geometry.measures(vectors / 3) | {"alignment": wanted}, abs=1e-4
  )
  assert {side: sorted(texts) for texts, side in encode.asked} == {
    "query": ["q0", "q1", "q2", "q3"],
    "document": ["n", "p0", "p1", "p2", "p3"],
  }


def test_so_many_texts_are_spread_over_the_folder(tmp_path, monkeypatch):
  monkeypatch.setattr(geometry, "LIMIT", 4)
  rows = [{"text": f"t{i}"} for i in range(10)]
  vectors_by_text.write(tmp_path / "test.jsonl", rows)
  task = geometry.read(tmp_path, "test")
  assert [text for text, _ in task.texts] == ["t0", "t2", "t5", "t7"]
  vectors_by_text.write(tmp_path / "test.jsonl", rows[:2])
  with pytest.raises(program.BadInput, match="has 2 texts; wanted 3 or more"):
    geometry.read(tmp_path, "test")


def test_there_is_no_sample():
  with pytest.raises(AssertionError):
    geometry.GeometryOutcome({"uniformity": -1.0}).measure(np.array([0]))
