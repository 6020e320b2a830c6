"""Depth costs no compile time, and what is computed again is the same."""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import batch as batch_lib
from embeddings import towers
from embeddings.encoders import transformer
from tests.embeddings.encoders import families

LENGTHS = (7, 40, 1, 12, 25, 3, 8)

every_family = pytest.mark.parametrize("family", families.FAMILIES)


def objective(config, remat="none"):
  """A number that depends on each vector, from parameters and packed texts."""
  model = towers.Model(towers.ModelConfig(config, remat=remat))

  def loss(params, packed, key):
    vectors = model.embed(params, packed, len(LENGTHS), key)
    weights = jnp.sin(jnp.arange(vectors.size)).reshape(vectors.shape)
    return (vectors * weights).sum()

  return jax.jit(jax.value_and_grad(loss)), model


def packed_texts():
  """Texts packed in one shard, [1, R, L]."""
  packed = families.pack(families.texts(LENGTHS))
  return batch_lib.Packed(*(field[None] for field in packed))


def lowered(config, remat="none"):
  """Value and gradient before they are compiled."""
  value_and_gradient, model = objective(config, remat)
  key = jax.random.key(0)
  shapes = jax.eval_shape(model.init, key)
  return value_and_gradient.lower(shapes, packed_texts(), key)


@every_family
def test_deep_models_are_as_many_instructions(family):
  # On a CPU stacks of 12 layers and fewer are compiled layer by layer.
  config = families.twins(family).config.replace(dropout=0.1)
  assert config.layers != 13
  shallow, deep = (
    lowered(config.replace(layers=layers)).as_text().count("\n")
    for layers in (13, 24)
  )
  assert shallow == deep > 300


@pytest.mark.long
@every_family
def test_deep_models_compile_as_fast(family):
  config = families.twins(family).config
  config = config.replace(width=256, mlp_width=1024, input_width=0)

  def seconds(layers):
    start = time.perf_counter()
    lowered(config.replace(layers=layers)).compile()
    return time.perf_counter() - start

  seconds(6)
  taken = [(seconds(6), seconds(24)) for _ in range(3)]
  shallow, deep = map(statistics.median, zip(*taken, strict=True))
  assert deep < 1.5 * shallow, taken


def test_remat_is_what_its_name_says():
  config = families.twins("bert").config
  products = {
    remat: lowered(config, remat).as_text().count("dot_general")
    for remat in transformer.REMATS
  }
  # Six with parameters and two of attention: once forward, twice backward.
  again = {"none": 0, "dots": 2, "full": 6 + 2}
  assert products == {remat: 3 * 8 + more for remat, more in again.items()}


@pytest.mark.parametrize(
  "family",
  [
    "modernbert",
    pytest.param("mpnet", marks=pytest.mark.long),
    pytest.param("albert", marks=pytest.mark.long),
  ],
)
def test_what_is_computed_again_is_the_same(family):
  twins = families.twins(family)
  config = twins.config.replace(dropout=0.2, attention_dropout=0.2)
  found = {}
  for remat in transformer.REMATS:
    value_and_gradient, _ = objective(config, remat)
    found[remat] = value_and_gradient(
      twins.params, packed_texts(), jax.random.key(1)
    )
  wanted, gradient = found.pop("none")
  norm = np.sqrt(sum(np.square(x).sum() for x in jax.tree.leaves(gradient)))
  for value, other in found.values():
    assert float(value) == pytest.approx(float(wanted), abs=5e-6)
    jax.tree.map(
      lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=2e-6 * norm),
      gradient,
      other,
    )
