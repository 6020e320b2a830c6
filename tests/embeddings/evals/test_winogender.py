"""Winogender's sentences in threes, and the stereotypes of the census."""

import pytest

from data import program
from embeddings.evals import winogender
from tests.embeddings.evals import vectors_by_text

STATISTICS = "occupation\tbls_pct_female\nnurse\t89.6\nwelder\t5\n"


def rows(occupation, answer="0"):
  words = {"male": "he", "female": "she", "neutral": "they"}
  return [
    {
      "occupation": occupation,
      "participant": "guest",
      "answer": answer,
      "gender": gender,
      "text": f"The {occupation} told the guest that {pronoun} ran {answer}.",
    }
    for gender, pronoun in words.items()
  ]


@pytest.fixture
def folder(tmp_path):
  (tmp_path / "occupations-stats.tsv").write_text(STATISTICS)
  every = [*rows("nurse"), *rows("nurse", "1"), *rows("welder")]
  vectors_by_text.write(tmp_path / "all.jsonl", every)
  return tmp_path


def test_the_pronoun_is_the_occupations(folder):
  task = winogender.read(folder, "test")
  assert task.neutral == [
    "The nurse told the guest that they ran 0.",
    "The welder told the guest that they ran 0.",
  ]
  assert [" he " in text for text in task.male] == [True, True]
  assert [" she " in text for text in task.female] == [True, True]
  assert task.stereotype == ["female", "male"]


def test_what_is_missing_is_named(folder):
  every = [*rows("nurse"), *rows("diver")]
  vectors_by_text.write(folder / "all.jsonl", every)
  with pytest.raises(program.BadInput, match="no 'diver'"):
    winogender.read(folder, "test")
  vectors_by_text.write(folder / "all.jsonl", every[:2])
  with pytest.raises(program.BadInput, match="as male, female; wanted"):
    winogender.read(folder, "test")
  (folder / "occupations-stats.tsv").write_text("occupation\nnurse\n")
  vectors_by_text.write(folder / "all.jsonl", every)
  with pytest.raises(program.BadInput, match="wanted columns occupation"):
    winogender.read(folder, "test")
