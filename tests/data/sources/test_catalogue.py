"""The catalogue's program lists data sets and writes their mixture."""

import json

import pytest

from data import mixture
from data import program
from data import records
from data.catalogue import table
from data.sources import catalogue
from tests import programs

SETS = {
  "squad": "squad",
  "gooaq": "gooaq",
  "stackexchange_title_body_small": "stackexchange_title_body_small",
  "reddit": "reddit/train",
}


@pytest.fixture
def root(tmp_path):
  """A folder with four data sets of the catalogue, and one that is none."""
  for name, folder in (*SETS.items(), ("mine", "mine")):
    with records.Writer(
      tmp_path / "sets" / folder,
      name=name,
      kind="pairs",
      columns=("query", "document"),
    ) as writer:
      for i in range(3):
        writer.write((f"{name} {i}", f"text {i}"))
  return tmp_path / "sets"


def test_the_list_has_all(run_program):
  ended = run_program("data.sources.catalogue", "--list", "--json")
  assert ended.code == 0, ended
  assert ended.result["datasets"] == len(table.ENTRIES)
  assert ended.result["mixture_pairs"] == table.MIXTURE_TOTAL
  assert ended.result["card_pairs"] == table.CARD_SUM
  for name, one in table.ENTRIES.items():
    found = ended.result["entries"][name]
    assert found["published"] == one.published
    assert found["published_at"] == one.published_at
    assert found["on_card"] == (name in table.CARD)
    (line,) = [x for x in ended.out.splitlines() if x.startswith(f"{name} ")]
    assert f"{one.published:,}" in line and one.licence in line


@pytest.mark.parametrize(
  "place", ["sets/mixture.json", "far/away/mixture.json"]
)
def test_the_mixture_is_of_what_is_there(run_program, root, tmp_path, place):
  path = tmp_path / place
  ended = run_program(
    "data.sources.catalogue", f"--mixture={path}", f"--root={root}"
  )
  assert ended.code == 0, ended
  opened = mixture.open_mixture(str(path))
  # The small one has no weight there, and ours is not in the catalogue.
  assert dict(zip(opened.names, opened.weights, strict=True)) == {
    "gooaq": 247,
    "squad": 22,
    "reddit": 328,
  }
  assert [len(one) for one in opened.data_sets] == [3, 3, 3]
  assert sorted(ended.result["datasets"]) == ["gooaq", "reddit", "squad"]
  assert ended.result["weight"] == 597
  assert ended.result["published_weight"] == 4_737
  assert ended.result["published_datasets"] == 33


def test_what_cannot_be_written_is_said(run_program, root, tmp_path):
  bad = "data.sources.catalogue"
  ended = run_program(bad, f"--mixture={tmp_path / 'mixture.json'}")
  assert "--root is missing" in programs.bad_input(ended)
  ended = run_program(bad)
  assert "give one of --list and --mixture" in programs.bad_input(ended)
  ended = run_program(bad, f"--mixture={root / 'm.txt'}", f"--root={root}")
  assert "does not end in .json" in programs.bad_input(ended)
  with pytest.raises(program.BadInput, match="none of the catalogue's data se"):
    catalogue.mixture(tmp_path, tmp_path)
  (root / "squad" / "manifest.json").write_text(json.dumps({"name": "squad"}))
  with pytest.raises(program.BadInput, match="not a manifest of this schema"):
    catalogue.mixture(root, tmp_path)
