"""The encoder is transformers' BertModel, whether rows are packed or padded."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import transformers

from data import program
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from tests.embeddings import tiny

LENGTH = 20
LENGTHS = (7, 20, 1, 12, 5, 3, 8)


@pytest.fixture(scope="module")
def texts():
  """Token ids that no two texts share; 0, the padding's, is in none."""
  ids = np.random.default_rng(1).permutation(np.arange(1, 70))[: sum(LENGTHS)]
  return np.split(ids.astype(np.int32), np.cumsum(LENGTHS)[:-1])


@pytest.fixture(scope="module")
def make_torch():
  """Makes a BertModel in which every weight is random, and its twin."""

  def make(activation):
    torch.manual_seed(0)
    settings = transformers.BertConfig(
      vocab_size=70,
      hidden_size=24,
      num_hidden_layers=3,
      num_attention_heads=4,
      intermediate_size=40,
      max_position_embeddings=LENGTH,
      hidden_act=activation,
      layer_norm_eps=1e-5,
    )
    bert = transformers.BertModel(settings, add_pooling_layer=False).eval()
    for name, weight in bert.named_parameters():
      scale = 0.1 if "LayerNorm" in name else 0.3
      weight.data += scale * torch.randn(weight.shape)
    config = config_lib.EncoderConfig(
      vocab_size=70,
      width=24,
      layers=3,
      heads=4,
      mlp_width=40,
      max_positions=LENGTH,
      activation=activation,
      norm_eps=1e-5,
    )
    tensors = {name: w.numpy() for name, w in bert.state_dict().items()}
    return bert, config, weights.params_of(tensors, config).params

  return make


@pytest.fixture(scope="module")
def twins(make_torch):
  return make_torch("gelu")


def by_text(states, packed):
  """Hidden states text by text, [n, D] each."""
  return [states[packed.text == number] for number in range(len(LENGTHS))]


def wanted(bert, texts):
  """transformers' hidden states text by text, padded in one batch."""
  padded = tiny.pad(texts, LENGTH)
  with torch.no_grad():
    found = bert(
      input_ids=torch.from_numpy(padded.tokens.astype(np.int64)),
      attention_mask=torch.from_numpy((padded.text >= 0).astype(np.int64)),
    )
  return by_text(found.last_hidden_state.numpy(), padded)


@pytest.mark.parametrize("lay", [tiny.pad, tiny.pack])
@pytest.mark.parametrize("activation", config_lib.ACTIVATIONS)
def test_hidden_states_are_transformers(make_torch, texts, activation, lay):
  bert, config, params = make_torch(activation)
  packed = lay(texts, LENGTH)
  states = np.asarray(tiny.hidden(config, params, inputs.Rows(*packed)))
  assert states.dtype == np.float32
  assert np.isfinite(states).all()
  for ours, theirs in zip(
    by_text(states, packed), wanted(bert, texts), strict=True
  ):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6)


def test_the_activations_differ(make_torch, texts):
  # So that the test above tells them apart.
  rows = inputs.Rows(*tiny.pad(texts, LENGTH))
  _, config, params = make_torch("gelu")
  found = [
    np.asarray(tiny.hidden(config.replace(activation=name), params, rows))
    for name in config_lib.ACTIVATIONS
  ]
  apart = {
    name: np.abs(states - found[0]).max()
    for name, states in zip(config_lib.ACTIVATIONS, found, strict=True)
  }
  assert apart["gelu_new"] == apart["gelu_pytorch_tanh"] > 1e-4
  assert min(apart["relu"], apart["silu"]) > 1e-2


def test_a_text_depends_on_nothing_beside_it(twins, texts):
  _, config, params = twins
  packed = tiny.pack(texts, LENGTH)
  chosen = 4
  (row,) = np.unique(np.nonzero(packed.text == chosen)[0])
  assert len(np.unique(packed.text[row])) > 2  # others and padding share it

  def score(table):
    changed = {**params, "encoder/inputs": {**params["encoder/inputs"]}}
    changed["encoder/inputs"]["tokens"] = table
    states = tiny.hidden(config, changed, inputs.Rows(*packed))
    weights = jnp.sin(jnp.arange(states.size)).reshape(states.shape)
    own = (packed.text == chosen)[..., None]
    return jnp.where(own, states * weights, 0).sum()

  gradient = jax.jit(jax.grad(score))(
    jnp.asarray(params["encoder/inputs"]["tokens"])
  )
  depends = np.abs(np.asarray(gradient)).max(1) > 0
  np.testing.assert_array_equal(np.flatnonzero(depends), np.sort(texts[chosen]))


