"""Several losses in one step: weighted, each over its own pairs."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from embeddings import partition
from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import scored
from embeddings.losses import sigmoid
from embeddings.losses import terms
from embeddings.losses import triplet
from tests.embeddings.losses import cases
from tests.embeddings.losses import formulas

WORLD = cases.world()
# Pairs of three objectives; nothing is of a fourth.
OBJECTIVE = np.arange(cases.B) % 3
TERMS = (
  terms.Term(
    "in_batch", contrastive.InBatch(scale=5, max_scale=50), 2.0, (0, 2)
  ),
  terms.Term("cosent", scored.CoSent(), 0.5, (1,)),
  terms.Term("sigmoid", sigmoid.Sigmoid(), 1.0, (0,)),
  terms.Term("triplet", triplet.Triplet(), 3.0, (3,)),
)
PARAMS = {
  "encoder/inputs": {"tokens": jnp.ones(2)},
  **terms.learned(TERMS),
}


@jax.jit
def on_one(vectors, params, objective):
  return total(vectors, params, objective, blockwise.ONE_DEVICE)


def total(vectors, params, objective, spread):
  """Value, all that is found, and the gradients."""

  def of(vectors, params):
    pairs = cases.pairs_of(WORLD)._replace(
      vectors=vectors, own=jnp.ones(cases.B, bool)
    )
    found = terms.total(
      TERMS, pairs, objective, params, similarity="cosine", spread=spread
    )
    return found.value, found

  call = jax.value_and_grad(of, argnums=(0, 1), has_aux=True)
  (value, found), gradients = call(vectors, params)
  return value, found, gradients


def run(objective, vectors=WORLD.vectors):
  return jax.device_get(
    on_one(jnp.asarray(vectors, jnp.float32), PARAMS, jnp.asarray(objective))
  )


def wanted(objective):
  """Each loss by its formula, over its own pairs."""
  formula = {
    "in_batch": formulas.InBatch(scale=5),
    "cosent": formulas.Ordered(formulas.cosine_of),
    "sigmoid": formulas.Sigmoid(scale=10, bias=-10),
    "triplet": formulas.Triplet(5.0, formulas.euclidean),
  }
  found = {}
  for term in TERMS:
    own = np.isin(objective, term.objectives)
    world = formulas.World(**{**vars(WORLD), "own": own})
    unit = formulas.unit(WORLD.vectors)
    found[term.name] = (
      formula[term.name](world, unit, {})[0] if own.any() else math.nan
    )
  return found


@pytest.mark.parametrize(
  "objective",
  [OBJECTIVE, OBJECTIVE % 2, 0 * OBJECTIVE + 1, OBJECTIVE + 1],
)
def test_each_is_averaged_over_its_own_pairs_and_weighted(objective):
  value, found, (by_vectors, by_params) = run(objective)
  parts = wanted(objective)
  sum_ = sum(
    term.weight * parts[term.name]
    for term in TERMS
    if not math.isnan(parts[term.name])
  )
  assert value == pytest.approx(sum_, rel=5e-6)
  for name, one in parts.items():
    assert found.details[f"loss/{name}"] == pytest.approx(
      one, rel=5e-6, nan_ok=True
    )
  assert np.isfinite(by_vectors).all()
  assert all(np.isfinite(x).all() for x in jax.tree.leaves(by_params))
  for name in ("in_batch", "sigmoid"):
    there = not math.isnan(parts[name])
    assert bool(by_params[f"loss/{name}"]["log_scale"]) == there
  assert not by_params["encoder/inputs"]["tokens"].any()
  assert found.details["scale/in_batch"] == pytest.approx(5)
  assert found.details["scale/sigmoid"] == pytest.approx(10)


def test_a_batch_of_none_of_them_has_no_loss():
  value, found, (by_vectors, _) = run(0 * OBJECTIVE + 9)
  assert value == 0 and not by_vectors.any()
  assert math.isnan(found.accuracy)
  assert all(math.isnan(found.details[f"loss/{term.name}"]) for term in TERMS)


def test_a_nan_is_not_hidden():
  vectors = WORLD.vectors.copy()
  vectors[0, 1] = math.nan  # a query of the scored pairs
  value, found, _ = run(OBJECTIVE, vectors)
  assert math.isnan(value) and math.isnan(found.details["loss/cosent"])
  # Nor where a loss stands alone.
  pairs = cases.pairs_of(WORLD)._replace(vectors=jnp.asarray(vectors))
  alone = terms.total(
    [terms.Term("cosine", scored.Cosine())],
    pairs,
    jnp.zeros(cases.B, jnp.int32),
    {},
    similarity="cosine",
  )
  assert math.isnan(alone.value) and not alone.details


@pytest.mark.parametrize(
  "exchange", ["ring", pytest.param("gather", marks=pytest.mark.long)]
)
def test_eight_devices_are_one(exchange):
  spread = blockwise.Spread(
    partition.make_mesh(data=4, fsdp=2), exchange, block=2
  )
  given = (jnp.asarray(WORLD.vectors, jnp.float32), PARAMS)
  objective = jnp.asarray(OBJECTIVE)
  on_eight = jax.jit(lambda *given: total(*given, spread))
  one, eight = (
    jax.device_get(call(*given, objective)) for call in (on_one, on_eight)
  )
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6),
    one,
    eight,
  )


def test_what_is_learned_begins_as_it_is_told():
  found = terms.learned(TERMS)
  assert found.keys() == {"loss/in_batch", "loss/sigmoid"}
  assert found["loss/in_batch"]["log_scale"] == pytest.approx(math.log(5))
  assert found["loss/sigmoid"]["bias"] == -10
  assert terms.ceilings(TERMS) == {"loss/in_batch": 50, "loss/sigmoid": 100}
