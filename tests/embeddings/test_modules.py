"""What sentence-transformers writes gives its vectors here."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors import numpy as safetensors_numpy

from data import program
from data import tokens
from embeddings import encode
from embeddings import huggingface
from embeddings import modules
from embeddings import towers
from embeddings import weights
from tests import conftest
from tests.embeddings import texts
from tests.embeddings import torch_models

TEXTS = [text for pair in conftest.pairs(10) for text in pair] + list(texts.ODD)


def assert_same(theirs, ours, sides=("", *towers.SIDES)):
  """Compares sentence-transformers' vectors with ours, as each side."""
  for side in sides:
    method = getattr(theirs, f"encode_{side}" if side else "encode")
    np.testing.assert_allclose(
      ours.encode(TEXTS, side=side),
      method(TEXTS, show_progress_bar=False),
      rtol=0,
      atol=1e-5 * max(1, np.abs(ours.encode(TEXTS)).max()),
      err_msg=side,
    )


# pooling, Dense, normalise, prompts, default prompt, similarity
STACKS = [
  ("mean", torch_models.Dense(24, 8), True, {"query": "find "}, None, "dot"),
  (
    "max",
    torch_models.Dense(24, 32, activation_function=torch.nn.GELU()),
    False,
    {"query": "find ", "document": "code: ", "other": "x "},
    "other",
    "cosine",
  ),
  (
    "weightedmean",
    torch_models.Dense(24, 8, bias=False, activation_function=None),
    True,
    {},
    None,
    None,
  ),
  (
    "lasttoken",
    torch_models.Dense(24, 8, activation_function=torch.nn.SiLU()),
    False,
    {"document": "code: "},
    "document",
    "dot",
  ),
  (
    "cls",
    torch_models.Dense(24, 8, activation_function=torch.nn.Sigmoid()),
    True,
    {},
    None,
    None,
  ),
]


@pytest.mark.parametrize(
  ("pooling", "dense", "normalise", "prompts", "default", "similarity"),
  STACKS,
  ids=[stack[0] for stack in STACKS],
)
def test_a_folder_of_theirs_gives_their_vectors(
  bert_folder, tmp_path, pooling, dense, normalise, prompts, default, similarity
):
  theirs = torch_models.sentence_transformer(
    tmp_path / "model",
    bert_folder,
    pooling=pooling,
    dense=dense,
    normalise=normalise,
    prompts=prompts,
    default_prompt=default,
    similarity=similarity,
  )
  ours = encode.load(str(tmp_path / "model"))
  assert ours.model.config.similarity == (similarity or "cosine")
  assert ours.width == dense.out_features
  assert_same(theirs, ours)


@pytest.fixture(scope="module")
def router_folder(bert_folder, tmp_path_factory):
  """Two towers of theirs whose projections differ."""
  torch.manual_seed(1)
  folder = tmp_path_factory.mktemp("router") / "model"
  towers = [
    torch_models.parts(bert_folder, dense=torch_models.Dense(24, 8))
    for _ in range(2)
  ]
  torch_models.router(folder, *towers)
  return folder


def test_a_router_of_theirs_gives_its_vectors(router_folder):
  import sentence_transformers

  theirs = sentence_transformers.SentenceTransformer(
    str(router_folder), device="cpu"
  )
  ours = encode.load(str(router_folder))
  assert ours.model.config.towers == "two"
  assert_same(theirs, ours)
  query, document = (ours.encode(TEXTS, side=side) for side in towers.SIDES)
  assert np.abs(query - document).max() > 0.1


@pytest.fixture
def spoil(router_folder, tmp_path):
  """A copy of the Router that a test may spoil."""
  return shutil.copytree(router_folder, tmp_path / "model")


def change_dense(folder, change):
  """Writes a Dense module's tensors again, changed."""
  path = folder / weights.FILE
  content = safetensors_numpy.load_file(path)
  change(content)
  safetensors_numpy.save_file(content, path)


def change_router(folder, change):
  """Writes the Router's structure again, changed."""
  path = folder / "router_config.json"
  content = json.loads(path.read_text())
  change(content)
  path.write_text(json.dumps(content))


def other_tokenizer(folder):
  path = folder / "query_0_Transformer" / tokens.FILE
  content = json.loads(path.read_text())
  content["normalizer"] = None
  path.write_text(json.dumps(content))


DENSE = "query_2_Dense"
CONFIG = f"{DENSE}/config.json"

