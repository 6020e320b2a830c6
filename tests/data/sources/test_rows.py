"""Tests of data/sources/rows.py."""

import gzip
import json
import pathlib
import tempfile

import hypothesis
import pyarrow
import pytest
from hypothesis import strategies
from pyarrow import parquet

from data import program
from data.sources import rows
from tests.data.sources import table_files

LAYOUT = rows.Layout(table_files.COLUMNS)
TABLE = [("q one", "d one"), ("q two", "d, two"), ("q three", 'd "three"')]


def values(path: pathlib.Path, layout: rows.Layout = LAYOUT) -> list[list[str]]:
  """The values of all rows, of which none may be at fault."""
  found = list(rows.read(path, layout))
  assert [row.fault for row in found if row.fault] == []
  return [list(row.values) for row in found]


def only(path: pathlib.Path, layout: rows.Layout = LAYOUT) -> rows.Row:
  """The only row of a file."""
  (row,) = rows.read(path, layout)
  return row


@pytest.mark.parametrize("name", table_files.FORMATS)
@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
  table=strategies.lists(
    strategies.tuples(
      # The characters that formats and line readers trip over, and any other.
      strategies.text(strategies.sampled_from('a,"\t\r\n\0\u2028\x85\ufeff')),
      strategies.text(),
    )
  )
)
def test_every_format_gives_back_every_text(
  name: str, table: list[tuple[str, str]]
) -> None:
  with tempfile.TemporaryDirectory() as folder:
    path = table_files.write(pathlib.Path(folder), name, table)
    assert values(path) == [list(row) for row in table]


@pytest.mark.parametrize("name", table_files.FORMATS)
def test_numbers_of_rows(tmp_path: pathlib.Path, name: str) -> None:
  path = table_files.write(tmp_path, name, TABLE)
  found = [row.number for row in rows.read(path, LAYOUT)]
  header = 1 if ".csv" in name.lower() or ".tsv" in name else 0
  assert found == [header + 1, header + 2, header + 3]
  unit = "row" if name.endswith("parquet") else "line"
  assert rows.place(path, 7) == f"{path} {unit} 7"


@pytest.mark.parametrize(
  "line, fault",
  [
    ("no JSON", "is not JSON: 'no JSON'"),
    ('{"query": "cut sho', "is not JSON"),
    ("[" * 100_000, "is not JSON"),
    ("9" * 5_000, "is not JSON"),
    ('"text"', "is no list and no object: 'text'"),
    ("7", "is no list and no object"),
    ("null", "is no list and no object"),
    ("[]", "has 0 values, wanted 2"),
    ('["one"]', "has 1 values, wanted 2"),
    ('[["a", "b"], ["c", "d"]]', "is a list of lists"),
    ("{}", "has no 'query', only none"),
    ('{"query": 1, "answer": 2}', "has no 'document', only 'query', 'answer'"),
  ],
)
def test_lines_of_json_at_fault(
  tmp_path: pathlib.Path, line: str, fault: str
) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text(f'["a", "b"]\n\n{line}\n["c", "d"]\n')
  first, second, third = rows.read(path, LAYOUT)
  assert (first.values, third.values) == (["a", "b"], ["c", "d"])
  assert (second.number, third.number) == (3, 4)  # The blank line counts.
  assert second.fault.startswith(fault)
  assert len(second.fault) < 200


