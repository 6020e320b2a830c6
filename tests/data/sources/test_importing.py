"""Tests of data/sources/importing.py."""

import pathlib

import pytest
from absl import flags

from data import program
from data import records
from data.sources import importing
from data.sources import raw
from data.sources import sieve
from data.sources import sifted
from data.sources.importers import embedding_training_data
from data.sources.importers import table
from tests import programs


@pytest.mark.parametrize("name", table.IMPORTERS)
def test_flags(name: str) -> None:
  importer = table.IMPORTERS[name]
  before = set(flags.FLAGS)
  importing.define_flags(importer)
  try:
    assert {"in", "out", "kind", "max_bad_share"} <= set(flags.FLAGS)
    for option, default in importer.settings({}).items():
      assert flags.FLAGS[option].default == default
  finally:
    for flag in set(flags.FLAGS) - before:
      delattr(flags.FLAGS, flag)


def test_the_command_of_a_docstring(tmp_path: pathlib.Path) -> None:
  words = embedding_training_data.__doc__
  result = programs.run_docstring(words, tmp_path).result
  assert (result["out"], result["datasets"]) == ("runs/k2", {"k2": 1})
  data_set = records.DataSet(tmp_path / "runs" / "k2")
  assert data_set.read([0]) == [("how high is K2?", "8,611 metres")]


def test_what_a_kill_left_is_in_nobodys_way(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_text("1.jpg#0\tone\n1.jpg#1\ttwo\n")
  for name in (".set.scratch/0/group-000", ".set.partial/00000"):
    left = tmp_path / name
    left.parent.mkdir(parents=True)
    left.write_text('["of another run", ["three"]]\n')
  importing.convert(
    table.IMPORTERS["captions"],
    [raw.File(path)],
    tmp_path / "set",
    rules=sieve.Rules("pairs"),
    about=sifted.About("set"),
  )
  assert sorted(p.name for p in tmp_path.iterdir()) == ["set", "t.tsv"]
  assert len(records.DataSet(tmp_path / "set")) == 1


def test_a_file_that_would_be_replaced(tmp_path: pathlib.Path) -> None:
  with pytest.raises(program.BadInput, match="is inside --out"):
    importing.convert(
      table.IMPORTERS["captions"],
      [raw.File(tmp_path / "set" / "t.tsv")],
      tmp_path / "set",
      rules=sieve.Rules("pairs"),
      about=sifted.About("set"),
    )
