"""Tests of data/sources/importers/sts.py."""

import pathlib
from typing import Any

import pytest

from data import program
from data.sources import raw
from data.sources import rows
from data.sources.importers import sts

_FORMS = {
  "t.jsonl": '{"s1": "a, b", "s2": "c", "score": 2}\n',
  "objects.jsonl": '{"sentence1": "a, b", "sentence2": "c", "label": "2.0"}\n',
  "header.tsv": "split\tscore\tsentence1\tsentence2\ntrain\t2\ta, b\tc\n",
  "quoted.csv": 'text1,text2,score\n"a, b",c,2\n',
  "sts-train.csv": "g\tf\t2012\t1\t2.000\ta, b\tc\n",
}


def read(path: pathlib.Path, **given: Any) -> list[rows.Row]:
  """The rows of a file."""
  options = sts.IMPORTER.settings(given) | {"kind": "scored"}
  return list(sts.read(raw.File(path), options, path.parent))


@pytest.mark.parametrize("name", _FORMS)
def test_forms(name: str, tmp_path: pathlib.Path) -> None:
  path = tmp_path / name
  path.write_text(_FORMS[name])
  (row,) = read(path)
  assert tuple(row.values) == ("a, b", "c", 0.4)
  (row,) = read(path, min_score=1.0, max_score=2.0)
  assert row.values[2] == 1
  (row,) = read(path, max_score=1.0)
  assert "wanted 0 to 1; give --min_score" in row.fault
  with pytest.raises(
    program.BadInput, match="--min_score=5 and --max_score=5: wanted"
  ):
    read(path, min_score=5.0)


def test_another_split(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_text(
    "split\tscore\tsentence1\tsentence2\ntrain\t1\ta\tb\ntest\t2\tc\td\n"
  )
  assert [row.dropped for row in read(path)] == ["", "other_split"]
  assert [row.dropped for row in read(path, split="test")] == [
    "other_split",
    "",
  ]
