"""Each family is the same on one device and on eight, however laid out."""

import functools
import math
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from data import layout as layout_lib
from data import tokens
from embeddings import partition
from embeddings import objective as objective_lib
from embeddings import towers
from embeddings.losses import pairs
from tests import conftest
from tests.embeddings import tiny
from tests.embeddings.encoders import families

MESHES = {
  "one device": {"data": 1},
  "data 8": {"data": 8},
  "fsdp 8": {"fsdp": 8},
  "data 4 x tensor 2": {"data": 4, "tensor": 2},
}
TWO = "two towers"
PAIRS = 16
# What the other families have is in one of these; the two towers are ALBERTs.
QUICK = ("modernbert",)


class Found(NamedTuple):
  """What is the same wherever it is computed, on the host."""

  loss: float
  vectors: np.ndarray  # [2, B, E]
  gradient: Any


@functools.cache
def model_of(name):
  """The model's config and its parameters, with the tests' vocabulary."""
  family = "albert" if name == TWO else name
  twins = families.make(family, 2, vocab_size=400)
  encoder = twins.config.replace(dropout=0.1, attention_dropout=0.1)
  if name != TWO:
    return towers.ModelConfig(encoder), twins.params
  config = towers.ModelConfig(
    encoder, towers="two", projection=towers.Projection(20)
  )
  new = jax.jit(towers.Model(config).init)(jax.random.key(0))
  return config, tiny.noisy(new)  # so that the towers differ


@pytest.fixture(scope="module")
def run(tokenizer_folder):
  """Takes loss, vectors and gradient on a mesh."""
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=24)
  texts = [list(pair) for pair in conftest.pairs(PAIRS)]

  def run(name, mesh_name):
    config, params = model_of(name)
    axes = MESHES[mesh_name]
    devices = jax.devices()[: math.prod(axes.values())]
    mesh = partition.make_mesh(devices=devices, **axes)
    model = towers.Model(config, mesh)
    layout = layout_lib.Layout(
      size=PAIRS, max_length=24, pack_shards=8, sides=len(config.sides)
    )
    batch = tiny.batch(texts, tokenizer, layout)

    def objective(params, batch):
      key = jax.random.key(2)
      found = tiny.objective(model, mesh=mesh)(params, batch, key)
      vectors = objective_lib.vectors_of(model, params, batch, key)
      return found.value, pairs.pairs_of(vectors, batch).vectors

    places = partition.shard_state(params, mesh)
    spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
    whole = partition.replicated(mesh)
    value_and_gradient = jax.jit(
      jax.value_and_grad(objective, has_aux=True),
      in_shardings=(places, spread),
      out_shardings=((whole, whole), places),
    )
    found = value_and_gradient(params, partition.put_batch(batch, mesh))
    (loss, vectors), gradient = jax.device_get(found)
    return Found(float(loss), vectors, gradient)

  return run


@pytest.mark.parametrize(
  "name",
  [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.long)
    for name in (*families.FAMILIES, TWO)
  ],
)
def test_eight_devices_are_one(run, name):
  wanted = run(name, "one device")
  assert wanted.vectors.shape[:2] == (2, PAIRS)
  leaves = jax.tree.leaves(wanted.gradient)
  norm = np.sqrt(sum(np.square(x).sum() for x in leaves))
  assert norm > 0.1 and all(np.any(leaf) for leaf in leaves)
  for mesh_name in list(MESHES)[1:]:
    found = run(name, mesh_name)
    assert found.loss == pytest.approx(wanted.loss, rel=1e-6), mesh_name
    np.testing.assert_allclose(
      found.vectors, wanted.vectors, rtol=0, atol=1e-6, err_msg=mesh_name
    )
    jax.tree.map(
      functools.partial(
        np.testing.assert_allclose,
        rtol=1e-4,
        atol=1e-6 * norm,
        err_msg=mesh_name,
      ),
      found.gradient,
      wanted.gradient,
    )
