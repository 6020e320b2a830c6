"""Similarities are never all there at once, and are made in float32."""

import math

import jax
from jax.extend import core
import jax.numpy as jnp
import pytest

from data import program
from embeddings.losses import blockwise
from tests.embeddings.losses import cases

BLOCK = 256


def shapes_of(size, width):
  """Vectors and the rest of a batch of so many pairs, as shapes."""
  pairs = cases.pairs_of(cases.world())

  def of(name, value):
    shape = [size if side == cases.B else side for side in value.shape]
    shape = [*shape[:-1], width] if name == "vectors" else shape
    return jax.ShapeDtypeStruct(tuple(shape), value.dtype)

  found = {name: of(name, value) for name, value in pairs._asdict().items()}
  return found.pop("vectors"), type(pairs)(vectors=None, **found)


def traced(name, size, width=8):
  """The loss and gradient of a case, for so many pairs."""
  case = cases.CASES[name]
  vectors, pairs = shapes_of(size, width)
  learned = dict.fromkeys(dict(case.learned), jnp.float32(1))
  call = cases.compiled(
    case.term, case.similarity, blockwise.Spread(block=BLOCK)
  )
  return call.trace(vectors, learned, pairs)


def sizes_in(jaxpr):
  """How many numbers each array of a program holds."""
  for equation in jaxpr.eqns:
    yield from (math.prod(v.aval.shape) for v in equation.outvars)
    for inner in core.jaxprs_in_params(equation.params):
      yield from sizes_in(inner)


SIMILARITIES = (
  "GTE",
  "all at once",
  "groups",
  "GIST",
  "learned scale",
  "sigmoid",
  "cosent",
)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_no_array_holds_all_similarities(name):
  size = 4_096
  found = set(sizes_in(traced(name, size).jaxpr.jaxpr))
  assert BLOCK * BLOCK in found  # the blocks are seen
  largest = max(found)
  # Vectors, or a block with what is known of its rows and columns.
  assert largest <= max(4 * size * 9, 2 * BLOCK * BLOCK)
  assert largest < size * size / 100


@pytest.mark.parametrize("name", ["in_batch", "cosent"])
def test_memory_grows_as_the_batch(name):
  one, two = (
    traced(name, size).lower().compile().memory_analysis().temp_size_in_bytes
    for size in (4_096, 8_192)
  )
  assert one < 4_096**2 * 4 / 8
  assert two < 2.1 * one


@pytest.mark.parametrize("name", SIMILARITIES)
def test_products_are_in_float32_on_every_device(name):
  # A CPU knows no other; what is asked of TPUs and GPUs stands in the program.
  text = traced(name, cases.B).lower().as_text()
  products = [line for line in text.splitlines() if "dot_general" in line]
  assert len(products) >= 4  # similarities twice, and both their gradients
  for line in products:
    assert "precision = [HIGHEST, HIGHEST]" in line


def test_a_wrong_way_to_spread_is_named():
  for wrong in ({"exchange": "tree"}, {"block": 0}):
    with pytest.raises(program.BadInput, match="wanted one of ring, gather"):
      blockwise.Spread(**wrong)
