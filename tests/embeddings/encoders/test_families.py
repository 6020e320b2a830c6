"""Each family's encoder is transformers', whether rows are packed or padded."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import transformers

from data import program
from embeddings import towers
from embeddings import weights
from embeddings.encoders import inputs
from embeddings.encoders.names import table
from tests.embeddings import tiny
from tests.embeddings.encoders import families

LENGTHS = (7, 40, 1, 12, 25, 3, 8)
# By the number of layers; issue 3 wants 1e-5 a layer and 1e-4 a stack. Hidden
# states are up to 4, and no family's but ModernBERT's, 1.5e-5, are off by 4e-6.
TOLERANCE = {1: 1e-5, families.LAYERS: 4e-5}
# The shape of each parameter of the table's models, by path.
GOLDEN = json.loads(
  (pathlib.Path(__file__).parent / "parameters.json").read_text("utf-8")
)

every_family = pytest.mark.parametrize("family", families.FAMILIES)


def test_the_tables_hold_every_family():
  assert set(families.FAMILIES) == set(table.FAMILIES) == set(GOLDEN)


@every_family
@pytest.mark.parametrize("layers", TOLERANCE)
def test_hidden_states_are_transformers(family, layers):
  twins = families.twins(family, layers)
  families.assert_is_torch(twins, families.texts(LENGTHS), TOLERANCE[layers])


@pytest.mark.parametrize(
  ("family", "changes"),
  [
    ("roberta", {"first_position": 1}),
    ("modernbert", {"local_attention": 10}),
    ("modernbert", {"global_every": 2}),
    ("modernbert", {"rotary_base": 10_000.0}),
    ("modernbert", {"local_rotary_base": 160_000.0}),
    ("modernbert", {"norm_eps": 1e-3}),
    ("albert", {"activation": "gelu"}),
  ],
)
def test_what_families_differ_in_shows(family, changes):
  # So that the test above would tell.
  twins = families.twins(family)
  packed = families.pad(families.texts(LENGTHS))
  other = twins._replace(config=twins.config.replace(**changes))
  if family == "roberta":  # has one row less
    module = "encoder/inputs"
    positions = twins.params[module]["positions"][:-1]
    other = other._replace(
      params={
        **twins.params,
        module: {**twins.params[module], "positions": positions},
      }
    )
  apart = families.hidden(twins, packed) - families.hidden(other, packed)
  assert np.abs(apart[packed.text >= 0]).max() > 5 * max(TOLERANCE.values())


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "mpnet"])
def test_a_padding_token_within_a_text_is_not_counted(family):
  twins = families.twins(family)
  assert twins.torch.config.pad_token_id == 1
  texts = families.texts(LENGTHS)
  for text, places in ((0, 3), (1, [5, 6, 20]), (3, 0), (4, [0, 24]), (5, -1)):
    texts[text][places] = 1
  families.assert_is_torch(twins, texts, TOLERANCE[families.LAYERS])


@every_family
def test_import_then_export_gives_the_same_tensors(family):
  twins = families.twins(family)
  wanted = families.tensors(twins.torch)
  exported = weights.tensors_of(twins.params, twins.config)
  assert not exported.keys() & twins.carried.keys()
  assert all(name.startswith("pooler.") for name in twins.carried)
  found = exported | twins.carried
  assert found.keys() == wanted.keys()
  for name, tensor in wanted.items():
    assert found[name].dtype == tensor.dtype, name
    np.testing.assert_array_equal(found[name], tensor, err_msg=name)


HEADS = (
  transformers.AutoModelForMaskedLM,
  transformers.AutoModelForSequenceClassification,
  transformers.AutoModelForTokenClassification,
  transformers.AutoModelForQuestionAnswering,
)


@every_family
def test_a_head_on_top_is_left_behind(family):
  config = families.torch_config(family)
  bare = families.twins(family)
  for auto in HEADS:
    model = auto.from_config(config)
    model.base_model.load_state_dict(bare.torch.state_dict(), strict=False)
    tensors = families.tensors(model)
    assert not tensors.keys() & families.tensors(bare.torch).keys()
    found = weights.params_of(tensors, bare.config)
    jax.tree.map(np.testing.assert_array_equal, found.params, bare.params)


@every_family
def test_a_tensor_too_many_or_too_few_is_named(family):
  twins = families.twins(family)
  tensors = families.tensors(twins.torch)
  needed = sorted(tensors.keys() - twins.carried.keys())
  with pytest.raises(program.BadInput, match="have extra.weight and"):
    weights.params_of(
      {**tensors, "extra.weight": np.zeros(3, "f")}, twins.config
    )
  for name in needed:
    fewer = {key: value for key, value in tensors.items() if key != name}
    with pytest.raises(program.BadInput, match=f"have no {name};"):
      weights.params_of(fewer, twins.config)


@every_family
def test_parameter_paths_and_shapes_are_as_they_were(family):
  twins = families.twins(family)
  model = towers.Model(towers.ModelConfig(twins.config))
  new = jax.eval_shape(model.init, jax.random.key(0))
  for params in (twins.params, new):
    found = {
      f"{module}/{name}": list(value.shape)
      for module, values in params.items()
      for name, value in values.items()
    }
    assert found == GOLDEN[family]


# Texts that have no token in common.
_APART = (7, 20, 1, 12, 5, 3, 8)


def texts_apart():
  """Texts none of whose tokens is another text's, or twice in its own."""
  ids = np.random.default_rng(1).permutation(
    np.arange(4, families.VOCABULARY, dtype=np.int32)
  )
  return np.split(ids[: sum(_APART)], np.cumsum(_APART)[:-1])


