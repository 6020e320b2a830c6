"""A folder says by its files what task it is."""

import json

import numpy as np
import pytest

from data import program
from data import retrieval_folder
from embeddings.evals import retrieval
from embeddings.evals import table
from tests.embeddings import texts as texts_lib

CORPUS = {"d1": "one", "d2": "two"}
QUERIES = {"q1": "uno", "q2": "due"}

# A folder's files and their lines, and the type that it is of.
FOLDERS = {
  "sts": {"test": [{"s1": "a", "s2": "b", "score": n} for n in (1, 2)]},
  "pairs": {"test": [{"s1": "a", "s2": "b", "label": n} for n in (0, 1)]},
  "reranking": {"test": [{"query": "a", "positive": ["b"], "negative": ["c"]}]},
  "bitext": {"en-de": [["a", "b"]], "en-fr": [["a", "c"]]},
  "classification": {
    name: [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    for name in ("train", "test")
  },
  "clustering": {
    "test": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
  },
}


def write(folder, files):
  folder.mkdir(parents=True)
  for name, rows in files.items():
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(lines)
  return folder


@pytest.fixture
def folder(tmp_path):
  qrels = {"q1": {"d1": 1}, "q2": {"d2": 1}}
  retrieval_folder.write(tmp_path / "numbers", CORPUS, QUERIES, qrels)
  return tmp_path / "numbers"


def encode(texts, side):
  """ "due" is next to "one": half of the queries find theirs first."""
  assert set(texts) == set((QUERIES if side == "query" else CORPUS).values())
  at = {"one": 0, "two": 1, "uno": 0, "due": 0}
  return np.eye(2, dtype=np.float32)[[at[text] for text in texts]]


def test_results_are_named_by_task_and_measure(folder):
  ((name, task),) = table.read_all([folder])
  assert name == "numbers"
  found = table.run(encode, "cosine", [(name, task), ("again", task)])
  assert found["numbers.mrr_at_10"] == 0.75
  assert found["again.recall_at_10"] == 1.0
  assert f"numbers.{task.main}" in found
  assert {name.split(".")[0] for name in found} == {"numbers", "again"}


def test_no_tasks_are_no_results():
  assert table.run(encode, "cosine", table.read_all([])) == {}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_type_is_told_by_the_files(tmp_path, name):
  folder = write(tmp_path / "task", FOLDERS[name])
  guessed, told = table.read(folder), table.read(f"{name}:{folder}")
  assert guessed == told
  others = set(FOLDERS) - {name, "clustering", "classification"}
  with pytest.raises(program.BadInput, match=r"wanted (an object with|tuple)"):
    table.read(f"{min(others)}:{folder}")


def test_a_folder_that_is_no_task_says_what_would_be(folder):
  for text, shown in (("", "which is empty"), ('"x"', "line 1"), ("{", "line")):
    none = write(folder.parent / f"none{len(text)}", {})
    (none / "test.jsonl").write_text(text)
    with pytest.raises(
      program.BadInput, match=f"not an evaluation folder.*{shown}.*sts: lines"
    ):
      table.read(none)


def test_a_task_that_lacks_a_file_names_it(folder):
  (folder / "corpus.jsonl.gz").unlink()
  with pytest.raises(program.BadInput, match="neither corpus.jsonl.gz nor"):
    table.read(folder)


def test_tasks_that_results_could_not_be_told_by_are_refused(tmp_path):
  one = write(tmp_path / "a" / "task", FOLDERS["clustering"])
  other = write(tmp_path / "b" / "task", FOLDERS["sts"])
  with pytest.raises(program.BadInput, match="are named 'task'; rename"):
    table.read_all([one, other])
  with pytest.raises(program.BadInput, match="'task' is given twice"):
    table.read_all([one, f"clustering:{one}"])
  twice = [("task", table.read(other)), ("task", table.read(other))]
  with pytest.raises(program.BadInput, match="'task' both have 'cosine_spear"):
    table.run(lambda texts, _: np.eye(len(texts)), "cosine", twice)


def test_real_folders_are_what_they_are():
  if not texts_lib.SHARED.is_dir():
    pytest.skip("the shared data are not on this machine")
  wanted = {
    "stsbenchmark": "Sts",
    "sts12_16": "Subsets",
    "se_beer_retrieval": "Retrieval",
    "banking77": "Classification",
    "clinc150@val": "Classification",
    "reddit_clustering": "Clustering",
    "tatoeba_bitext_eval": "Subsets",
    "winobias": "Bias",
    "winogender": "Bias",
  }
  tasks = table.read_all([texts_lib.SHARED / name for name in wanted])
  assert {name: type(task).__name__ for name, task in tasks} == wanted
  beer = dict(tasks)["se_beer_retrieval"]
  assert isinstance(beer, retrieval.Retrieval)
  assert len(beer.qrels) == 986
