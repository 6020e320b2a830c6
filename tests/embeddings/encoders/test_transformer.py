"""Activations, dtypes and dropout of the encoder; see test_families too."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from data import batch as batch_lib
from data import program
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from tests.embeddings import tiny
from tests.embeddings.encoders import families

LENGTHS = (7, 40, 1, 12, 25, 3, 8)

every_family = pytest.mark.parametrize("family", families.FAMILIES)


@pytest.fixture(scope="module")
def texts():
  return families.texts(LENGTHS)


@pytest.fixture(scope="module")
def twins():
  return families.twins("bert")


def with_config(twins, **changes):
  """The same parameters in an encoder that is another one by `changes`."""
  return twins._replace(config=twins.config.replace(**changes))


@pytest.mark.parametrize("activation", config_lib.ACTIVATIONS)
def test_activations_are_transformers(texts, activation):
  twins = families.make("bert", 3, hidden_act=activation)
  families.assert_is_torch(twins, texts, 5e-6)


def test_the_activations_differ(twins, texts):
  # So that the test above tells them apart.
  packed = families.pad(texts)
  found = {
    name: families.hidden(with_config(twins, activation=name), packed)
    for name in config_lib.ACTIVATIONS
  }
  apart = {
    name: np.abs(states - found["gelu"]).max() for name, states in found.items()
  }
  assert apart["gelu_new"] == apart["gelu_pytorch_tanh"] > 1e-4
  assert min(apart["relu"], apart["silu"]) > 1e-2


def test_new_layers_differ_and_have_the_range_asked_for():
  for module, values in tiny.params().items():
    if "w" in values:
      first, second = np.asarray(values["w"])
      assert np.abs(first - second).max() > 0.1, module
      # A normal distribution cut at twice its deviation has 0.88 of it.
      assert 0.23 < np.std(values["w"]) < 0.30, module
      assert not np.any(values["b"])


@every_family
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_coarse_dtype_is_no_coarser_than_in_torch(texts, family, dtype):
  twins = families.twins(family)
  packed = families.pack(texts)
  rows = inputs.Rows(*packed)
  coarse = tiny.hidden(twins.config, twins.params, rows, dtype=dtype)
  assert coarse.dtype == jnp.dtype(dtype)
  theirs = copy.deepcopy(twins.torch).to(getattr(torch, dtype))
  exact, ours, theirs = (
    np.concatenate(states)
    for states in (
      families.wanted(twins.torch, texts),
      families.by_text(np.asarray(coarse, np.float32), packed),
      families.wanted(theirs, texts),
    )
  )
  our_error, their_error = (np.abs(x - exact) for x in (ours, theirs))
  assert our_error.mean() < 2 * their_error.mean()
  assert our_error.max() < 2 * their_error.max()
  # Hidden states are about 1; it was indeed computed in few bits.
  assert our_error.max() > jnp.finfo(dtype).eps


def test_parameters_are_float32_whatever_the_dtype():
  model = tiny.towers.Model(
    tiny.towers.ModelConfig(tiny.encoder_config(), dtype="bfloat16")
  )
  leaves = jax.tree.leaves(jax.eval_shape(model.init, jax.random.key(0)))
  assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}


def row_keys(seed, rows):
  return jax.random.split(jax.random.key(seed), rows)


@pytest.mark.parametrize("family", ["bert", "albert", "modernbert"])
@pytest.mark.parametrize("kind", ["dropout", "attention_dropout"])
def test_dropout_depends_on_the_rows_key_alone(texts, family, kind):
  twins = families.twins(family)
  packed = families.pad(texts)
  real = packed.text >= 0
  dropping = with_config(twins, **{kind: 0.3})

  def states(keys, chosen=slice(None)):
    part = batch_lib.Packed(*(field[chosen] for field in packed))
    return families.hidden(dropping, part, keys)

  keys = row_keys(0, len(texts))
  whole = states(keys)
  np.testing.assert_array_equal(states(keys), whole)
  # A chunk of rows draws what the whole would.
  np.testing.assert_allclose(
    states(keys[2:5], slice(2, 5))[real[2:5]], whole[2:5][real[2:5]], atol=1e-5
  )
  other = np.abs(states(row_keys(1, len(texts))) - whole).max(2)
  assert (other[real] > 1e-3).mean() > 0.9
  plain = families.hidden(twins, packed)
  np.testing.assert_array_equal(states(None), plain)
  assert (np.abs(whole - plain).max(2)[real] > 1e-3).mean() > 0.9


def test_equal_rows_with_other_keys_draw_otherwise(twins):
  text = np.arange(1, families.LENGTH + 1, dtype=np.int32)
  packed = families.pad([text] * len(LENGTHS))
  dropping = with_config(twins, dropout=0.3)
  states = families.hidden(dropping, packed, row_keys(0, len(LENGTHS)))
  apart = np.abs(states[1:] - states[:1])
  assert apart.max((1, 2)).min() > 0.1


def test_no_two_places_of_the_network_draw_alike():
  # A network that does nothing but for one large bias: what is left of that
  # after dropout shows in the signs at the end.
  config = tiny.encoder_config(dropout=0.5)
  nothing = jax.tree.map(np.zeros_like, tiny.params())
  for module, values in nothing.items():
    if "scale" in values and module != "encoder/inputs/norm":
      values["scale"] = np.ones_like(values["scale"])
  text = np.arange(1, 65, dtype=np.int32)
  rows = inputs.Rows(*tiny.pad([text] * 4, 64))
  places = [
    ("encoder/inputs/norm", "offset", ()),
    *(("encoder/layers/attention/output", "b", layer) for layer in (0, 1)),
    *(("encoder/layers/down", "b", layer) for layer in (0, 1)),
  ]
  draws = []
  for module, name, layer in places:
    bias = nothing[module][name].copy()
    bias[layer] = 100.0
    params = {**nothing, module: {**nothing[module], name: bias}}
    states = tiny.hidden(config, params, rows, row_keys(0, 4))
    draws.append(np.asarray(states) > 0)
    assert 0.47 < draws[-1].mean() < 0.53
  for i, one in enumerate(draws):
    for two in draws[:i]:
      assert 0.46 < (one == two).mean() < 0.54


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"heads": 5}, "width 16 cannot have 5 heads"),
    ({"activation": "swish"}, "'swish' is not known"),
  ],
)
def test_a_config_that_cannot_be_is_refused(changes, message):
  with pytest.raises(program.BadInput, match=message):
    tiny.encoder_config(**changes)
