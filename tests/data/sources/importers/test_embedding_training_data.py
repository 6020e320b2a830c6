"""Tests of data/sources/importers/embedding_training_data.py."""

import json
import pathlib
from typing import Any

import pytest

from data import program
from data.sources import raw
from data.sources import rows
from data.sources.importers import embedding_training_data


def read(path: pathlib.Path, kind: str) -> list[rows.Row]:
  """The rows of a file."""
  importer = embedding_training_data.IMPORTER
  options = importer.settings({}) | {"kind": kind}
  return list(importer.read(raw.File(path), options, path.parent))


@pytest.mark.parametrize(
  "line, fault",
  [
    (7, "is 7; wanted two texts"),
    (["one"], "is ['one']; wanted two texts or more"),
    ({}, "has nothing; wanted query and pos, or set"),
    ({"question": "a", "answer": "b"}, "has question, answer; wanted query"),
    ({"set": ["a", 7]}, "holds 7, which is not text"),
    ({"texts": ["a"]}, "is ['a']; wanted two texts or more"),
  ],
)
@pytest.mark.parametrize("kind", embedding_training_data.IMPORTER.kinds)
def test_lines_of_no_known_form(
  line: Any, fault: str, kind: str, tmp_path: pathlib.Path
) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text(f'{json.dumps(line)}\n["a", "b", "c"]\n')
  faulty, good = read(path, kind)
  assert faulty.fault.startswith(fault)
  assert (good.number, good.fault) == (2, "")


@pytest.mark.parametrize(
  "lines, kind",
  [
    (['["a", "b"]', '["a", "b", "c"]'], "pairs"),
    (["", "broken", "[]", '["a", "b", "c"]'], "triplets"),
    (['{"query": "a", "pos": ["b"], "neg": []}'], "pairs"),
    (['{"query": "a", "pos": "b", "neg": "c"}'], "triplets"),
    (['{"set": ["a", "b", "c"]}'], "pairs"),
    (['{"texts": ["a", "b", "c"]}'], "triplets"),
  ],
)
def test_the_kind_of_a_file(
  lines: list[str], kind: str, tmp_path: pathlib.Path
) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text("\n".join(lines))
  assert embedding_training_data.kind_of(raw.File(path)) == kind


def test_a_file_of_no_kind(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text('{"question": "a", "answer": "b"}\n' * 3)
  with pytest.raises(
    program.BadInput, match=r"t\.jsonl has no line of.*tabular"
  ):
    embedding_training_data.kind_of(raw.File(path))
