"""Which library serves a model, and that they agree where both can."""

import shutil
import sys

import numpy as np
import pytest
import sentence_transformers
import tokenizers
import torch
from safetensors import numpy as numpy_files
from sentence_transformers.sentence_transformer import modules

from data import program
from tests import conftest
from tests.embeddings import torch_models
from tools import engines

TEXTS = [text for pair in conftest.pairs(12) for text in pair]
SIDES = ("", "query", "document")


@pytest.fixture(scope="module")
def static(tokenizer_folder, tmp_path_factory):
  """A model without a transformer, and its folder."""
  torch.manual_seed(0)
  path = tokenizer_folder / "tokenizer.json"
  embedding = modules.StaticEmbedding(
    tokenizers.Tokenizer.from_file(str(path)), embedding_dim=8
  )
  model = sentence_transformers.SentenceTransformer(
    modules=[embedding], device="cpu", prompts={"query": "find "}
  )
  folder = tmp_path_factory.mktemp("static") / "model"
  model.save(str(folder), create_model_card=False)
  return folder, model


@pytest.fixture(scope="module")
def bert(tokenizer_folder, tmp_path_factory):
  """A small BERT with a prompt for each side, compared by dot products."""
  folder = tmp_path_factory.mktemp("bert")
  torch_models.bert(folder / "encoder", tokenizer_folder)
  torch_models.sentence_transformer(
    folder / "model",
    folder / "encoder",
    normalise=False,
    max_length=24,
    prompts={"query": "find the ", "passage": "this is "},
    similarity="dot",
  )
  return folder / "model"


def test_a_kind_that_is_not_ours_is_served_by_theirs(static, capsys):
  folder, model = static
  engine = engines.load(str(folder))
  note = capsys.readouterr().err
  assert f"{folder} is served by sentence-transformers" in note
  assert "StaticEmbedding" in note
  assert (engine.name, engine.similarity) == (engines.THEIRS, "cosine")
  for side, way in zip(
    SIDES,
    (model.encode, model.encode_query, model.encode_document),
    strict=True,
  ):
    found = engine.encode(TEXTS, side)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, way(TEXTS))
  assert (engine.encode(TEXTS, "") != engine.encode(TEXTS, "query")).any()
  assert engine.words("Read, the tree") == engines.load(
    str(folder), engines.THEIRS
  ).words("Read, the tree")


def test_it_can_be_refused(static):
  with pytest.raises(program.BadInput, match="StaticEmbedding; wanted"):
    engines.load(str(static[0]), engines.OURS)


def test_both_give_the_same_vectors_of_each_side(bert, capsys):
  ours, theirs = (
    engines.load(str(bert), name) for name in ("auto", engines.THEIRS)
  )
  assert (ours.name, theirs.name) == (engines.OURS, engines.THEIRS)
  assert "served by" not in capsys.readouterr().err
  assert ours.similarity == theirs.similarity == "dot"
  assert ours.words(TEXTS[1]) == theirs.words(TEXTS[1])
  vectors = {side: ours.encode(TEXTS, side) for side in SIDES}
  for side, found in vectors.items():
    np.testing.assert_allclose(found, theirs.encode(TEXTS, side), atol=1e-5)
  assert not np.allclose(vectors["query"], vectors["document"], atol=1e-2)


def test_both_agree_on_the_real_model(minilm):
  ours, theirs = (
    engines.load(str(minilm), name).encode(TEXTS, "")
    for name in (engines.OURS, engines.THEIRS)
  )
  np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_broken_model_of_ours_is_not_handed_on(bert, tmp_path, capsys):
  folder = tmp_path / "model"
  shutil.copytree(bert, folder)
  (weights,) = folder.rglob("model.safetensors")
  tensors = numpy_files.load_file(weights)
  del tensors["embeddings.word_embeddings.weight"]
  numpy_files.save_file(tensors, weights)
  with pytest.raises(program.BadInput, match="word_embedding"):
    engines.load(str(folder))
  assert "served by" not in capsys.readouterr().err


def test_what_neither_can_load_is_one_line(static, tmp_path):
  (tmp_path / "modules.json").write_text(
    (static[0] / "modules.json").read_text()
  )
  with pytest.raises(program.BadInput, match="cannot load") as error:
    engines.load(str(tmp_path))
  assert "StaticEmbedding; wanted" in str(error.value)
  assert "\n" not in str(error.value)


def test_without_theirs_it_says_what_to_install(static, monkeypatch):
  monkeypatch.setitem(sys.modules, "sentence_transformers", None)
  with pytest.raises(program.BadInput, match="pip install sentence-transf"):
    engines.load(str(static[0]))


def test_another_similarity_is_said_to_be_replaced(bert, tmp_path, capsys):
  torch_models.sentence_transformer(
    tmp_path / "model", bert.parent / "encoder", similarity="euclidean"
  )
  assert engines.load(str(tmp_path / "model")).similarity == "cosine"
  assert "compares by euclidean" in capsys.readouterr().err
