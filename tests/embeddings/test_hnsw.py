"""A graph finds nearly all of what an exact search finds."""

import subprocess
import sys

import numpy as np
import pytest

from data import program
from embeddings import hnsw
from embeddings import topk
from embeddings import vector_store


def clustered(count, width=16, clusters=50):
  """Unit vectors around so many points, as texts of so many topics have."""
  random = np.random.default_rng(0)
  points = random.normal(size=(clusters, width))
  near = points[random.integers(clusters, size=count)]
  vectors = near + 0.5 * random.normal(size=(count, width))
  return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("f")


def test_it_finds_nearly_all(tmp_path):
  vectors = clustered(5_200)
  queries, documents = vectors[:200], vectors[200:].astype("float16")
  store = vector_store.create(tmp_path / "v", 5_000, 16, "float16", 1_000)
  store.write(0, documents)
  size = hnsw.build(tmp_path, "a1", store, links=16, ef_construction=80)
  assert size == (tmp_path / "faiss" / "a1.hnsw").stat().st_size
  graph = hnsw.read(tmp_path, "a1")
  assert len(graph) == 5_000
  scores, found = graph.search(queries, 10)
  best, wanted = topk.search(queries, documents, 10)
  alike = (found[:, :, None] == wanted[:, None]).any(axis=2)
  assert alike.mean() >= 0.95
  assert (scores <= best + 1e-6).all() and (np.diff(scores) <= 0).all()
  every = np.take_along_axis(queries @ documents.T.astype("f"), found, 1)
  np.testing.assert_allclose(scores, every, atol=1e-5)
  # More candidates never find less, on average.
  _, few = graph.search(queries, 10, ef=10)
  assert alike.mean() >= (few[:, :, None] == wanted[:, None]).any(2).mean()


def test_of_equal_scores_the_earlier_document_is_first(tmp_path):
  documents = np.repeat(np.eye(4, dtype="f"), 3, axis=0)
  hnsw.build(tmp_path, "a1", documents, links=8)
  _, found = hnsw.read(tmp_path, "a1").search(np.eye(4, dtype="f"), 3)
  np.testing.assert_array_equal(found, np.arange(12).reshape(4, 3))


def test_a_file_that_is_no_graph_is_named(tmp_path):
  hnsw.build(tmp_path, "a1", clustered(50), links=4)
  (tmp_path / "faiss" / "a1.hnsw").write_bytes(b"x" * 100)
  with pytest.raises(program.BadInput, match="cannot be read.*--build_hnsw"):
    hnsw.read(tmp_path, "a1")


@pytest.mark.parametrize("wrong", [{"links": 1}, {"ef_construction": 0}])
def test_numbers_that_make_no_graph_are_named(tmp_path, wrong):
  with pytest.raises(program.BadInput, match="wanted at least 2 and 1"):
    hnsw.build(tmp_path, "a1", clustered(50), **wrong)


def test_without_faiss_it_says_what_to_install(tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, "faiss", None)
  with pytest.raises(program.BadInput, match="-r requirements-faiss.txt"):
    hnsw.build(tmp_path, "a1", clustered(50))


def test_faiss_may_be_imported_before_jax():
  # Both bring threads of their own; the tests above have the other order.
  code = """
import faiss
import jax, numpy as np
x = np.random.default_rng(0).normal(size=(2000, 32)).astype("f")
graph = faiss.IndexHNSWFlat(32, 8, faiss.METRIC_INNER_PRODUCT)
product = jax.jit(lambda a: a @ a.T)
for _ in range(3):
  scores = np.asarray(product(x))
  graph.add(x)
  graph.search(x[:100], 5)
print(graph.ntotal, scores.shape)
"""
  ended = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
  )
  assert (ended.returncode, ended.stdout) == (0, "6000 (2000, 2000)\n"), ended