def test_as_many_values_of_a_list_as_names(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text('["a", "b", "c", ["d"]]\n')
  for names in (("x", "y"), ("x", "y", "z")):
    assert len(only(path, rows.Layout(names)).values) == len(names)
  assert only(path, rows.Layout(("w", "x", "y", "z"))).fault


@pytest.mark.parametrize(
  "text, number, fault",
  [
    ("query,document\na\nb,c\n", 2, "has 1 values, wanted 2 as in line 1"),
    ("query,document\na,b,c\nb,c\n", 2, "has 3 values, wanted 2"),
    ('query,document\n"a"x,b\nb,c\n', 2, "is not CSV (',' expected after"),
    ('query,document\nd,e\n\n"a,b\nb,c\n', 4, "is not CSV (unexpected end of"),
    ("query,document\na\rb,c\nb,c\n", 2, "is not CSV (new-line character"),
  ],
)
def test_lines_of_csv_at_fault(
  tmp_path: pathlib.Path, text: str, number: int, fault: str
) -> None:
  path = tmp_path / "t.csv"
  path.write_text(text, newline="")
  (found,) = [row for row in rows.read(path, LAYOUT) if row.fault]
  assert found.number == number
  assert found.fault.startswith(fault)


def test_a_quote_that_never_ends(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.setattr(rows, "FIELD_CHARS", 1000)
  path = tmp_path / "t.tsv"
  lines = ["query\tdocument", 'a\t"b'] + ["c\td"] * 1000
  path.write_text("\n".join(lines))
  first = next(rows.read(path, LAYOUT))
  assert first.number == 2
  assert first.fault.startswith("is not CSV (field larger than field limit")
  assert first.fault.endswith("give --quotes=none")
  plain = values(path, rows.Layout(table_files.COLUMNS, quotes="none"))
  assert plain == [["a", '"b']] + [["c", "d"]] * 1000


def test_a_delimiter_of_ones_own(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.csv"
  path.write_text("query;document\na,b;c\n")
  assert values(path, rows.Layout(table_files.COLUMNS, ";")) == [["a,b", "c"]]
  with pytest.raises(program.BadInput, match="only 'query;document'"):
    values(path)


@pytest.mark.parametrize(
  "name, content",
  [
    ("t.jsonl", b'["caf\xe9", "b"]\n["c", "d"]'),
    ("t.jsonl", b'["caf\\udce9", "b"]\n["c", "d"]'),
    ("t.csv", b"query,document\ncaf\xe9,b\nc,d\n"),
  ],
)
def test_bytes_that_are_not_utf8_are_marked(
  tmp_path: pathlib.Path, name: str, content: bytes
) -> None:
  (tmp_path / name).write_bytes(content)
  assert values(tmp_path / name) == [["caf\udce9", "b"], ["c", "d"]]


@pytest.mark.parametrize(
  "kind", [pyarrow.binary(), pyarrow.large_binary()], ids=str
)
def test_parquet_bytes_are_text(
  tmp_path: pathlib.Path, kind: pyarrow.DataType
) -> None:
  table = pyarrow.table(
    {
      "query": pyarrow.array([b"caf\xe9", None, b""], kind),
      "document": pyarrow.array(["é", "b", "c"], pyarrow.large_string()),
    }
  )
  parquet.write_table(table, tmp_path / "t.parquet")
  found = values(tmp_path / "t.parquet")
  assert found == [["caf\udce9", "é"], [None, "b"], ["", "c"]]


def test_parquet_lists_and_dictionaries(tmp_path: pathlib.Path) -> None:
  table = pyarrow.table(
    {
      "query": pyarrow.array(["a", "a"]).dictionary_encode(),
      "document": pyarrow.array([["b", "c"], None]),
    }
  )
  parquet.write_table(table, tmp_path / "t.parquet")
  assert values(tmp_path / "t.parquet") == [["a", ["b", "c"]], ["a", None]]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_a_column_that_is_not_there(tmp_path: pathlib.Path, name: str) -> None:
  path = table_files.write(tmp_path, name, TABLE)
  with pytest.raises(
    program.BadInput, match=r"no column 'answer', only '(doc|que)"
  ):
    values(path, rows.Layout(("query", "answer")))


def test_many_columns_are_not_all_shown(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.csv"
  path.write_text(",".join(f"c{i}" for i in range(500)) + "\n")
  with pytest.raises(program.BadInput, match=r"'c19', \.\.\.;"):
    values(path)


def test_two_columns_of_one_name(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.csv"
  path.write_text("query,document,query\na,b,c\n")
  with pytest.raises(program.BadInput, match="several columns 'query'"):
    values(path)


DAMAGED = {
  "an unknown extension": ("t.txt", b"a", "kind that is not known; wanted"),
  "no extension": ("t", b"a", "kind that is not known; wanted"),
  "gz alone": ("t.gz", b"a", "kind that is not known; wanted"),
  "gzipped Parquet": ("t.parquet.gz", b"a", "kind that is not known; wanted"),
  "no gzip": ("t.jsonl.gz", b"[1]", "no whole gzip file after line 0"),
  "gzip cut short": (
    "t.csv.gz",
    gzip.compress(b"query,document\na,b\n")[:-8],
    r"no whole gzip file after line \d",
  ),
  "gzip with holes": (
    "t.jsonl.gz",
    gzip.compress(b'["a", "b"]\n')[:10] + b"\xff" * 99,
    r"no whole gzip file after line 0 \(Error -3",
  ),
  "gzip with junk": (
    "t.jsonl.gz",
    gzip.compress(b'["a", "b"]\n') + b"junk",
    "no whole gzip file after line 1",
  ),
  "a flipped gzip": (
    "t.jsonl.gz",
    gzip.compress(b'["a", "b"]\n')[:-8] + b"checksum",
    r"no whole gzip file after line \d \(CRC check failed",
  ),
  "empty CSV": ("t.csv", b"", "is empty; wanted a first line with the names"),
  "a broken header": ("t.csv", b'"query"x,document\n', "line 1 is not CSV"),
  "UTF-16": ("t.csv", "query,document".encode("utf-16"), "is UTF-16; convert"),
  "no Parquet": ("t.parquet", b"PAR1 and more", "not a whole Parquet file"),
  "empty Parquet": ("t.parquet", b"", "not a whole Parquet file"),
  "Parquet cut short": (
    "t.parquet",
    table_files.columnar(TABLE)[:-20],
    "not a whole Parquet file",
  ),
}


@pytest.mark.parametrize("name, content, says", DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_cannot_be_read(
  tmp_path: pathlib.Path, name: str, content: bytes, says: str
) -> None:
  (tmp_path / name).write_bytes(content)
  with pytest.raises(program.BadInput, match=says) as error:
    values(tmp_path / name)
  assert str(tmp_path / name) in str(error.value)


def test_a_file_without_lines(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.setattr(rows, "LINE_BYTES", 1000)
  path = tmp_path / "t.json"
  path.write_text(json.dumps([["a", "b"]] * 1000))
  with pytest.raises(program.BadInput, match="line 1 has more than 1,000 byte"):
    values(path)
