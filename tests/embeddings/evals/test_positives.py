"""Which texts are alike, whatever a folder's rows are."""

import pytest

from data import program
from data import retrieval_folder
from embeddings.evals import positives
from tests.embeddings.evals import vectors_by_text

CASES = {
  "scores": [
    {"s1": "a", "s2": "b", "score": 5.0},
    {"s1": "a", "s2": "c", "score": 4},
    {"s1": "b", "s2": "d", "score": 3.9},
  ],
  "labels": [
    {"s1": "a", "s2": "b", "label": 1},
    {"s1": "a", "s2": "c", "label": 1},
    {"s1": "b", "s2": "d", "label": 0},
  ],
  "pairs": [["a", "b"], ["a", "c"], ["a", "b"]],
  "triplets": [["a", "b", "d"], ["a", "c", "d"]],
}


@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_rows(tmp_path, rows):
  vectors_by_text.write(tmp_path / "test.jsonl", rows)
  found = positives.read(tmp_path, "test")
  assert found.pairs == [(("a", ""), ("b", "")), (("a", ""), ("c", ""))]
  every = {"a", "b", "c"} | ({"d"} if rows is not CASES["pairs"] else set())
  assert {text for text, _ in found.texts} == every
  assert len(found.texts) == len(every)


def test_rows_with_sides(tmp_path):
  rows = [
    {"query": "q", "positive": ["p", "r"], "negative": ["n"]},
    {"query": "s", "positive": [], "negative": ["n"]},
  ]
  vectors_by_text.write(tmp_path / "test.jsonl", rows)
  found = positives.read(tmp_path, "test")
  assert found.pairs == [(("q", "query"), ("p", "document"))]
  assert dict(found.texts) == {
    "q": "query",
    "s": "query",
    **dict.fromkeys("prn", "document"),
  }


def test_retrieval_folders(tmp_path):
  retrieval_folder.write(
    tmp_path / "task",
    {"d1": "one", "d2": "two", "d3": "one"},
    {"q1": "which", "q2": "unjudged"},
    {"q1": {"d1": 2, "d2": 0, "d3": 1}},
  )
  found = positives.read(tmp_path / "task", "test")
  one, which = ("one", "document"), ("which", "query")
  assert found.pairs == [(which, one)]
  assert found.texts == [one, ("two", "document"), which]


@pytest.mark.parametrize("row", [7, [], {"s1": "a"}, {"text": 3}, ["a", 1]])
def test_rows_of_no_form(tmp_path, row):
  vectors_by_text.write(tmp_path / "test.jsonl", [row])
  with pytest.raises(program.BadInput, match="wanted a list of texts"):
    positives.read(tmp_path, "test")
