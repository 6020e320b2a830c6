"""What config.json says is read, written, or refused by name."""

import json

import jax
import numpy as np
import pytest
import torch
import transformers

from data import program
from embeddings import towers
from embeddings import weights
from embeddings.encoders.names import table
from tests.embeddings.encoders import families

every_family = pytest.mark.parametrize("family", families.FAMILIES)


def read(family, **changes):
  """Our config of the table's model with another config.json."""
  content = {**families.content(families.torch_config(family)), **changes}
  kept = {key: value for key, value in content.items() if value is not None}
  return table.FAMILIES[family].encoder(kept, "here/it")


def loaded(content, folder):
  """transformers' config of a config.json."""
  (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
  return transformers.AutoConfig.from_pretrained(folder)


def shapes_of(tensors):
  """The shape of each tensor."""
  return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@every_family
def test_what_is_written_is_read(family):
  config = read(family)
  one = table.FAMILIES[family]
  assert one.encoder(one.content(config), "here/it") == config
  # Dropout is written, and not read: it is a choice of training.
  dropping = config.replace(dropout=0.1, attention_dropout=0.2)
  assert 0.2 in one.content(dropping).values()
  assert one.encoder(one.content(dropping), "here/it") == config


@every_family
def test_what_is_written_is_transformers_too(family, tmp_path):
  config = read(family).replace(layers=7, mlp_width=44, norm_eps=1e-3)
  if family == "distilbert":
    config = config.replace(norm_eps=1e-12)  # of all of them
  if family == "modernbert":
    config = config.replace(
      global_every=2, local_attention=6, rotary_base=99.0, local_rotary_base=9.0
    )
  one = table.FAMILIES[family]
  theirs = loaded(one.content(config), tmp_path)
  assert one.encoder(families.content(theirs), "here/it") == config
  with torch.device("meta"):
    model = transformers.AutoModel.from_config(theirs)
  assert type(model).__name__ == one.architecture
  # So `missing` is all that transformers looks for beside our parameters.
  ours = towers.Model(towers.ModelConfig(config))
  params = jax.tree.map(
    lambda shape: np.zeros(shape.shape, shape.dtype),
    jax.eval_shape(ours.init, jax.random.key(0)),
  )
  tensors = weights.tensors_of(params, config) | weights.placeholders(config)
  assert shapes_of(tensors) == shapes_of(model.state_dict())


@every_family
def test_a_key_that_is_missing_is_named(family):
  for field, key in table.FAMILIES[family].keys.items():
    if field in ("dropout", "attention_dropout"):
      read(family, **{key: None})
    elif not key.endswith(("_rope_theta", "_every_n_layers")):
      with pytest.raises(program.BadInput, match=f"here/it has no '{key}'"):
        read(family, **{key: None})


@pytest.mark.parametrize(
  ("family", "changes", "message"),
  [
    ("bert", {"position_embedding_type": "relative_key"}, "'relative_key'"),
    ("albert", {"position_embedding_type": "relative_key"}, "'relative_key'"),
    ("bert", {"is_decoder": True}, "is_decoder=True; wanted False"),
    ("bert", {"hidden_act": "swish"}, "'swish'"),
    ("bert", {"num_attention_heads": 5}, "width 24 cannot have 5 heads"),
    ("roberta", {"is_decoder": True}, "is_decoder=True; wanted False"),
    ("roberta", {"pad_token_id": 0}, "pad_token_id=0; wanted 1"),
    ("xlm-roberta", {"is_decoder": True}, "is_decoder=True; wanted False"),
    ("mpnet", {"relative_attention_num_buckets": 64}, "=64; wanted 32"),
    ("albert", {"num_hidden_groups": 2}, "num_hidden_groups=2; wanted 1"),
    ("albert", {"inner_group_num": 2}, "inner_group_num=2; wanted 1"),
    ("modernbert", {"attention_bias": True}, "attention_bias=True; wanted"),
    ("modernbert", {"mlp_bias": True}, "mlp_bias=True; wanted"),
    ("modernbert", {"norm_bias": True}, "norm_bias=True; wanted"),
  ],
)
def test_what_is_not_done_here_is_named(family, changes, message):
  with pytest.raises(program.BadInput, match=message):
    read(family, **changes)


FULL, LOCAL = "full_attention", "sliding_attention"


@pytest.mark.parametrize(
  "kinds",
  [
    [FULL, LOCAL, FULL, LOCAL, LOCAL],
    [LOCAL, LOCAL, FULL, LOCAL, LOCAL],
    [FULL, LOCAL, LOCAL, LOCAL, FULL, FULL],
    [LOCAL] * 5,
    [FULL, LOCAL, LOCAL, "chunked_attention", LOCAL],
  ],
)
def test_modernberts_layers_of_no_pattern_are_named(kinds):
  with pytest.raises(program.BadInput, match="has layer_types .*equal dist"):
    read("modernbert", layer_types=kinds)


@pytest.mark.parametrize(
  ("kinds", "every"),
  [
    ([FULL] * 5, 1),
    ([FULL, LOCAL, FULL, LOCAL, FULL], 2),
    ([FULL, LOCAL, LOCAL, FULL, LOCAL], 3),
    ([FULL, LOCAL, LOCAL, LOCAL, LOCAL], 5),
  ],
)
def test_modernberts_layers_of_a_pattern_are_read(kinds, every):
  assert read("modernbert", layer_types=kinds).global_every == every


@pytest.mark.parametrize("kind", [FULL, LOCAL])
def test_modernberts_other_waves_are_named(kind):
  default = {"rope_type": "default", "rope_theta": 10_000.0}
  rope = {FULL: default, LOCAL: default}
  read("modernbert", rope_parameters=rope)
  rope[kind] = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 10_000.0}
  with pytest.raises(program.BadInput, match=f"rope_type 'yarn' for {kind}"):
    read("modernbert", rope_parameters=rope)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_modernberts_old_and_new_words_say_the_same(every):
  old = read(
    "modernbert",
    layer_types=None,
    rope_parameters=None,
    global_attn_every_n_layers=every,
    global_rope_theta=80_000.0,
    local_rope_theta=5_000.0,
  )
  new = read(
    "modernbert",
    layer_types=[LOCAL if i % every else FULL for i in range(families.LAYERS)],
    rope_parameters={
      FULL: {"rope_type": "default", "rope_theta": 80_000.0},
      LOCAL: {"rope_type": "default", "rope_theta": 5_000.0},
    },
  )
  assert old == new
  assert (old.global_every, old.rotary_base) == (every, 80_000.0)
  assert old.local_rotary_base == 5_000.0
  # What neither says is what the first models had.
  plain = read("modernbert", layer_types=None, rope_parameters=None)
  assert plain == read("modernbert")
