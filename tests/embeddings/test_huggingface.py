"""Models come in whole, go out as they came, or are refused by name."""

import json
import shutil

import jax
import numpy as np
import pytest
import torch
import transformers
from safetensors import numpy as safetensors_numpy
from safetensors import torch as safetensors_torch

from data import program
from embeddings import huggingface
from embeddings import weights
from embeddings.encoders.names import table
from tests.embeddings import torch_models


@pytest.fixture
def folder(bert_folder, tmp_path):
  """A copy of the small BERT that a test may spoil."""
  return shutil.copytree(bert_folder, tmp_path / "model")


def change_weights(folder, change):
  """Writes a folder's tensors again, changed."""
  path = folder / weights.FILE
  tensors = safetensors_numpy.load_file(path)
  change(tensors)
  safetensors_numpy.save_file(tensors, path, metadata={"format": "pt"})


def test_export_gives_the_tensors_that_came_in(bert_folder):
  found = huggingface.load(str(bert_folder))
  about = found.description
  ours = weights.tensors_of(found.params, about.config.encoder)
  theirs = safetensors_numpy.load_file(bert_folder / weights.FILE)
  pooler = {"pooler.dense.weight", "pooler.dense.bias"}  # no vector needs it
  assert ours.keys() == theirs.keys() - pooler
  assert about.carried[""].tensors.keys() == pooler
  ours.update(about.carried[""].tensors)
  for name, tensor in ours.items():
    assert tensor.dtype == theirs[name].dtype == np.float32
    np.testing.assert_array_equal(tensor, theirs[name], err_msg=name)


def test_the_real_model_too(minilm):
  found = huggingface.load(str(minilm))
  encoder = found.description.config.encoder
  assert (encoder.width, encoder.layers, encoder.heads) == (384, 6, 12)
  assert (encoder.dropout, encoder.attention_dropout) == (0.0, 0.0)
  assert (
    found.description.config.pooling,
    found.description.config.normalise,
  ) == ("mean", True)
  assert found.description.max_length == 256
  assert (found.description.prompts, found.description.default_prompt) == (
    {},
    "",
  )
  ours = weights.tensors_of(found.params, encoder)
  theirs = safetensors_numpy.load_file(minilm / weights.FILE)
  for name, tensor in ours.items():
    np.testing.assert_array_equal(tensor, theirs[name], err_msg=name)
  assert {name.split(".")[0] for name in theirs.keys() - ours.keys()} <= {
    "pooler",
    "embeddings",
  }
  config = table.FAMILIES["bert"].content(encoder)
  wanted = json.loads((minilm / "config.json").read_text())
  assert config["architectures"] == wanted["architectures"]
  for key in table.FAMILIES["bert"].keys.values():
    if "dropout" not in key:
      assert config[key] == wanted[key], key


def test_a_config_that_goes_out_comes_in_again(bert_folder, tmp_path):
  found = huggingface.load(str(bert_folder))
  content = table.FAMILIES["bert"].content(found.description.config.encoder)
  path = tmp_path / "new" / "config.json"
  torch_models.write_json(path, {**content, "dtype": "float32"})
  theirs = transformers.AutoConfig.from_pretrained(tmp_path / "new")
  was = transformers.AutoConfig.from_pretrained(bert_folder)
  drop = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
  was.update(drop)
  assert theirs.to_diff_dict() == was.to_diff_dict()


def test_heads_and_prefixes_are_left_behind(folder):
  plain = huggingface.load(str(folder))

  def add_head(tensors):
    for name in list(tensors):
      tensors[f"bert.{name}"] = tensors.pop(name)
    tensors["cls.predictions.bias"] = np.zeros(5, np.float32)
    tensors["bert.embeddings.position_ids"] = np.arange(64)[None]

  change_weights(folder, add_head)
  found = huggingface.load(str(folder))
  jax.tree.map(np.testing.assert_array_equal, found.params, plain.params)


def test_weights_in_half_precision_become_float32(folder):
  path = folder / weights.FILE
  tensors = safetensors_torch.load_file(path)
  half = {name: value.to(torch.bfloat16) for name, value in tensors.items()}
  safetensors_torch.save_file(half, path, metadata={"format": "pt"})
  found = huggingface.load(str(folder))
  name = "embeddings.word_embeddings.weight"
  table = found.params["encoder/inputs"]["tokens"]
  assert table.dtype == np.float32
  np.testing.assert_array_equal(table, half[name].float().numpy())


@pytest.mark.parametrize("version", [2, 6])
@pytest.mark.parametrize(
  ("pooling", "normalise", "max_length"),
  [("mean", True, None), ("cls", False, 17), ("mean", False, 40)],
)
def test_what_sentence_transformers_says_is_read(
  bert_folder, tmp_path, version, pooling, normalise, max_length
):
  folder = tmp_path / "model"
  stack = {
    "pooling": pooling,
    "normalise": normalise,
    "max_length": max_length,
  }
  if version == 2:
    torch_models.classic(folder, bert_folder, **stack)
  else:
    torch_models.sentence_transformer(folder, bert_folder, **stack)
  found = huggingface.load(str(folder))
  assert found.description.config.pooling == pooling
  assert found.description.config.normalise == normalise
  assert found.description.max_length == (max_length or 64)
  assert found.description.tokenizer == folder


