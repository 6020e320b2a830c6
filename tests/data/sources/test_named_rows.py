"""Tests of data/sources/named_rows.py."""

import pathlib
from typing import Any

import pytest

from data import program
from data.sources import named_rows
from data.sources import raw
from data.sources import rows

_NAMES = {"one": ("a", "first"), "other": ("b",), "split?": ("part",)}
_FILES = {
  "objects": '{"x": 1, "first": "p", "b": "q", "part": "s"}\n{"b": "t"}\n',
  "a table": "x\tfirst\tb\tpart\n1\tp\tq\ts\nu\tt\n",
  "a quoted table": '"x"\tfirst\t"b"\tpart\n1\t"p"\tq\ts\nu\tt\n',
}


def read(path: pathlib.Path, **options: Any) -> list[rows.Row]:
  """The rows of a file, whose values are in an object."""
  return list(
    named_rows.read(
      raw.File(path), _NAMES, lambda n, found: [rows.Row(n, [found])], **options
    )
  )


@pytest.mark.parametrize("name", _FILES)
def test_values_by_their_names(name: str, tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_text(_FILES[name])
  good, faulty = read(path, quoted="quoted" in name)
  assert good.values == [{"one": "p", "other": "q", "split": "s"}]
  assert faulty.number == good.number + 1
  assert faulty.fault in ("has b; wanted a", "has 2 fields, wanted 4")


def test_a_table_without_names(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.csv"
  path.write_text('p\t"q\tmore\nt\n')
  good, faulty = read(path, header=("a", "b"))
  assert good.values == [{"one": "p", "other": '"q'}]
  assert faulty.fault == "has 1 fields, wanted 2"


def test_a_table_of_another_kind(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_text("x\ty\n1\t2\n")
  with pytest.raises(
    program.BadInput, match=r"columns x, y; wanted a or first"
  ):
    read(path)