def test_what_stands_in_padding_changes_nothing(twins, texts):
  _, config, params = twins
  packed = tiny.pack(texts, LENGTH)
  empty = packed.text < 0
  assert empty.any()
  other = packed._replace(
    tokens=np.where(empty, 69, packed.tokens),
    position=np.where(empty, 11, packed.position),
  )
  one, two = (
    np.asarray(tiny.hidden(config, params, inputs.Rows(*rows)))
    for rows in (packed, other)
  )
  np.testing.assert_array_equal(one[~empty], two[~empty])
  assert np.isfinite(two).all()


def test_parameter_paths_are_as_they_were():
  params = tiny.params()
  shapes = {
    module: {name: value.shape for name, value in values.items()}
    for module, values in params.items()
  }
  square = {"w": (2, 16, 16), "b": (2, 16)}
  norm = {"scale": (2, 16), "offset": (2, 16)}
  assert shapes == {
    "encoder/inputs": {
      "tokens": (400, 16),
      "positions": (64, 16),
      "types": (2, 16),
    },
    "encoder/inputs/norm": {"scale": (16,), "offset": (16,)},
    "encoder/layers/attention/query": square,
    "encoder/layers/attention/key": square,
    "encoder/layers/attention/value": square,
    "encoder/layers/attention/output": square,
    "encoder/layers/attention_norm": norm,
    "encoder/layers/up": {"w": (2, 16, 32), "b": (2, 32)},
    "encoder/layers/down": {"w": (2, 32, 16), "b": (2, 16)},
    "encoder/layers/mlp_norm": norm,
  }


def test_new_layers_differ_and_have_the_range_asked_for():
  for module, values in tiny.params().items():
    if "w" in values:
      first, second = np.asarray(values["w"])
      assert np.abs(first - second).max() > 0.1, module
      # A normal distribution cut at twice its deviation has 0.88 of it.
      assert 0.23 < np.std(values["w"]) < 0.30, module
      assert not np.any(values["b"])


def test_bfloat16_computes_close_and_keeps_float32_parameters(twins, texts):
  _, config, params = twins
  rows = inputs.Rows(*tiny.pack(texts, LENGTH))
  exact = np.asarray(tiny.hidden(config, params, rows))
  coarse = tiny.hidden(config, params, rows, dtype="bfloat16")
  assert coarse.dtype == jnp.bfloat16
  error = np.abs(np.asarray(coarse, np.float32) - exact)[rows.text >= 0]
  # Hidden states are about 1, and bfloat16 has 8 bits.
  assert 1e-3 < error.max() < 0.06
  assert error.mean() < 0.012
  model = tiny.towers.Model(
    tiny.towers.ModelConfig(tiny.encoder_config(), dtype="bfloat16")
  )
  leaves = jax.tree.leaves(jax.eval_shape(model.init, jax.random.key(0)))
  assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}


def row_keys(seed, rows):
  return jax.random.split(jax.random.key(seed), rows)


@pytest.mark.parametrize("kind", ["dropout", "attention_dropout"])
def test_dropout_depends_on_the_rows_key_alone(twins, texts, kind):
  _, config, params = twins
  rows = inputs.Rows(*tiny.pad(texts, LENGTH))
  real = np.asarray(rows.text) >= 0
  dropping = config.replace(**{kind: 0.3})

  def states(keys, chosen=slice(None)):
    part = inputs.Rows(*(field[chosen] for field in rows))
    return np.asarray(tiny.hidden(dropping, params, part, keys))

  keys = row_keys(0, len(texts))
  whole = states(keys)
  np.testing.assert_array_equal(states(keys), whole)
  # A chunk of rows draws what the whole would.
  np.testing.assert_allclose(
    states(keys[2:5], slice(2, 5))[real[2:5]], whole[2:5][real[2:5]], atol=1e-5
  )
  other = np.abs(states(row_keys(1, len(texts))) - whole).max(2)
  assert (other[real] > 1e-3).mean() > 0.9
  plain = np.asarray(tiny.hidden(config, params, rows))
  np.testing.assert_array_equal(states(None), plain)
  assert (np.abs(whole - plain).max(2)[real] > 1e-3).mean() > 0.9


def test_equal_rows_with_other_keys_draw_otherwise(twins):
  _, config, params = twins
  text = np.arange(1, LENGTH + 1, dtype=np.int32)
  rows = inputs.Rows(*tiny.pad([text] * len(LENGTHS), LENGTH))
  dropping = config.replace(dropout=0.3)
  states = tiny.hidden(dropping, params, rows, row_keys(0, len(LENGTHS)))
  apart = np.abs(np.asarray(states[1:] - states[:1]))
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
