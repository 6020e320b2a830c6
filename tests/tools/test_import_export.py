"""A model comes from Hugging Face, is trained, and goes back."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from data import retrieval_folder
from embeddings import encode
from embeddings import towers
from tests import hub_server
from tests import programs
from tests.embeddings import torch_models

SOURCE = "tools.from_huggingface"
TARGET = "tools.to_sentence_transformers"


@pytest.fixture(scope="module")
def bert_folder(tokenizer_folder, tmp_path_factory):
  """A small random BERT as transformers saves it."""
  folder = tmp_path_factory.mktemp("bert") / "bert"
  torch_models.bert(folder, tokenizer_folder)
  return folder


@pytest.fixture(scope="module")
def source(bert_folder, tmp_path_factory):
  """A model of sentence-transformers with a projection and prompts."""
  torch.manual_seed(3)
  folder = tmp_path_factory.mktemp("source") / "model"
  torch_models.sentence_transformer(
    folder,
    bert_folder,
    pooling="cls",
    dense=torch_models.Dense(torch_models.WIDTH, 10),
    prompts={"query": "find "},
    max_length=30,
  )
  return folder


@pytest.fixture(scope="module")
def imported(run_program, source, tmp_path_factory):
  """The model as Gigapair keeps it."""
  out = tmp_path_factory.mktemp("imported") / "model"
  ended = run_program(SOURCE, f"--model={source}", f"--out={out}")
  assert ended.code == 0, ended
  assert ended.result.pop("parameters") > 10_000
  assert {**ended.result, "parameters": 0} == {
    "family": "bert",
    "parameters": 0,
    "width": 10,
    "layers": 2,
    "pooling": "cls",
    "towers": "shared",
    "max_length": 30,
    "out": str(out),
  }
  return out


def texts(corpus):
  """Some texts."""
  return list(retrieval_folder.read(corpus / "dev").corpus.values())


def assert_same(one, other, corpus, tolerance=0.0):
  """Compares the vectors of two models, as each side."""
  first, second = encode.load(str(one)), encode.load(str(other))
  for side in ("", *towers.SIDES):
    np.testing.assert_allclose(
      first.encode(texts(corpus), side=side),
      second.encode(texts(corpus), side=side),
      rtol=0,
      atol=tolerance,
    )


def test_what_is_imported_is_the_model(imported, source, corpus):
  assert_same(imported, source, corpus)


def test_it_is_measured_and_exported(run_program, imported, corpus, tmp_path):
  ended = run_program(
    "tools.evaluate",
    f"--model={imported}",
    f"--tasks={corpus / 'dev'}",
    f"--out={tmp_path / 'results.json'}",
  )
  assert ended.code == 0, ended
  ended = run_program(
    TARGET,
    f"--workdir={imported}",
    f"--out={tmp_path / 'model'}",
    f"--results={tmp_path / 'results.json'}",
    "--licence=mit",
  )
  assert ended.code == 0, ended
  card = (tmp_path / "model" / "README.md").read_text()
  assert "\nlicense: mit\n" in card
  assert f"\n    python -m {SOURCE} --model=" in card
  measured = json.loads((tmp_path / "results.json").read_text())
  assert f"| dev.ndcg_at_10 | {measured['dev.ndcg_at_10']:.4f} |" in card
  assert_same(tmp_path / "model", imported, corpus)


def test_it_is_trained_and_exported(run_program, imported, corpus, tmp_path):
  run, out = tmp_path / "run", tmp_path / "model"
  ended = run_program(
    *programs.train_command(
      corpus,
      run,
      f"--config.model.init={imported}",
      "--config.data.tokenizer=",
      "--config.batch.max_length=0",
      "--config.optim.steps=3",
      "--config.eval.tasks=",
    )
  )
  assert ended.code == 0, ended
  ended = run_program(
    TARGET, f"--workdir={run}", f"--out={out}", "--dtype=bfloat16", "--verify"
  )
  assert ended.code == 0, ended
  result = ended.result
  assert 1e-4 < result.pop("verified") < 0.05
  assert result == {
    "out": str(out),
    "step": 3,
    "dtype": "bfloat16",
    "pushed": None,
  }
  assert ended.err == ""
  assert_same(out, run, corpus, 0.1)
  trained, before = encode.load(str(run)), encode.load(str(imported))
  moved = trained.encode(["a"]) - before.encode(["a"])
  assert np.abs(moved).max() > 1e-4


@pytest.mark.long
def test_two_models_are_two_towers(run_program, bert_folder, corpus, tmp_path):
  out, model = tmp_path / "kept", tmp_path / "model"
  ended = run_program(
    SOURCE, f"--model={bert_folder},{bert_folder}", f"--out={out}"
  )
  assert ended.code == 0, ended
  assert ended.result["towers"] == "two"
  command = [TARGET, f"--workdir={out}", f"--out={model}"]
  assert run_program(*command, "--towers=folders").code == 0
  assert (model / "query" / "modules.json").exists()
  assert run_program(*command).code == 0  # which takes the place of these two
  assert not (model / "query").exists()
  assert_same(model, out, corpus)


@pytest.mark.long
def test_it_goes_to_the_hub(imported, corpus, tmp_path):
  with hub_server.serve(tmp_path / "hub") as server:
    ended = subprocess.run(
      [
        *(sys.executable, "-m", TARGET, f"--workdir={imported}"),
        *(f"--out={tmp_path / 'model'}", "--push_to=me/mine", "--private"),
      ],
      cwd=programs.ROOT,
      env=server.environment(tmp_path / "home", hub_server.TOKEN),
      capture_output=True,
      text=True,
      check=True,
      timeout=programs.TIMEOUT_S,
    )
    result = json.loads(ended.stdout.splitlines()[-1])
    assert result["pushed"] == f"{server.url}/me/mine"
    assert server.created[0]["visibility"] == "private"
  pushed = tmp_path / "hub" / "me" / "mine"
  assert programs.contents(pushed) == programs.contents(tmp_path / "model")
  assert 'SentenceTransformer("me/mine")' in (pushed / "README.md").read_text()
  assert_same(pushed, imported, corpus)


WRONG = [
  ([SOURCE, "--out=x"], "--model is missing"),
  ([SOURCE, "--model=/nowhere", "--out=x"], "'/nowhere' is neither a folder"),
  ([TARGET, "--workdir=x", "--out=y", "--dtype=int8"], "--dtype=int8"),
  (
    [TARGET, "--workdir=x", "--out=y", "--push_to=mine"],
    "--push_to=mine is no id; wanted ORG/NAME",
  ),
]


@pytest.mark.parametrize(
  ("command", "message"), WRONG, ids=lambda v: str(v)[:60]
)
def test_wrong_input_is_one_line(run_program, command, message):
  assert message in programs.bad_input(run_program(*command))


def test_nothing_is_overwritten_by_mistake(
  run_program, source, imported, tmp_path
):
  before = programs.contents(source)
  ended = run_program(SOURCE, f"--model={imported}", f"--out={source}")
  assert "no model that was imported" in programs.bad_input(ended)
  assert programs.contents(source) == before
  ended = run_program(
    TARGET,
    f"--workdir={imported}",
    f"--out={tmp_path / 'model'}",
    "--towers=folders",
  )
  assert "leave --towers=folders out" in programs.bad_input(ended)
  assert not list(tmp_path.iterdir())
