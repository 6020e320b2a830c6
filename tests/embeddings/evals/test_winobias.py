"""WinoBias rows become sentences that differ in the gender alone."""

import pytest

from data import program
from embeddings.evals import winobias
from tests.embeddings.evals import vectors_by_text

CASES = {
  "[The cook] saw [his] cat and [he] ran": (
    "The cook saw the cook's cat and the cook ran",
    "He saw his cat and he ran",
    "She saw her cat and she ran",
  ),
  "He asked [the nurse] if [he] knew [himself].": (
    "He asked the nurse if the nurse knew the nurse.",
    "He asked him if he knew himself.",
    "He asked her if she knew herself.",
  ),
  "It is [a nurse] 's hat on [him]": (
    "It is a nurse 's hat on the nurse",
    "It is his hat on him",
    "It is her hat on her",
  ),
  "When [the CEO] came, all saw [him]": (
    "When the CEO came, all saw the ceo",
    "When he came, all saw him",
    "When she came, all saw her",
  ),
  "We saw [the maid] was ill and sent [him] off": (
    "We saw the maid was ill and sent the maid off",
    "We saw he was ill and sent him off",
    "We saw she was ill and sent her off",
  ),
}


def row(marked, kind="pro", split="test"):
  return {"marked": marked, "kind": kind, "split": split, "id": 1}


def test_sentences(tmp_path):
  rows = [row(marked) for marked in CASES]
  rows[1]["kind"] = "anti"
  rows.append(row("[The maid] said that [she] ran", "pro"))
  vectors_by_text.write(tmp_path / "all.jsonl", rows)
  task = winobias.read(tmp_path, "test")
  found = zip(task.neutral, task.male, task.female, strict=True)
  assert list(found) == list(CASES.values())  # those with "she" are no others
  assert task.stereotype == ["male", "female", "male", "male", "male"]


def test_splits_are_the_rows(tmp_path):
  cook, maid = "[The cook] saw [his] cat", "[The maid] saw [his] cat"
  rows = [
    row(marked, kind, split)
    for split in ("dev", "test")
    for marked, kind in ((cook, "pro"), (maid, "anti"))
  ]
  vectors_by_text.write(tmp_path / "all.jsonl", rows)
  counts = [len(winobias.read(tmp_path, s).male) for s in ("dev", "all")]
  assert counts == [2, 4]
  with pytest.raises(program.BadInput, match="it has dev, test, and all"):
    winobias.read(tmp_path, "train")


@pytest.mark.parametrize(
  "wrong", [row("[The cook] saw [the maid] and [him]"), row("[He]", "none")]
)
def test_rows_of_another_form(tmp_path, wrong):
  vectors_by_text.write(tmp_path / "all.jsonl", [wrong])
  with pytest.raises(program.BadInput, match="wanted brackets"):
    winobias.read(tmp_path, "test")
