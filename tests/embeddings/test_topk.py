"""The nearest documents are those of a full sort, however they are found."""

import itertools

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st

from data import program
from embeddings import topk
from embeddings import vector_store


def wanted(queries, documents, k):
  """Scores and numbers by a full sort; of equals the earlier one first."""
  every = queries.astype(float) @ documents.T.astype(float)
  order = np.argsort(-every, axis=1, kind="stable")[:, :k]
  return np.take_along_axis(every, order, 1), order


def by_devices(queries, documents, k, *, block, query_block, devices):
  """The search as devices do it that are no CPUs."""
  blocks = topk._blocks(documents, block, devices)
  return topk._picked_by_devices(queries, blocks, k, query_block, None)


def whole(seed, *shape, most=4):
  """Vectors of small whole numbers: their products are exact, and many tie."""
  random = np.random.default_rng(seed)
  return random.integers(-most, most + 1, shape).astype("f")


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
  st.integers(1, 40),
  st.integers(1, 400),
  st.sampled_from([1, 3, 10, 100]),
  st.sampled_from([1, 7, 64, 100, 200, 8_192]),
  st.sampled_from([1, 8, 64]),
  st.sampled_from([1, 8]),
  st.integers(0, 99),
)
def test_it_is_a_full_sort(queries, count, k, block, query_block, spread, seed):
  asked, documents = whole(seed, queries, 3), whole(seed + 1, count, 3)
  # Too small a block takes long, not more.
  block = max(block, count // 20)
  scores, found = topk.search(
    asked,
    documents,
    k,
    block=block,
    query_block=query_block,
    devices=jax.devices()[:spread],
  )
  best, order = wanted(asked, documents, k)
  np.testing.assert_array_equal(found, order)
  np.testing.assert_array_equal(scores, best)
  assert found.dtype == np.int64 and scores.dtype == np.float32


@pytest.mark.parametrize(
  ("block", "k", "spread"), [(64, 10, 1), (64, 100, 3), (500, 10, 2)]
)
def test_other_devices_find_the_same(block, k, spread):
  queries, documents = whole(0, 13, 3), whole(1, 500, 3)
  scores, found = by_devices(
    queries,
    documents,
    k,
    block=block,
    query_block=8,
    devices=jax.devices()[:spread],
  )
  best, order = wanted(queries, documents, k)
  np.testing.assert_array_equal(found, order)
  np.testing.assert_array_equal(scores, best)
  assert found.dtype == np.int64 and scores.dtype == np.float32


@pytest.mark.parametrize("order", [1, -1])
def test_documents_that_come_in_order_of_their_score(order):
  documents = np.arange(1_000, dtype="f")[::order, None]
  _, found = topk.search(np.ones((2, 1), "f"), documents, 20, block=128)
  best = np.argsort(-documents[:, 0])[:20]
  np.testing.assert_array_equal(found, [best, best])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_documents_on_disk_or_on_devices_are_found_alike(dtype, tmp_path):
  queries, documents = whole(0, 9, 8), whole(1, 300, 8).astype(dtype)
  store = vector_store.create(tmp_path / "v", 300, 8, dtype, 70)
  store.write(0, documents)
  blocks = list(topk._blocks(documents, 100, jax.devices()[:2]))
  results = [
    topk.search(queries, given, 12, block=100)
    for given in (documents, store, topk.Placed((300, 8), blocks))
  ]
  for one, other in itertools.pairwise(results):
    np.testing.assert_array_equal(one, other)
  np.testing.assert_array_equal(
    results[0][1], wanted(queries, documents, 12)[1]
  )


def test_on_a_cpu_documents_are_where_they_are_searched():
  documents = whole(0, 3, 3)
  assert topk.place(documents) is documents


@pytest.mark.parametrize("recall", [0.7, 0.95])
def test_approximate_finds_the_share_asked_for(recall):
  random = np.random.default_rng(0)
  queries = random.normal(size=(50, 16)).astype("f")
  documents = random.normal(size=(5_000, 16)).astype("f")
  scores, found = topk.search(
    queries, documents, 10, block=2_048, how="approximate", recall=recall
  )
  _, order = wanted(queries, documents, 10)
  shares = [len({*a} & {*b}) / 10 for a, b in zip(found, order, strict=True)]
  assert np.mean(shares) >= recall
  assert (np.diff(scores) <= 0).all()
  every = np.take_along_axis(queries @ documents.T, found, 1)
  np.testing.assert_allclose(scores, every, rtol=1e-4)


@pytest.mark.parametrize("how", ["_scored", "_kept"])
def test_products_are_in_float32_on_every_device(how):
  vectors, count = np.ones((64, 3), np.float16), np.int32(64)
  if how == "_scored":
    lowered = topk._scored.lower(vectors, vectors, count)
  else:
    lists = np.ones((64, 1), "f"), np.ones((64, 1), np.int32)
    lowered = topk._kept.lower(
      *lists, vectors, vectors, count, count, recall=0.5
    )
    assert "ApproxTopK" in lowered.as_text()
  lines = lowered.as_text().splitlines()
  products = [line for line in lines if "dot_general" in line]
  assert len(products) == 1
  assert "precision = [HIGHEST, HIGHEST]" in products[0]
  assert "f16" not in products[0]


def test_a_block_of_scores_is_all_there_is():
  lowered = topk._scored.lower(
    np.ones((64, 3), "f"), np.ones((128, 3), "f"), None
  )
  (shape, tops) = jax.tree.leaves(lowered.out_info)
  assert (shape.shape, tops.shape) == ((64, 128), (64, 4))
  asked = []

  class Counted:
    """Documents that note how many were asked for at once."""

    shape = (1_000, 3)

    def read(self, start, stop):
      asked.append((start, stop))
      return np.ones((stop - start, 3), "f")

  topk.search(np.ones((5, 3), "f"), Counted(), 3, block=300, query_block=2)
  assert asked == [(0, 300), (300, 600), (600, 900), (900, 1_000)]


def test_fewer_documents_than_asked_for():
  documents = np.array([[-1.0], [-2.0]], np.float32)
  scores, found = topk.search(np.ones((3, 1), np.float32), documents, 10)
  assert found.tolist() == [[0, 1]] * 3
  assert scores.tolist() == [[-1, -2]] * 3
  for queries, given in ((3, 0), (0, 2)):
    _, none = topk.search(np.ones((queries, 1), "f"), documents[:given], 10)
    assert none.shape == (queries, given)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("how", topk.HOW)
def test_vectors_that_are_not_finite_are_named(value, how):
  documents = np.ones((100, 2), "f")
  documents[70, 1] = value
  with pytest.raises(program.BadInput, match="a vector that is not finite"):
    topk.search(np.ones((3, 2), "f"), documents, 5, block=64, how=how)


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"how": "hnsw"}, "no how='hnsw'.* exact or approximate"),
    ({"recall": 1.5}, "recall is 1.5"),
    ({"queries": np.ones((1, 5), "f")}, "have 5 numbers and documents 3"),
  ],
)
def test_wrong_input_is_named(change, message):
  given = {"queries": np.ones((1, 3), "f"), **change}
  with pytest.raises(program.BadInput, match=message):
    topk.search(documents=np.ones((2, 3), "f"), k=1, **given)
