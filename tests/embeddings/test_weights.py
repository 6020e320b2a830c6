"""Weights are read out of one file or several, and written in any dtype."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors
import torch
import transformers
from safetensors import torch as safetensors_torch

from data import program
from embeddings import huggingface
from embeddings import weights
from tests.embeddings import tiny


@pytest.fixture
def shards(bert_folder, tmp_path):
  """The small BERT in several files, as transformers writes them."""
  model = transformers.AutoModel.from_pretrained(bert_folder)
  folder = shutil.copytree(bert_folder, tmp_path / "model")
  (folder / weights.FILE).unlink()
  model.save_pretrained(folder, max_shard_size="20KB")
  assert len(list(folder.glob("*.safetensors"))) > 2
  return folder


def test_shards_are_one_model(bert_folder, shards):
  found = weights.read(shards)
  whole = weights.read(bert_folder)
  assert found.keys() == whole.keys()
  jax.tree.map(np.testing.assert_array_equal, found, whole)
  one, other = (huggingface.load(str(f)) for f in (bert_folder, shards))
  jax.tree.map(np.testing.assert_array_equal, one.params, other.params)
  # As for transformers, a file of all tensors goes first.
  shutil.copy(bert_folder / weights.FILE, shards)
  (shards / weights.INDEX).write_text("{")
  assert weights.read(shards).keys() == whole.keys()


@pytest.mark.parametrize(
  ("index", "message"),
  [
    ("{", "index.json cannot be read"),
    ("[]", "index.json cannot be read"),
    ("{}", "index.json cannot be read .KeyError"),
    ({"weight_map": {"a": "none.safetensors"}}, "none.safetensors cannot be"),
    ({"weight_map": {}}, "the weights have no embeddings.word_embeddings"),
  ],
)
def test_an_index_that_leads_nowhere_is_named(shards, index, message):
  text = index if isinstance(index, str) else json.dumps(index)
  (shards / weights.INDEX).write_text(text)
  with pytest.raises(program.BadInput, match=message) as error:
    huggingface.load(str(shards))
  assert "\n" not in str(error.value)


def test_a_shard_that_is_cut_is_named(shards):
  path = min(shards.glob("*.safetensors"))
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(program.BadInput, match=f"{path.name} cannot be read"):
    weights.read(shards)


def test_layers_of_two_shapes_are_named():
  config = tiny.encoder_config()
  tensors = weights.tensors_of(tiny.params(), config)
  name = "encoder.layer.1.output.dense.weight"
  tensors[name] = tensors[name][:3]
  with pytest.raises(program.BadInput, match=rf"{name} of shape \(3, 32\)"):
    weights.params_of(tensors, config)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_what_is_written_is_what_torch_reads(tmp_path, dtype):
  values = np.array([[1.0, -2.5, 1e-3], [3e4, 0.1, 0.0]], np.float32).T
  path = tmp_path / weights.FILE
  weights.write(path, {"a": weights.cast(values, dtype)})
  theirs = safetensors_torch.load_file(path)["a"]
  assert theirs.dtype == getattr(torch, dtype)
  expected = torch.tensor(values.tolist()).to(theirs.dtype)
  assert torch.equal(theirs, expected)
  ours = weights.read(tmp_path)["a"]
  assert ours.dtype == jnp.dtype(dtype)
  np.testing.assert_array_equal(
    ours.astype("f"), expected.to(torch.float32).numpy()
  )
  with safetensors.safe_open(path, framework="np") as file:
    assert file.metadata() == {"format": "pt"}


def test_what_float16_cannot_hold_is_named():
  large = np.array([1.0, -7e4], np.float32)
  with pytest.raises(program.BadInput, match="is 7.0e.04 and float16 ends at"):
    weights.cast(large, "float16")
  assert weights.cast(large, "bfloat16")[1] == -70144
  assert weights.cast(np.zeros((0, 3), "f"), "float16").size == 0


def test_who_may_read_a_folder_may_read_its_weights(tmp_path):
  (tmp_path / "config.json").write_text("{}")
  for _ in range(2):
    weights.write(tmp_path / weights.FILE, {"a": np.zeros(2, np.float32)})
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
