"""Tests of data/sources/importers/msmarco.py."""

import pathlib

import pytest

from data import program
from data.sources import raw
from data.sources import rows
from data.sources.importers import msmarco


def read(path: pathlib.Path, kind: str, **given: str) -> list[rows.Row]:
  """The rows of a file."""
  options = msmarco.IMPORTER.settings(given) | {"kind": kind}
  return list(msmarco.read(raw.File(path), options, path.parent / "scratch"))


@pytest.mark.parametrize(
  "line, kind, fault",
  [
    ("7\t70\t71", "triplets", "has ids; give their texts by --queries and"),
    ("7\t0\t70\t1", "pairs", "has ids; give their texts"),
    ("q\tp", "triplets", "has 2 fields; wanted query, passage and negative"),
    ("q", "pairs", "has 1 fields"),
    ("7\t0\t70\t1", "triplets", "has 4 fields"),
  ],
)
def test_lines_that_do_not_fit(
  line: str, kind: str, fault: str, tmp_path: pathlib.Path
) -> None:
  path = tmp_path / "t.tsv"
  path.write_text(f"{line}\na q\ta p\tan n\n")
  faulty, good = read(path, kind)
  assert faulty.fault.startswith(fault)
  wanted = ("a q", "a p", "an n")
  assert tuple(good.values) == (wanted if kind == "triplets" else wanted[:2])


def test_texts_of_ids(tmp_path: pathlib.Path) -> None:
  for name, text in (
    ("queries", "7\tseven\n8\n"),
    ("collection", "70\tseventy\thttps://example.org\n71\tseventy-one\n"),
    ("t", "7\t70\t71\n9\t70\t71\n7\t70\t79\n"),
  ):
    (tmp_path / f"{name}.tsv").write_text(text)
  given = {
    name: str(tmp_path / f"{name}.tsv") for name in ("queries", "collection")
  }
  bad, good, *missing = read(tmp_path / "t.tsv", "triplets", **given)
  assert bad.where == "queries.tsv line 2"
  assert list(good.values) == ["seven", "seventy", "seventy-one"]
  assert good.origin == "7/70/71"
  assert [row.fault for row in missing] == [
    "names '9', which --queries has not",
    "names '79', which --collection has not",
  ]
  with pytest.raises(
    program.BadInput, match="--queries is there and the other"
  ):
    read(tmp_path / "t.tsv", "triplets", queries=given["queries"])
