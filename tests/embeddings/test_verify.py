"""What differs from sentence-transformers' vectors is found."""

import sys

import jax
import numpy as np
import pytest

from data import program
from embeddings import description
from embeddings import export
from embeddings import pretrained
from embeddings import verify


@pytest.fixture(scope="module")
def found(bert_folder):
  """A model that gives plain BERT's vectors, of texts up to 20 tokens."""
  found = pretrained.load(str(bert_folder))
  prompts = {"query": "find "}
  about = found.description.replace(max_length=20, prompts=prompts)
  return description.Pretrained(about, found.params)


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
  """The model as it is exported."""
  folder = tmp_path_factory.mktemp("verified")
  export.write(folder, found.description, found.params, "float32")
  return folder


def doubled(params):
  """The same but for one bias."""
  name = "encoder/layers/down"
  bias = np.asarray(params[name]["b"]).copy()
  bias[-1, 3] += 0.5
  return {**params, name: {**params[name], "b": bias}}


def test_the_same_model_differs_by_little(found, folder):
  assert 0 < verify.check(folder, found, "float32") < 1e-6


@pytest.mark.parametrize(
  "change",
  [
    lambda about, params: (about.replace(max_length=19), params),
    lambda about, params: (about.replace(prompts={"query": "seek "}), params),
    lambda about, params: (
      about.replace(config=about.config.replace(pooling="cls")),
      params,
    ),
    lambda about, params: (
      about.replace(config=about.config.replace(normalise=False)),
      params,
    ),
    lambda about, params: (about, doubled(params)),
    lambda about, params: (about, jax.tree.map(lambda x: x * np.nan, params)),
  ],
  ids=["length", "prompt", "pooling", "normalise", "weight", "nan"],
)
def test_another_model_is_found_out(found, folder, change):
  other = description.Pretrained(*change(*found))
  with pytest.raises(program.BadInput, match="vectors differ from ours by"):
    verify.check(folder, other, "float16")


def test_a_library_that_is_not_there_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, "sentence_transformers", None)
  with pytest.raises(program.BadInput, match="--verify needs sentence-transf"):
    verify.reference()
