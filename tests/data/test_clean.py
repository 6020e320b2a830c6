"""Tests of data/clean.py: from data sets to cleaned ones."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import pytest

from data import clean
from data import engine
from data import kinds
from data import program
from data import records
from data.cleaning import copy_flags
from data.cleaning import rules
from data.cleaning import set_parts
from data.cleaning import unique
from tests import programs

_LONG = " ".join(f"word{n}" for n in range(40))
_NEAR = _LONG.replace("word7", "other")
_PAIRS = [
  (("How high is K2?", "8,611 metres"), "k/1"),
  (("how HIGH is k2?", "8,611  metres"), "k/2"),  # a copy
  (("Who says so?", f"{_LONG} <b>indeed</b>"), "k/3"),
  (("Who says so?", f"{_NEAR} indeed"), "k/4"),  # a near one
  (("What else?", f"{_LONG} indeed"), "k/5"),
  (("In the test?", "a text of the test"), "k/6"),
  (("In others?", "a text of others"), "k/7"),
  (("Short?", "no"), "k/8"),
]
_GROUPED = [
  ("how high is K2?", "8,611 METRES", 3),
  ("A new one?", "Yes it is", 4),
]
_SCORED = [("a text", "b text", 0.5), ("A text", "b text", 0.75)]


def _write(
  folder: pathlib.Path,
  kind: str,
  found: Sequence[kinds.Record],
  origins: Sequence[str] = (),
  **more: Any,
) -> pathlib.Path:
  """A data set."""
  columns = ("one", "other", "third")[: 2 if kind == "pairs" else 3]
  about = {"name": folder.name, "kind": kind, "columns": columns}
  with records.Writer(folder, **about, **more) as writer:
    for number, record in enumerate(found):
      writer.write(record, origins[number] if origins else None)
  return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[pathlib.Path]:
  """Data sets of three kinds."""
  folder = tmp_path_factory.mktemp("sets")
  told = {"origin": "site/post", "licence": "CC0", "filters": {"made": 1}}
  _write(folder / "others", "pairs", [("IN others?", "A text of others")])
  (folder / "test").mkdir()
  row = json.dumps({"text": "A text of  the test", "label": "x"})
  (folder / "test" / "test.jsonl").write_text(row + "\n")
  return [
    _write(folder / "pairs", "pairs", *zip(*_PAIRS, strict=True), **told),
    _write(folder / "grouped", "grouped", _GROUPED),
    _write(folder / "scored", "scored", _SCORED),
  ]


def _settings(folder: pathlib.Path, processes: int = 1) -> clean.Settings:
  """All rules at once."""
  return clean.Settings(
    rules.Rules(
      min_chars=4, markup="strip", decontaminate=(str(folder / "test"),)
    ),
    copy_flags.Settings(near_duplicates=0.8, not_in=(str(folder / "others"),)),
    engine.Settings(memory_bytes=2**29, processes=2),
    processes,
  )


def test_data_sets_are_cleaned_together(sources, tmp_path) -> None:
  out = tmp_path / "out"
  result = clean.clean(sources, out, _settings(sources[0].parent))
  assert result["datasets"] == {"pairs": 3, "grouped": 1, "scored": 1}
  assert result["read"] == 12 and result["changed"] == 1
  assert result["dropped"] == {
    "too_short": 1,
    "contaminated": 1,
    "duplicate": 3,
    "not_in": 1,
    "near_duplicate": 1,
  }
  pairs = records.DataSet(out / "pairs")
  assert pairs.manifest.counts == {
    "read": 8,
    "too_short": 1,
    "contaminated": 1,
    "duplicate": 1,
    "not_in": 1,
    "near_duplicate": 1,
    "kept": 3,
    "changed": 1,
  }
  assert pairs.manifest.licence == "CC0" and pairs.manifest.filters["made"] == 1
  assert pairs.manifest.filters["clean"]["near_duplicates"] == 0.8
  found = dict(zip(pairs.read(range(3)), pairs.origins(range(3)), strict=True))
  assert found["What else?", f"{_LONG} indeed"] == "k/5"
  assert set(found.values()) & {"k/1", "k/2"}
  assert set(found.values()) & {"k/3", "k/4"}
  grouped, scored = (records.DataSet(out / n) for n in ("grouped", "scored"))
  assert grouped.read([0]) == [_GROUPED[1]] and not grouped.manifest.origin
  assert scored.read([0])[0] in _SCORED
  # What is clean is left as it is, to the byte.
  again = [out / source.name for source in sources]
  result = clean.clean(again, tmp_path / "2", _settings(sources[0].parent))
  assert result["dropped"] == {} and result["changed"] == 0
  for source in again:
    shards = (
      programs.contents(tmp_path / n / source.name) for n in ("out", "2")
    )
    one, two = (
      {k: v for k, v in found.items() if "array_record" in str(k)}
      for found in shards
    )
    assert one and one == two


def test_a_run_that_was_stopped_gives_the_same(
  sources, tmp_path, monkeypatch
) -> None:
  how = _settings(sources[0].parent)
  clean.clean(sources, tmp_path / "a" / "out", how)
  monkeypatch.setattr(set_parts, "PART_RECORDS", 3)
  choose = unique.choose

  def stopped(*given, **more):
    choose(*given, **more)
    raise KeyboardInterrupt

  monkeypatch.setattr(unique, "choose", stopped)
  with pytest.raises(KeyboardInterrupt):
    clean.clean(sources, tmp_path / "b" / "out", how)
  assert not (tmp_path / "b" / "out").exists()
  ruled = tmp_path / "b" / ".out.work" / "ruled"
  parts = {path: path.stat().st_mtime_ns for path in ruled.glob("*/*.parquet")}
  assert len(parts) == 5
  monkeypatch.setattr(unique, "choose", choose)
  result = clean.clean(sources, tmp_path / "b" / "out", how)
  assert programs.contents(tmp_path / "a") == programs.contents(tmp_path / "b")
  assert clean.clean(sources, tmp_path / "b" / "out", how) == result


def test_another_evaluation_of_the_same_name_counts(sources, tmp_path) -> None:
  folder = tmp_path / "test"
  folder.mkdir()
  how = clean.Settings(
    rules.Rules(decontaminate=(str(folder),)),
    copy_flags.Settings(),
    engine.Settings(memory_bytes=2**29, processes=2),
    1,
  )
  left = []
  for text in ("nothing of this", "a text of the test"):
    (folder / "test.jsonl").write_text(json.dumps([text]) + "\n")
    result = clean.clean(sources[:1], tmp_path / "out", how)
    left.append(result["datasets"]["pairs"])
  assert left == [7, 6]


def test_the_program_says_what_is_left(sources, tmp_path, run_program) -> None:
  given = [f"--in={sources[0]}", f"--out={tmp_path / 'out'}", "--processes=1"]
  ended = run_program("data.clean", *given, "--memory_gb=0.5")
  assert ended.code == 0, ended
  assert ended.result["datasets"] == {"pairs": 7}
  assert ended.result["dropped"] == {"duplicate": 1}
  near = run_program(
    "data.clean", *given, "--near_duplicates=0.8", "--duplicates=keep"
  )
  assert "copies are near copies too" in programs.bad_input(near)


@pytest.mark.long  # It starts two processes, twice.
def test_the_program_writes_the_same_in_two_processes(
  sources, tmp_path, run_program
) -> None:
  how = _settings(sources[0].parent)
  alone = dataclasses.replace(
    how, copies=dataclasses.replace(how.copies, not_in=())
  )
  clean.clean(sources, tmp_path / "1" / "out", alone)
  ended = run_program(
    "data.clean",
    f"--in={sources[0]},{sources[1]}",
    f"--in={sources[2]}",
    f"--out={tmp_path / '2' / 'out'}",
    "--min_chars=4",
    "--markup=strip",
    f"--decontaminate={sources[0].parent / 'test'}",
    "--near_duplicates=0.8",
    "--processes=2",
    "--memory_gb=0.5",
  )
  assert ended.code == 0, ended
  assert ended.result["datasets"] == {"pairs": 4, "grouped": 1, "scored": 1}
  one, two = (programs.contents(tmp_path / n) for n in ("1", "2"))
  assert one == two


def test_wrong_input_is_named(sources, tmp_path) -> None:
  how = _settings(sources[0].parent)
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "notes.txt").write_text("x")
  _write(tmp_path / "pairs", "pairs", [("one", "two")])
  for given, out, says in [
    ([tmp_path], "out", "is not a data set"),
    (sources, "mine", "exists and holds no cleaned data sets"),
    ([*sources, tmp_path / "pairs"], "out", "both are named 'pairs'"),
    ([tmp_path / "pairs"], "out", "nothing is left of"),
  ]:
    with pytest.raises(program.BadInput, match=says):
      clean.clean(given, tmp_path / out, how)
  assert not (tmp_path / "out").exists()
