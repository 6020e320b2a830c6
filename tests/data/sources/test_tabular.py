"""Tests of data/sources/tabular.py."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from data import program
from data import records
from data.cleaning import rules as rules_lib
from data.sources import rows
from data.sources import sieve
from data.sources import tabular
from tests import programs
from tests.data.sources import table_files

ROOT = pathlib.Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "data.sources.tabular"]
TABLE = [(f"query {i}", f"document, {i}") for i in range(5)]


def convert(
  files: list[pathlib.Path], out: pathlib.Path, **rules: Any
) -> dict[str, Any]:
  """Makes pairs of the files."""
  return tabular.convert(
    files,
    out,
    layout=rows.Layout(table_files.COLUMNS),
    rules=sieve.Rules("pairs", **rules),
    name="test",
  )


def run(folder: pathlib.Path, *given: str) -> subprocess.CompletedProcess[str]:
  """Runs the program in a folder, to its end."""
  return subprocess.run(
    [*COMMAND, *given],
    cwd=folder,
    env=os.environ | {"PYTHONPATH": str(ROOT)},
    capture_output=True,
    text=True,
    check=False,
  )


@pytest.mark.parametrize("name", table_files.FORMATS)
def test_every_format(tmp_path: pathlib.Path, name: str) -> None:
  table = [*TABLE, ("", "b"), TABLE[0], ("same", "Same")]
  path = table_files.write(tmp_path, name, table)
  result = convert([path], tmp_path / "set")
  assert result.pop("seconds") >= 0
  assert result == {
    "out": str(tmp_path / "set"),
    "kind": "pairs",
    "records": 5,
    "datasets": {"test": 5},
    "read": 8,
    "dropped": {"empty": 1, "duplicate": 1, "identical": 1},
  }
  data_set = records.DataSet(tmp_path / "set")
  assert sorted(data_set.read(range(5))) == TABLE
  assert data_set.manifest.counts == {
    "read": 8,
    "kept": 5,
    "empty": 1,
    "duplicate": 1,
    "identical": 1,
  }
  assert data_set.manifest.filters["max_chars"] == 100_000


def test_several_files(tmp_path: pathlib.Path) -> None:
  paths = [
    table_files.write(tmp_path, "t.parquet", TABLE[3:]),
    table_files.write(tmp_path, "t.csv", TABLE[:4]),
  ]
  assert convert(paths, tmp_path / "set")["dropped"] == {"duplicate": 1}
  found = records.DataSet(tmp_path / "set").read(range(5))
  assert sorted(found) == TABLE


def test_find(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv("HOME", str(tmp_path))
  (tmp_path / "d.jsonl").mkdir()
  for name in ("b.jsonl", "a.jsonl", "c.csv", "x,y.csv", "e[1].csv"):
    (tmp_path / name).write_text("")

  def found(*names: str) -> list[str]:
    return [path.name for path in tabular.find(names)]

  assert found("b.jsonl", "a.jsonl") == ["b.jsonl", "a.jsonl"]
  assert found("b.jsonl, a.jsonl,") == ["b.jsonl", "a.jsonl"]
  assert found("*.jsonl") == ["a.jsonl", "b.jsonl"]
  assert found("b.jsonl", "*.jsonl") == ["b.jsonl", "a.jsonl"]
  assert found("*.jsonl,c.csv") == ["a.jsonl", "b.jsonl", "c.csv"]
  assert found("x,y.csv") == ["x,y.csv"]
  assert found("e[1].csv") == ["e[1].csv"]
  assert found("~/c.csv") == ["c.csv"]
  assert found() == []
  for name in ("nowhere.csv", "*.tsv", "a.jsonl,nowhere.csv"):
    with pytest.raises(program.BadInput, match=r"--in=\S+ is not there; give"):
      found(name)
  with pytest.raises(program.BadInput, match=r"a folder.*'d\.jsonl/\*\.jsonl'"):
    found("d.jsonl")


@pytest.mark.parametrize(
  "columns, wanted, kind",
  [
    ("q,d", "", "pairs"),
    ("q,d,n", "", "triplets"),
    ("q,d,n,m", "", "triplets"),
    ("a,b,s", "scored", "scored"),
    ("a", "texts", "texts"),
    ("q,d,n,s", "scored_triplets", "scored_triplets"),
    ("q,d,n,m,s", "scored_triplets", "scored_triplets"),
    ("q,d,g", "grouped", "grouped"),
  ],
)
def test_kinds(columns: str, wanted: str, kind: str) -> None:
  assert tabular.kind_of(wanted, columns.split(",")) == kind


@pytest.mark.parametrize(
  "columns, wanted",
  [
    ("q", ""),
    ("q,q", ""),
    ("q,,d", ""),
    ("q,d,n", "pairs"),
    ("q,d", "triplets"),
    ("a,b", "scored"),
    ("a,b,s,t", "scored"),
    ("a,b", "texts"),
    ("q,d,s", "scored_triplets"),
    ("q,d", "grouped"),
    ("q,d,g,h", "grouped"),
  ],
)
def test_columns_that_do_not_fit(columns: str, wanted: str) -> None:
  with pytest.raises(program.BadInput, match="--columns"):
    tabular.kind_of(wanted, columns.split(","))


_ROWS = {
  "texts": [{"s": "one"}, {"s": ["two", "three"]}],
  "scored_triplets": [
    {"q": "a", "p": ["b"], "n": ["c", "d"], "s": [3, 2.5, 1]},
    {"q": "e", "p": "f", "n": "g", "s": [1, 0]},
  ],
  "grouped": [{"q": "a", "d": "b", "g": "x"}, {"q": "c", "d": "d", "g": 7}],
}
_RECORDS = {
  "texts": [("one",), ("three",), ("two",)],
  "scored_triplets": [
    ("a", "b", "c", "d", (3.0, 2.5, 1.0)),
    ("e", "f", "g", (1.0, 0.0)),
  ],
  "grouped": [("a", "b", "x"), ("c", "d", 7)],
}


@pytest.mark.parametrize("kind", _ROWS)
@pytest.mark.parametrize("style", ["objects", "lists"])
def test_kinds_of_files(tmp_path: pathlib.Path, kind: str, style: str) -> None:
  rows_ = _ROWS[kind]
  names = tuple(rows_[0])
  if style == "lists":  # whose texts are one each, but for the negatives
    rows_ = [list(row.values()) for row in rows_]
    if kind == "texts":
      rows_ = [["one"], ["two"], ["three"]]
    if kind == "scored_triplets":
      rows_[0][1] = "b"
  path = tmp_path / "t.jsonl"
  path.write_text("".join(json.dumps(row) + "\n" for row in rows_))
  tabular.convert(
    [path],
    tmp_path / "set",
    layout=tabular.layout_of(kind, names, None, "double"),
    rules=sieve.Rules(kind),
    name="test",
  )
  data_set = records.DataSet(tmp_path / "set")
  assert data_set.manifest.kind == kind
  assert sorted(data_set.read(range(len(data_set)))) == _RECORDS[kind]


def test_a_later_file_is_looked_at_first(tmp_path: pathlib.Path) -> None:
  paths = [tmp_path / "first.jsonl", tmp_path / "later.csv"]
  paths[0].write_text("at fault, but with a line number that is not asked for")
  paths[1].write_text("query,answer\na,b\n")
  with pytest.raises(program.BadInput, match=r"later\.csv has no column 'docu"):
    convert(paths, tmp_path / "set")


def test_no_record_is_left(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text('["a", ""]\n["b", null]\n{"q": "c"}\n')
  with pytest.raises(program.BadInput) as error:
    convert([path], tmp_path / "set", max_bad_share=1.0)
  message = str(error.value)
  assert f"no record is left of 3 in {path} (2 empty, 1 bad_record)" in message
  assert "line 3 has no 'query', only 'q'" in message
  assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("former", [[], TABLE[:2]])
@pytest.mark.parametrize("stop", [program.BadInput, KeyboardInterrupt])
def test_a_run_that_fails_changes_nothing(
  tmp_path: pathlib.Path,
  monkeypatch: pytest.MonkeyPatch,
  former: table_files.Table,
  stop: type[BaseException],
) -> None:
  if former:
    convert([table_files.write(tmp_path, "t.csv", former)], tmp_path / "set")
  before = sorted(tmp_path.rglob("*"))

  def failing(path: pathlib.Path, layout: rows.Layout) -> Iterator[rows.Row]:
    yield rows.Row(1, ("a", "b"))
    raise stop("ours")

  monkeypatch.setattr(rows, "read", failing)
  with pytest.raises(stop, match="ours"):
    convert([tmp_path / "any.csv"], tmp_path / "set")
  assert sorted(tmp_path.rglob("*")) == before
  if former:
    assert sorted(records.DataSet(tmp_path / "set").read([0, 1])) == former


def test_input_inside_the_data_set_that_goes(tmp_path: pathlib.Path) -> None:
  path = table_files.write(tmp_path, "t.csv", TABLE)
  convert([path], tmp_path / "set")
  path = path.rename(tmp_path / "set" / "t.csv")
  with pytest.raises(program.BadInput, match="is inside --out"):
    convert([path], tmp_path / "set")
  assert path.exists()


def test_the_command_of_the_docstring(tmp_path: pathlib.Path) -> None:
  result = programs.run_docstring(tabular.__doc__, tmp_path).result
  assert (result["out"], result["records"]) == ("runs/faq", 1)
  data_set = records.DataSet(tmp_path / "runs" / "faq")
  assert data_set.name == "faq"
  assert data_set.manifest.columns == ("query", "document")


def test_flags(tmp_path: pathlib.Path) -> None:
  table = [{"a": f"first {i}", "b": f"second {i}", "s": i} for i in range(4)]
  for i in (0, 2):
    lines = [json.dumps(row) + "\n" for row in table[i : i + 2]]
    (tmp_path / f"{i}.jsonl").write_text("".join(lines) + "bad\n")
  ended = run(
    tmp_path,
    *("--in=2.jsonl", "--in=*.jsonl", "--out=set", "--columns=b,a,s"),
    *("--kind=scored", "--name=other", "--source=a dump", "--licence=CC0"),
    *("--on_bad_record=skip", "--min_chars=7", "--max_chars=8"),
  )
  assert ended.returncode == 0
  result = json.loads(ended.stdout)
  assert (result["kind"], result["records"], result["read"]) == ("scored", 4, 6)
  data_set = records.DataSet(tmp_path / "set")
  assert sorted(data_set.read(range(4))) == [
    (f"second {i}", f"first {i}", float(i)) for i in range(4)
  ]
  manifest = data_set.manifest
  assert (manifest.name, manifest.source, manifest.licence) == (
    "other",
    "a dump",
    "CC0",
  )
  cleaning = rules_lib.Rules(min_chars=7, max_chars=8)
  assert manifest.filters == {
    **cleaning.as_dict(),
    "duplicates": "drop",
    "max_bad_share": 1.0,
  }


def test_so_many_bad_rows(tmp_path: pathlib.Path) -> None:
  (tmp_path / "t.jsonl").write_text('["a", "b"]\n["c", "d"]\nbad\n')
  for share, code in (("0.3", 2), ("0.4", 0)):
    ended = run(
      tmp_path,
      *("--in=t.jsonl", "--out=set", "--columns=q,d"),
      f"--max_bad_share={share}",
    )
    assert ended.returncode == code
  assert json.loads(ended.stdout)["dropped"] == {"bad_record": 1}


@pytest.mark.parametrize(
  "given, says",
  [
    ([], "--in is missing"),
    (["--in=t.csv"], "--out is missing"),
    (["--in=t.csv", "--out=o", "--columns=query,answer"], "no column 'answer'"),
    (
      ["--in=t.csv", "--out=o", "--columns=a,b", "--delimiter=\\t"],
      "or, for a tab, ",
    ),
    (["--in=t.csv", "--out=o", "--columns=a,b", "--max_chars=0"], "_chars=0"),
    (["--in=t.csv", "--out=o", "--kind=any"], "--kind=any"),
  ],
)
def test_wrong_flags(
  tmp_path: pathlib.Path, given: list[str], says: str
) -> None:
  table_files.write(tmp_path, "t.csv", TABLE)
  ended = run(tmp_path, *given)
  assert ended.returncode == 2
  assert says in ended.stderr
  assert ended.stderr.startswith("tabular.py: ")
  assert ended.stderr.count("\n") == 1
  assert ended.stdout == ""
  assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
  "number, code, left, at",
  [
    (signal.SIGINT, 130, [], "."),  # while it reads
    (signal.SIGINT, 130, [], "00000.array_record"),  # while it writes
    (signal.SIGKILL, -9, [".set.partial"], "00000.array_record"),
  ],
)
def test_a_run_that_is_stopped(
  tmp_path: pathlib.Path, number: int, code: int, left: list[str], at: str
) -> None:
  convert([table_files.write(tmp_path, "t.csv", TABLE)], tmp_path / "set")
  many = [(f"query {i}", f"document {i}") for i in range(100_000)]
  table_files.write(tmp_path, "lists.jsonl", many)
  process = subprocess.Popen(
    [*COMMAND, "--in=lists.jsonl", "--out=set", "--columns=q,d"],
    cwd=tmp_path,
    env=os.environ | {"PYTHONPATH": str(ROOT)},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )
  awaited = tmp_path / ".set.partial" / at
  while process.poll() is None and not awaited.exists():
    time.sleep(0.01)
  process.send_signal(number)
  output, errors = process.communicate(timeout=60)
  assert process.returncode == code
  assert (output, "Traceback" in errors) == ("", False)
  names = sorted(path.name for path in tmp_path.iterdir())
  assert names == [*left, "lists.jsonl", "set", "t.csv"]
  assert sorted(records.DataSet(tmp_path / "set").read(range(5))) == TABLE
  # What a kill left behind is in nobody's way.
  convert([tmp_path / "t.csv"], tmp_path / "set")
  assert not (tmp_path / ".set.partial").exists()