@every_family
def test_a_text_depends_on_nothing_beside_it(family):
  twins, texts, chosen = families.twins(family), texts_apart(), 4
  packed = families.pack(texts)
  (row,) = np.unique(np.nonzero(packed.text == chosen)[0])
  assert len(np.unique(packed.text[row])) > 2  # others and padding share it

  def score(tokens):
    entry = {**twins.params["encoder/inputs"], "tokens": tokens}
    params = {**twins.params, "encoder/inputs": entry}
    states = tiny.hidden(twins.config, params, inputs.Rows(*packed))
    weights = jnp.sin(jnp.arange(states.size)).reshape(states.shape)
    own = (packed.text == chosen)[..., None]
    return jnp.where(own, states * weights, 0).sum()

  gradient = np.asarray(
    jax.jit(jax.grad(score))(twins.params["encoder/inputs"]["tokens"])
  )
  depends = np.abs(gradient).max(1) > 0
  np.testing.assert_array_equal(np.flatnonzero(depends), np.sort(texts[chosen]))


@every_family
def test_what_stands_in_padding_changes_nothing(family):
  twins = families.twins(family)
  packed = families.pack(families.texts(LENGTHS))
  empty = packed.text < 0
  first = families.hidden(twins, packed)
  for token in (1, 2, families.VOCABULARY - 1):
    other = packed._replace(
      tokens=np.where(empty, token, packed.tokens),
      position=np.where(empty, 11, packed.position),
    )
    states = families.hidden(twins, other)
    np.testing.assert_array_equal(states[~empty], first[~empty])
    assert np.isfinite(states).all()


@every_family
def test_one_shape_is_traced_once(family):
  twins = families.twins(family, 1)
  traces = []

  @jax.jit
  def encode(params, rows):
    traces.append(rows.tokens.shape)
    return tiny.hidden(twins.config, params, rows)

  for seed, lay in ((0, families.pad), (0, families.pack), (1, families.pack)):
    lengths = np.random.default_rng(seed).permutation(LENGTHS)
    packed = lay(families.texts(lengths, seed))
    encode(twins.params, inputs.Rows(*packed))
  assert traces == [(len(LENGTHS), families.LENGTH)]
