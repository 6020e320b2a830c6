"""The loss and its gradient are those of the formula, duplicates left out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer import losses as theirs

from embeddings import towers
from embeddings.losses import contrastive
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import table

B, E = 6, 5


def plain(vectors, *, scale, symmetric, excluded=(), dropped=()):
  """The loss by its definition, one pair at a time, in float64.

  Args:
    vectors: [2 + M, B, E].
    scale: of similarities.
    symmetric: both directions, averaged.
    excluded: (i, j) where document j is no negative of query i, and the other
      way round.
    dropped: (i, m, j) where hard negative m of pair j is none of query i.
  """
  queries, documents, *negatives = vectors.astype(np.float64)
  total = 0.0
  for i in range(B):
    own = np.exp(scale * queries[i] @ documents[i])
    forward = backward = own
    for j in range(B):
      if j != i and (i, j) not in excluded:
        forward += np.exp(scale * queries[i] @ documents[j])
      if j != i and (j, i) not in excluded:
        backward += np.exp(scale * queries[j] @ documents[i])
      for m, column in enumerate(negatives):
        if (i, m, j) not in dropped:
          forward += np.exp(scale * queries[i] @ column[j])
    one = -np.log(own / forward)
    other = -np.log(own / backward)
    total += (one + other) / 2 if symmetric else one
  return total / B


def slope(function, vectors):
  """A gradient by central differences, in float64."""
  gradient = np.zeros(vectors.shape)
  for at in np.ndindex(vectors.shape):
    step = np.zeros(vectors.shape)
    step[at] = 1e-5
    change = function(vectors + step) - function(vectors - step)
    gradient[at] = change / 2e-5
  return gradient


def make_pairs(negatives=0, seed=0, same=(), absent=()):
  """Pairs whose texts all differ, but for `same` and `absent`.

  Args:
    negatives: M.
    seed: of the vectors, which are never equal (as under dropout).
    same: ((column, pair), (column, pair)) that are the same text.
    absent: (column, pair) that are not there.
  """
  shape = (2 + negatives, B)
  vectors = np.random.default_rng(seed).normal(size=(*shape, E))
  vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
  # Hashes share a word with others; only both make a text.
  numbers = np.arange(np.prod(shape)).reshape(shape)
  identity = np.stack([numbers // 4, numbers % 4 + 9], -1).astype(np.uint32)
  for one, other in same:
    identity[one] = identity[other]
  present = np.ones(shape, bool)
  for place in absent:
    present[place] = False
    identity[place], vectors[place] = 0, 0
  return pairs_lib.Pairs(
    jnp.asarray(vectors, jnp.float32),
    jnp.asarray(identity),
    jnp.asarray(present),
    jnp.zeros((B, 1 + negatives)),
  )


@functools.partial(jax.jit, static_argnames=("scale", "symmetric"))
def value_and_gradient(pairs, scale, symmetric):
  def loss(vectors):
    return contrastive.in_batch(
      pairs._replace(vectors=vectors), scale=scale, symmetric=symmetric
    ).value

  return jax.value_and_grad(loss)(pairs.vectors)


# What is the same text or absent, and what the formula then leaves out.
CASES = {
  "all texts differ": ({}, [], []),
  "d_j = d_i": ({"same": [((1, 4), (1, 2))]}, [(2, 4), (4, 2)], []),
  "q_j = q_i": ({"same": [((0, 5), (0, 0))]}, [(0, 5), (5, 0)], []),
  "d_j = q_i": ({"same": [((1, 3), (0, 1))]}, [(1, 3)], []),
  "d_i = q_i": ({"same": [((1, 3), (0, 3))]}, [], []),
  "three times d": (
    {"same": [((1, 0), (1, 2)), ((1, 5), (1, 2))]},
    [(0, 2), (2, 0), (0, 5), (5, 0), (2, 5), (5, 2)],
    [],
  ),
  "negatives": ({"negatives": 2}, [], []),
  "n = q_i": (
    {"negatives": 2, "same": [((3, 1), (0, 4))]},
    [],
    [(4, 1, 1)],
  ),
  "n = d_i": (
    {"negatives": 2, "same": [((2, 0), (1, 0)), ((3, 3), (1, 5))]},
    [],
    [(0, 0, 0), (5, 1, 3)],
  ),
  "n = d_i = d_j": (
    {"negatives": 1, "same": [((2, 0), (1, 2)), ((1, 3), (1, 2))]},
    [(2, 3), (3, 2)],
    [(2, 0, 0), (3, 0, 0)],
  ),
  "n = n": ({"negatives": 1, "same": [((2, 0), (2, 1))]}, [], []),
  "absent negatives": (
    {"negatives": 2, "absent": [(2, 3), (3, 3), (3, 0)]},
    [],
    [(i, *place) for i in range(B) for place in [(0, 3), (1, 3), (1, 0)]],
  ),
}


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_the_formulas(name, symmetric):
  given, excluded, dropped = CASES[name]
  pairs = make_pairs(**given)
  wanted = functools.partial(
    plain, scale=3.0, symmetric=symmetric, excluded=excluded, dropped=dropped
  )
  value, gradient = value_and_gradient(pairs, 3.0, symmetric)
  vectors = np.asarray(pairs.vectors, np.float64)
  assert float(value) == pytest.approx(wanted(vectors), rel=2e-6)
  np.testing.assert_allclose(
    gradient, slope(wanted, vectors), rtol=1e-4, atol=2e-6
  )
  if excluded or dropped:  # then leaving them in is another loss
    left_in = plain(vectors, scale=3.0, symmetric=symmetric)
    assert abs(left_in - wanted(vectors)) > 1e-4


@pytest.mark.parametrize("loss", sorted(table.LOSSES))
@pytest.mark.parametrize("negatives", [0, 1])
def test_the_order_of_the_batch_changes_nothing(loss, negatives):
  same = [((1, 4), (1, 2)), ((1, 3), (0, 1))]
  absent = [(2, 3)] * negatives
  pairs = make_pairs(negatives, same=same, absent=absent)
  order = np.random.default_rng(1).permutation(B)
  other = jax.tree.map(lambda x: x[:, order], pairs)
  other = other._replace(score=pairs.score[order])

  @jax.jit
  def run(pairs):
    def of(vectors):
      found = table.LOSSES[loss](pairs._replace(vectors=vectors))
      return found.value, found.accuracy

    return jax.value_and_grad(of, has_aux=True)(pairs.vectors)

  (one, accuracy), gradient = run(pairs)
  (two, accuracy_two), gradient_two = run(other)
  assert float(one) == pytest.approx(float(two), rel=1e-6)
  assert accuracy == accuracy_two
  np.testing.assert_allclose(gradient[:, order], gradient_two, atol=2e-6)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("negatives", [0, 1, 3])
def test_it_is_sentence_transformers_loss(negatives, symmetric):
  pairs = make_pairs(negatives, seed=2)
  raw = 3 * np.asarray(pairs.vectors)  # neither side is given length 1

  def ours(raw):
    normal = pairs._replace(vectors=towers.normalise(raw))
    return contrastive.in_batch(normal, symmetric=symmetric).value

  directions = {"directions": ("query_to_doc",)}
  if symmetric:
    directions = {
      "directions": ("query_to_doc", "doc_to_query"),
      "partition_mode": "per_direction",
    }
  columns = [torch.tensor(column, requires_grad=True) for column in raw]
  loss = theirs.MultipleNegativesRankingLoss(torch.nn.Identity(), **directions)
  wanted = loss.compute_loss_from_embeddings(columns, torch.empty(0))
  wanted.backward()
  value, gradient = jax.jit(jax.value_and_grad(ours))(raw)
  assert float(value) == pytest.approx(wanted.item(), rel=1e-5)
  np.testing.assert_allclose(
    gradient, np.stack([column.grad for column in columns]), atol=1e-5
  )


def test_the_accuracy_is_the_share_of_queries_whose_document_is_first():
  pairs = make_pairs(1)
  vectors = np.zeros((3, B, E), np.float32)
  vectors[0], vectors[1] = np.eye(B, E), np.eye(B, E)
  vectors[0, 5] = vectors[1, 5] = [0.6, 0.6, 0, 0, 0]
  vectors[1, 1] = [1, 0, 0, 0, 0]  # query 1 is nearer to document 5
  vectors[2, 0] = [0, 0, 1.1, 0, 0]  # the hard negative beats query 2's
  found = contrastive.in_batch(pairs._replace(vectors=jnp.asarray(vectors)))
  # Query 5 has document 1 at .6, and its own at .72; query 0 ties with itself.
  assert float(found.accuracy) == pytest.approx(4 / 6)


@pytest.mark.parametrize("loss", sorted(table.LOSSES))
def test_products_are_in_float32_on_every_device(loss):
  # A CPU knows no other; what is asked of TPUs and GPUs stands in the program.
  def value(vectors):
    return table.LOSSES[loss](make_pairs(1)._replace(vectors=vectors)).value

  program = jax.jit(jax.grad(value)).lower(make_pairs(1).vectors).as_text()
  products = [line for line in program.splitlines() if "dot_general" in line]
  assert len(products) >= 6  # similarities and both their gradients
  for line in products:
    assert "precision = [HIGHEST, HIGHEST]" in line


def test_large_scales_stay_finite():
  value, gradient = value_and_gradient(make_pairs(1), 1e4, True)
  assert np.isfinite(value) and np.isfinite(gradient).all()