def test_prompts_are_read(bert_folder, tmp_path):
  prompts = {"query": "find: ", "document": ""}
  torch_models.sentence_transformer(
    tmp_path / "model", bert_folder, prompts=prompts, default_prompt="query"
  )
  found = huggingface.load(str(tmp_path / "model"))
  assert found.description.prompts == prompts
  assert found.description.default_prompt == "query"


def test_a_plain_encoder_gets_mean_pooling_and_its_positions(bert_folder):
  found = huggingface.load(str(bert_folder))
  assert (
    found.description.config.pooling,
    found.description.config.normalise,
  ) == ("mean", True)
  assert found.description.max_length == 64
  assert {leaf.dtype for leaf in jax.tree.leaves(found.params)} == {
    np.dtype("float32")
  }


def edit(name, **changes):
  """A change of a JSON file."""
  return lambda folder: torch_models.change_json(folder / name, **changes)


def tensors(change):
  """A change of the tensors."""
  return lambda folder: change_weights(folder, change)


def only_bin(folder):
  (folder / weights.FILE).rename(folder / "pytorch_model.bin")


def cut(folder):
  path = folder / weights.FILE
  path.write_bytes(path.read_bytes()[:-100])


KEY = "encoder.layer.1.attention.self.key.bias"

# What is wrong with a plain encoder, and what is said of it.
WRONG = {
  "missing": (tensors(lambda t: t.pop(KEY)), f"have no {KEY}; .* 2 layers"),
  "left over": (
    tensors(lambda t: t.update(extra=np.zeros(2), more=np.zeros(2))),
    "have extra and 1 more that a BertModel has no use for",
  ),
  "layers left over": (
    edit("config.json", num_hidden_layers=1),
    r"have encoder\.layer\.1\.\S+ and 15 more",
  ),
  "another width": (
    edit("config.json", intermediate_size=44),
    r"layers/down/w of shape \(2, 40, 24\).*config.json says \(2, 44, 24\)",
  ),
  "another vocabulary": (
    edit("config.json", vocab_size=100),
    r"inputs/tokens of shape .*config.json says \(100, 24\)",
  ),
  "another family": (
    edit("config.json", model_type="t5"),
    "is of family 't5'; wanted one of bert",
  ),
  "no family": (edit("config.json", model_type=None), "family None"),
  "no key": (
    edit("config.json", layer_norm_eps=None),
    "config.json of .* has no 'layer_norm_eps'",
  ),
  "activation": (
    edit("config.json", hidden_act="swish"),
    "'swish' is not known",
  ),
  "torch only": (
    only_bin,
    "no model.safetensors, only pytorch_model.bin; load the model with the",
  ),
  "no weights": (
    lambda folder: (folder / weights.FILE).unlink(),
    "no model.safetensors; give the folder of another",
  ),
  "cut weights": (cut, "model.safetensors cannot be read"),
  "no config": (
    lambda folder: (folder / "config.json").unlink(),
    "has no config.json; give the folder of",
  ),
  "broken config": (
    lambda folder: (folder / "config.json").write_text("{"),
    "config.json cannot be read",
  ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_model_is_named(folder, name):
  spoil, message = WRONG[name]
  spoil(folder)
  with pytest.raises(program.BadInput, match=message):
    huggingface.load(str(folder))


POOLING = "1_Pooling/config.json"

# What a sentence-transformers folder may ask for that is not done here.
UNKNOWN = {
  "another": (
    edit(POOLING, pooling_mode="mean_sqrt_len_tokens"),
    "pooling mean_sqrt_len_tokens; wanted one of cls, max",
  ),
  "two": (edit(POOLING, pooling_mode=["cls", "mean"]), r"\['cls', 'mean'\]"),
  "old words": (
    edit(POOLING, pooling_mode=None, pooling_mode_mean_sqrt_len_tokens=True),
    "pooling pooling_mode_mean_sqrt_len_tokens",
  ),
  "two in old words": (
    edit(
      POOLING,
      pooling_mode=None,
      pooling_mode_mean_tokens=True,
      pooling_mode_cls_token=True,
    ),
    "pooling .*mean_tokens.*cls_token",
  ),
  "none": (edit(POOLING, pooling_mode=None), r"pooling \[\]"),
  "without prompt": (
    edit(POOLING, include_prompt=False),
    "pooling mean without the prompt",
  ),
  "a module": (
    lambda folder: (folder / "modules.json").write_text(
      '[{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]'
    ),
    "has modules Dense; wanted Transformer, Pooling, then at most one Dense",
  ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_stack_that_is_not_ours_is_refused(bert_folder, tmp_path, name):
  folder = tmp_path / "model"
  torch_models.sentence_transformer(folder, bert_folder)
  spoil, message = UNKNOWN[name]
  spoil(folder)
  with pytest.raises(program.BadInput, match=message):
    huggingface.load(str(folder))


@pytest.mark.parametrize(
  "name", ["gigapair/no-such-model", "/no/such/folder", "a/b/c", "no model"]
)
def test_a_name_that_leads_nowhere_is_one_line(name):
  # The tests' environment is offline: see conftest.py.
  with pytest.raises(program.BadInput, match=f"'{name}' is neither a") as error:
    huggingface.load(name)
  assert "\n" not in str(error.value)
