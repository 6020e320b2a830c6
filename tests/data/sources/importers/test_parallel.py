"""Tests of data/sources/importers/parallel.py."""

import pathlib

import pytest

from data import program
from data.sources import raw
from data.sources.importers import parallel


def read(folder: pathlib.Path, **options: str) -> list[list[str]]:
  """The values of the rows of a.en and another file."""
  given = parallel.IMPORTER.settings(options) | {"kind": "pairs"}
  file = raw.File(folder / "a.en")
  return [list(row.values) for row in parallel.read(file, given, folder)]


def test_two_ways_to_name_the_other_file(tmp_path: pathlib.Path) -> None:
  (tmp_path / "a.en").write_text("one\n\ntwo")
  (tmp_path / "a.de").write_text("eins\n\nzwei\n")
  wanted = [["one", "eins"], ["", ""], ["two", "zwei"]]
  assert read(tmp_path, language="en", translation="de") == wanted
  assert read(tmp_path, in2=str(tmp_path / "a.de")) == wanted


@pytest.mark.parametrize("lines, short", [(2, "a.de"), (4, "a.en")])
def test_numbers_of_lines_that_differ(
  tmp_path: pathlib.Path, lines: int, short: str
) -> None:
  (tmp_path / "a.en").write_text("one\n" * 3)
  (tmp_path / "a.de").write_text("eins\n" * lines)
  least = min(3, lines)
  with pytest.raises(
    program.BadInput, match=rf"^{short} has {least} lines and"
  ):
    read(tmp_path, in2=str(tmp_path / "a.de"))


def test_names_that_do_not_fit(tmp_path: pathlib.Path) -> None:
  (tmp_path / "a.en").write_text("one\n")
  for options, says in (
    ({"language": "en", "translation": "fr"}, r"no a\.fr beside a\.en"),
    ({"language": "fr", "translation": "en"}, r"a\.en does not end in \.fr"),
    ({"in2": str(tmp_path / "*")}, "means 1 files|is not there"),
    ({"in2": str(tmp_path / "b.fr")}, "--in2=.* is not there"),
  ):
    if "*" in options.get("in2", ""):
      (tmp_path / "b.de").write_text("eins\n")
      says = "means 2 files; give one"
    with pytest.raises(program.BadInput, match=says):
      read(tmp_path, **options)
