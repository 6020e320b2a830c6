"""The nearest documents are those of a full sort, however many blocks."""

import numpy as np
import pytest

from embeddings import topk


@pytest.mark.parametrize("block", [1, 7, 64, 100, 8_192])
@pytest.mark.parametrize("k", [1, 10])
def test_it_is_a_full_sort(block, k):
  random = np.random.default_rng(0)
  queries = random.normal(size=(13, 6)).astype("f")
  documents = random.normal(size=(100, 6)).astype("f")
  scores, found = topk.search(queries, documents, k, block=block)
  every = queries.astype(float) @ documents.T.astype(float)
  wanted = np.argsort(-every, axis=1)[:, :k]
  np.testing.assert_array_equal(found, wanted)
  assert found.dtype == np.int64 and scores.dtype == np.float32
  np.testing.assert_allclose(
    scores, np.take_along_axis(every, wanted, 1), rtol=1e-5, atol=1e-6
  )


def test_products_are_in_float32_on_every_device():
  vectors = np.ones((2, 3), np.float32)
  program = topk._top.lower(vectors, vectors, k=1).as_text()
  (product,) = [line for line in program.splitlines() if "dot_general" in line]
  assert "precision = [HIGHEST, HIGHEST]" in product


@pytest.mark.parametrize("block", [2, 3, 8])
def test_of_equal_scores_the_earlier_document_is_first(block):
  documents = np.array([[1], [2], [1], [2], [0], [2]], np.float32)
  _, found = topk.search(np.ones((1, 1), np.float32), documents, 5, block=block)
  assert found.tolist() == [[1, 3, 5, 0, 2]]


def test_fewer_documents_than_asked_for():
  documents = np.array([[-1.0], [-2.0]], np.float32)
  scores, found = topk.search(np.ones((3, 1), np.float32), documents, 10)
  assert found.tolist() == [[0, 1]] * 3
  assert scores.tolist() == [[-1, -2]] * 3
  _, none = topk.search(np.ones((3, 1), np.float32), documents[:0], 10)
  assert none.shape == (3, 0)
