"""The programs on finished things, on one small trained run."""

import json
import pathlib

import numpy as np
import pytest

from data import retrieval_folder
from embeddings import encode
from tests import programs


def test_an_exported_run_gives_its_vectors(trained, exported, corpus):
  texts = list(retrieval_folder.read(corpus / "dev").corpus.values())
  ours = encode.load(str(trained)).encode(texts)
  theirs = encode.load(str(exported)).encode(texts)
  np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_evaluate_sets_models_side_by_side(
  run_program, trained, exported, corpus, tmp_path
):
  ended = run_program(
    "tools.evaluate",
    f"--model={trained},{exported}",
    "--untrained",
    "--bm25",
    f"--tasks={corpus / 'dev'}",
    f"--out={tmp_path / 'results.json'}",
  )
  assert ended.code == 0, ended
  result = ended.result
  assert result == json.loads((tmp_path / "results.json").read_text())
  assert result["dev.candidates"] == 30
  measure = "dev.mrr_at_10"
  assert result[measure] == pytest.approx(result[f"{exported}.{measure}"])
  assert result[measure] != result[f"untrained.{measure}"]
  assert result[f"bm25.{measure}"] > 0.5
  table = ended.out.splitlines()
  assert [line.split()[0] for line in table[1:5]] == [
    str(trained),
    str(exported),
    "untrained",
    "bm25",
  ]


def test_an_index_answers_questions(run_program, exported, corpus, tmp_path):
  index = tmp_path / "index"
  ended = run_program(
    "tools.encode",
    f"--model={exported}",
    f"--in={corpus / 'dev' / 'corpus.jsonl.gz'}",
    f"--out={index}",
  )
  assert ended.code == 0, ended
  assert (ended.result["documents"], ended.result["width"]) == (30, 32)
  # A document finds itself.
  name, text = next(iter(retrieval_folder.read(corpus / "dev").corpus.items()))
  ended = run_program(
    "tools.search", f"--index={index}", text, "the tree", "--k=2"
  )
  assert ended.code == 0, ended
  found = ended.result
  assert list(found) == [text, "the tree"]
  assert len(found["the tree"]) == 2
  assert found[text][0][1] == pytest.approx(1, abs=1e-4)
  assert name in [hit[0] for hit in found[text]]


WRONG = [
  (["tools.to_sentence_transformers", "--out=x"], "--workdir is missing"),
  (
    ["tools.to_sentence_transformers", "--workdir=/nowhere", "--out=x"],
    "/nowhere is not the workdir of a run",
  ),
  (["tools.evaluate", "--tasks=x"], "--model is missing"),
  (["tools.evaluate", "--model=x", "--tasks=/nowhere"], "not an evaluation"),
  (["tools.encode", "--model=x", "--in=/nowhere", "--out=x"], "/nowhere"),
  (["tools.search", "--index=/nowhere", "a"], "/nowhere is not an index"),
  (["tools.search", "--index=x"], "there is no question"),
]


@pytest.mark.parametrize(
  ("command", "message"), WRONG, ids=lambda v: str(v)[:50]
)
def test_wrong_input_is_one_line(run_program, command, message):
  assert message in programs.bad_input(run_program(*command))


def test_a_folder_that_is_no_model_is_not_replaced(
  run_program, trained, tmp_path
):
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "thesis.txt").write_text("dear to me")
  ended = run_program(
    "tools.to_sentence_transformers",
    f"--workdir={trained}",
    f"--out={tmp_path / 'mine'}",
  )
  assert "is not a model" in programs.bad_input(ended)
  assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize(
  "module", ["launch.train", "tools.search", "data.sources.tabular"]
)
def test_help_shows_a_command(run_program, module):
  ended = run_program(module, "--help")
  assert ended.code == 0, ended
  assert f"python -m {module}" in ended.out


def test_results_that_are_none_are_named(run_program, trained, tmp_path):
  path = pathlib.Path(tmp_path / "results.json")
  path.write_text("[1, 2")
  ended = run_program(
    "tools.to_sentence_transformers",
    f"--workdir={trained}",
    f"--out={tmp_path / 'model'}",
    f"--results={path}",
  )
  assert f"--results={path} cannot be read" in programs.bad_input(ended)
