"""An objective is its model's vectors, its teacher's, and its losses."""

import functools

import jax
import numpy as np
import pytest

from data import layout as layout_lib
from data import tokens
from embeddings import objective as objective_lib
from embeddings import parameter_groups
from embeddings.losses import distillation
from embeddings.losses import terms
from tests import conftest
from tests.embeddings import tiny

PAIRS = 16
vectors_of = jax.jit(objective_lib.vectors_of, static_argnums=(0, 4))


@pytest.fixture(scope="module")
def lay(tokenizer_folder):
  """Lays pairs, some with a hard negative, out in a batch."""
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)
  texts = [list(pair) for pair in conftest.pairs(PAIRS)]
  for i in range(0, PAIRS, 3):
    texts[i].append(conftest.pairs(60)[40 + i][1])

  @functools.cache
  def lay(sides=1):
    layout = layout_lib.Layout(
      size=PAIRS,
      max_length=32,
      pack_shards=2,
      ladder=(0.6,),
      negatives=1,
      sides=sides,
    )
    return tiny.batch(texts, tokenizer, layout)

  return lay


def by_text(vectors, batch):
  """The vectors of the texts that there are, by the texts' identities."""
  there = np.asarray(batch.present)
  identities = map(tuple, batch.identity[there])
  return dict(zip(identities, np.asarray(vectors)[there], strict=True))


def test_a_shared_model_reads_a_batch_of_two_sides(lay):
  # As a teacher with one tower does beside a model with two.
  params = tiny.noisy(tiny.params())
  one, two = (
    by_text(vectors_of(tiny.model(), params, lay(sides), None), lay(sides))
    for sides in (1, 2)
  )
  assert len(lay(1).sides) == 1 and len(lay(2).sides) == 2
  assert one.keys() == two.keys() and len(one) > 2 * PAIRS
  for identity, vector in one.items():
    np.testing.assert_allclose(two[identity], vector, atol=2e-6)


DISTILLING = (
  terms.Term("margin_mse", distillation.MarginMse("vectors")),
  terms.Term("kl", distillation.Divergence("vectors"), weight=0.5),
  terms.Term("vector_mse", distillation.VectorMse()),
)


def test_a_teacher_alongside_is_its_vectors_in_the_batch(lay):
  params, model = tiny.noisy(tiny.params()), tiny.model()
  teacher = tiny.noisy(tiny.params(), seed=1)
  batch = lay()
  target = np.asarray(vectors_of(model, teacher, batch, None))
  alone = objective_lib.Objective(model, DISTILLING)
  beside = alone.replace(teacher=model)
  wanted = jax.jit(alone)(params, batch._replace(target=target))

  def value(params, teacher):
    return beside(params, batch, None, teacher).value

  gradient = jax.jit(jax.value_and_grad(value, argnums=(0, 1)))
  found, (moves, stays) = gradient(params, teacher)
  np.testing.assert_allclose(found, wanted.value, rtol=1e-5)
  assert all(term > 1e-4 for term in wanted.details.values())
  # The teacher does not learn.
  assert all(np.any(x) for x in jax.tree.leaves(moves["encoder/inputs"]))
  assert not any(np.any(x) for x in jax.tree.leaves(stays))


def test_what_is_frozen_has_no_gradient(lay):
  groups = parameter_groups.parse("encoder/inputs=0")
  objective = tiny.objective(freeze=groups.freeze)
  params = tiny.noisy(tiny.params())
  gradient = jax.jit(jax.grad(lambda p: objective(p, lay()).value))(params)
  moved = {name: np.any(jax.tree.leaves(x)[0]) for name, x in gradient.items()}
  assert {name for name, any_ in moved.items() if not any_} == {
    name for name in params if name.startswith("encoder/inputs")
  }
