"""A corpus gives back what was written, from any place in it."""

import json

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from data import documents
from data import program

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def listed(pairs):
  return [
    documents.Document(name, text, f"a.jsonl, line {line}")
    for line, (name, text) in enumerate(pairs, 1)
  ]


@settings(max_examples=40, deadline=None)
@given(
  pairs=st.dictionaries(_TEXTS, _TEXTS, max_size=12), held=st.integers(1, 5)
)
def test_it_is_read_as_it_was_written(tmp_path_factory, pairs, held):
  folder = tmp_path_factory.mktemp("corpus")
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(documents, "_HELD", held)
    written = documents.write(folder, listed(pairs.items()))
  read = documents.Documents(folder, written.digest)
  count = len(pairs)
  assert (len(read), written.documents) == (count, count)
  assert read.read(0, count) == list(pairs.values())
  backwards = [(row.name, row.text) for row in read.at(range(count)[::-1])]
  assert backwards == list(pairs.items())[::-1]
  lines = (folder / documents.TEXTS).read_bytes().split(b"\n")[:-1]
  assert [json.loads(line) for line in lines] == [
    {"_id": name, "text": text} for name, text in pairs.items()
  ]
  starts = np.fromfile(folder / documents.STARTS, "<u8")
  assert np.diff(starts).tolist() == [len(line) + 1 for line in lines]


def test_ids_alone(tmp_path):
  documents.write(tmp_path, listed([("a", "one"), ("b", "two")]))
  out = tmp_path / "out"
  out.mkdir()
  documents.without_texts(tmp_path, out)
  assert (out / documents.TEXTS).read_text() == '{"_id":"a"}\n{"_id":"b"}\n'
  read = documents.Documents(out)
  assert [row.name for row in read.rows(0, 2)] == ["a", "b"]
  assert read.read(1, 2) == [""]


@pytest.mark.parametrize("held", [2, 100])
def test_an_id_that_comes_twice_is_named(monkeypatch, tmp_path, held):
  monkeypatch.setattr(documents, "_HELD", held)
  pairs = [("a", "1"), ("b", "2"), ("c", "3"), ("b", "4")]
  said = "a.jsonl, line 4 has _id 'b' again, which text 1 .* of 3 has; rename"
  with pytest.raises(program.BadInput, match=said):
    documents.write(tmp_path, listed(pairs))


def test_an_id_whose_hash_was_seen_is_no_duplicate(monkeypatch, tmp_path):
  def colliding(_: object) -> int:
    return 7

  monkeypatch.setattr(documents.xxhash, "xxh3_64_intdigest", colliding)
  pairs = [("a", "1"), ("b", "2"), ("c", "3")]
  assert documents.write(tmp_path, listed(pairs)).documents == 3


def test_a_file_that_was_cut_short_is_named(tmp_path):
  documents.write(tmp_path, listed([("a", "one"), ("b", "two")]))
  with (tmp_path / documents.TEXTS).open("ab") as file:
    file.truncate(30)
  with pytest.raises(program.BadInput, match="30 bytes.*speaks of.*write them"):
    documents.Documents(tmp_path)
  with pytest.raises(program.BadInput, match="no corpus"):
    documents.Documents(tmp_path / "nowhere")