# What is wrong with a Router or its Dense modules, and what is said of it.
WRONG = {
  "another activation": (
    lambda f: torch_models.change_json(
      f / CONFIG, activation_function="torch.nn.modules.activation.Mish"
    ),
    "asks for torch.nn.modules.activation.Mish on sentence_embedding; wanted",
  ),
  "residual": (
    lambda f: torch_models.change_json(f / CONFIG, use_residual=True),
    "with a residual; wanted",
  ),
  "tokens": (
    lambda f: torch_models.change_json(
      f / CONFIG, module_input_name="token_embeddings"
    ),
    "on token_embeddings; wanted sentence_embedding",
  ),
  "left over": (
    lambda f: torch_models.change_json(f / CONFIG, bias=False),
    "has the weights linear.bias, linear.weight; wanted linear.weight, as its",
  ),
  "missing": (
    lambda f: change_dense(f / DENSE, lambda t: t.pop("linear.bias")),
    "has the weights linear.weight; wanted linear.weight and linear.bias",
  ),
  "another shape": (
    lambda f: change_dense(
      f / DENSE, lambda t: t.update({"linear.weight": np.zeros((8, 9), "f")})
    ),
    r"query/projection/w of shape \(9, 8\)",
  ),
  "torch only": (
    lambda f: (f / DENSE / weights.FILE).rename(
      f / DENSE / "pytorch_model.bin"
    ),
    "2_Dense has no model.safetensors, only pytorch_model.bin; load the model",
  ),
  "towers of two kinds": (
    lambda f: torch_models.change_json(
      f / CONFIG, activation_function="torch.nn.modules.activation.ReLU"
    ),
    "has towers of two kinds",
  ),
  "two tokenizers": (other_tokenizer, "tokenizers of their own; wanted one"),
  "other routes": (
    lambda f: change_router(
      f, lambda c: c["structure"].update(image=c["structure"].pop("query"))
    ),
    "has routes document, image; wanted query and document",
  ),
  "order": (
    lambda f: change_router(f, lambda c: c["structure"]["query"].reverse()),
    "has modules Normalize, Dense, Pooling, Transformer; wanted",
  ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_two_towers_is_named(spoil, name):
  change, message = WRONG[name]
  change(spoil)
  with pytest.raises(program.BadInput, match=message) as error:
    huggingface.load(str(spoil))
  assert "\n" not in str(error.value)


def test_half_a_projection_becomes_float32(bert_folder, tmp_path):
  dense = torch_models.Dense(24, 8)
  folder = tmp_path / "model"
  torch_models.sentence_transformer(folder, bert_folder, dense=dense.half())
  found = huggingface.load(str(folder)).params["projection"]
  assert {value.dtype for value in found.values()} == {np.dtype("float32")}
  weight = dense.linear.weight.detach().float().numpy()
  np.testing.assert_array_equal(found["w"].T, weight)


NORMALISERS = {
  "nothing": (None, False),
  "accents": ({"type": "StripAccents"}, False),
  "case kept": ({"type": "BertNormalizer", "lowercase": False}, False),
  "bert": ({"type": "BertNormalizer", "lowercase": True}, True),
  "second": (
    {
      "type": "Sequence",
      "normalizers": [{"type": "NFD"}, {"type": "Lowercase"}],
    },
    True,
  ),
}


@pytest.mark.parametrize("name", NORMALISERS)
def test_lower_case_is_the_tokenizers(bert_folder, tmp_path, name):
  normaliser, done = NORMALISERS[name]
  folder = shutil.copytree(bert_folder, tmp_path / "model")
  content = json.loads((folder / tokens.FILE).read_text())
  bert = {"clean_text": True, "handle_chinese_chars": True}
  if normaliser and normaliser["type"] == "BertNormalizer":
    normaliser = {**normaliser, **bert, "strip_accents": None}
  content["normalizer"] = normaliser
  torch_models.write_json(folder / tokens.FILE, content)
  settings = folder / "sentence_roberta_config.json"  # an older name of it
  torch_models.write_json(
    settings, {"do_lower_case": True, "max_seq_length": 17}
  )
  if done:
    assert huggingface.load(str(folder)).description.max_length == 17
  else:
    with pytest.raises(program.BadInput, match="do_lower_case and its token"):
      huggingface.load(str(folder))
  torch_models.write_json(settings, {"do_lower_case": False})
  assert huggingface.load(str(folder)).description.max_length == 64


@pytest.mark.parametrize(
  ("prompts", "default", "written"),
  [
    ({}, "", {}),
    ({"a": "A "}, "a", {"a": "A ", "query": "A ", "document": "A "}),
    ({"passage": "p "}, "", {"passage": "p ", "document": "p "}),
    ({"query": "", "b": "B "}, "b", {"query": "", "b": "B ", "document": "B "}),
  ],
)
def test_prompts_stand_where_theirs_do(tmp_path, prompts, default, written):
  modules.write_settings(tmp_path, prompts, default, "cosine")
  found = modules.read_settings(tmp_path)
  assert (found.prompts, found.default_prompt) == (written, default)
