"""Tests of data/sources/importers/clusters.py."""

import pathlib

import pytest

from data import program
from data.sources import raw
from data.sources import rows
from data.sources.importers import clusters


def read(path: pathlib.Path, kind: str = "pairs") -> list[rows.Row]:
  """The rows of a file."""
  options = clusters.IMPORTER.settings({}) | {"kind": kind}
  return list(clusters.read(raw.File(path), options, path.parent))


@pytest.mark.parametrize(
  "line", ["q:a\tq:b\ta:c", "a\tb", "a:c\tq:b\tq: a", "a\tb\ta\t", "a\tb\ta:c"]
)
def test_the_questions_of_a_cluster(line: str, tmp_path: pathlib.Path) -> None:
  path = tmp_path / "part-0"
  path.write_text(f"{line}\n")
  (row,) = read(path)
  assert sorted(row.values) == ["a", "b"]


def test_quora_has_no_clusters(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "q.csv"
  path.write_text('question1,question2,is_duplicate\n"a, b",c,1\nd,e,maybe\n')
  good, faulty = read(path)
  assert tuple(good.values) == ("a, b", "c")
  assert faulty.fault == "has is_duplicate 'maybe', wanted 0 or 1"
  with pytest.raises(
    program.BadInput, match="in no cluster; give --kind=pairs"
  ):
    read(path, "grouped")
