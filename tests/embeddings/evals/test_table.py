"""A folder says by its files what task it is."""

import numpy as np
import pytest

from data import program
from data import retrieval_folder
from embeddings.evals import table

CORPUS = {"d1": "one", "d2": "two"}
QUERIES = {"q1": "uno", "q2": "due"}


@pytest.fixture
def folder(tmp_path):
  qrels = {"q1": {"d1": 1}, "q2": {"d2": 1}}
  retrieval_folder.write(tmp_path / "numbers", CORPUS, QUERIES, qrels)
  return tmp_path / "numbers"


def test_results_are_named_by_task_and_measure(folder):
  task = table.read(folder)
  texts = [*CORPUS.values(), *QUERIES.values()]

  def encode(wanted, side):
    assert set(wanted) == set((QUERIES if side == "query" else CORPUS).values())
    # "due" is next to "one": half of the queries find theirs first.
    at = {"one": 0, "two": 1, "uno": 0, "due": 0}
    assert set(wanted) <= set(texts)
    return np.eye(2, dtype=np.float32)[[at[text] for text in wanted]]

  found = table.run(encode, [("numbers", task), ("again", task)])
  assert found["numbers.mrr_at_10"] == 0.75
  assert found["numbers.recall_at_10"] == 1.0
  assert {name.split(".")[0] for name in found} == {"numbers", "again"}
  assert len(found) == 6


def test_no_tasks_are_no_results():
  assert table.run(lambda texts, side: np.zeros((len(texts), 1)), []) == {}


@pytest.mark.parametrize("name", ["none", ".", "numbers/qrels.tsv"])
def test_a_folder_that_is_no_task_is_named(folder, name):
  wrong = folder.parent / name
  with pytest.raises(program.BadInput, match=f"{wrong} is not an evaluation"):
    table.read(wrong)


def test_a_task_that_lacks_a_file_names_it(folder):
  (folder / "corpus.jsonl.gz").unlink()
  with pytest.raises(program.BadInput, match="neither corpus.jsonl.gz nor"):
    table.read(folder)
