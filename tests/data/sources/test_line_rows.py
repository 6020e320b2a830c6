"""Tests of data/sources/line_rows.py."""

import pathlib
import tempfile
import zipfile

import hypothesis
import pytest
from hypothesis import strategies

from data import program
from data.sources import line_rows
from data.sources import raw
from data.sources import rows


def fields(path: pathlib.Path, quoted: bool = False) -> list[rows.Row]:
  """The rows of a file of fields."""
  read = line_rows.of_quoted if quoted else line_rows.of_fields
  return list(
    read(raw.File(path), lambda number, found: [rows.Row(number, found)], "\t")
  )


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
  content=strategies.lists(
    strategies.sampled_from(
      [b"a", b"\n", b"\r\n", b"\t", b"\x85", b"bcd", b" "]
    )
  ),
  at_once=strategies.integers(1, 5),
)
def test_lines_are_those_between_line_feeds(
  content: list[bytes], at_once: int
) -> None:
  whole = b"".join(content)
  before = line_rows.READ_BYTES
  line_rows.READ_BYTES = at_once
  try:
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, "t.txt")
      path.write_bytes(b"first\n" + whole)
      found = list(line_rows.lines(raw.File(path)))
  finally:
    line_rows.READ_BYTES = before
  wanted = (b"first\n" + whole).removesuffix(b"\n").split(b"\n")
  assert [line.line.removesuffix(b"\r") for line in found] == [
    line.removesuffix(b"\r") for line in wanted
  ]
  assert [line.number for line in found] == list(range(1, len(wanted) + 1))


def test_a_line_that_is_too_long(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.setattr(line_rows, "MAX_LINE_BYTES", 100)
  monkeypatch.setattr(line_rows, "READ_BYTES", 60)
  path = tmp_path / "t.tsv"
  path.write_text(f"a\tb\n{'x' * 500}\nc\td\n{'y' * 101}")
  found = fields(path)
  assert [row.number for row in found] == [1, 2, 3, 4]
  assert [list(row.values) for row in found] == [["a", "b"], [], ["c", "d"], []]
  assert found[1].fault == found[3].fault
  assert found[1].fault.startswith("has more than")


def test_bytes_that_are_not_utf8(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_bytes(b"caf\xe9\tb\n\nc\td\n")
  for quoted in (False, True):
    found = fields(path, quoted)
    assert [row.number for row in found if not row.fault] == [3]
    (faulty,) = [row for row in found if row.fault]
    assert faulty.number == 1
    assert faulty.fault.startswith("is not UTF-8: 'caf")


def test_quotes(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.tsv"
  path.write_text('"a\tb\nc"\td ""e""\nf\t"g"h\ni\tj\n')
  found = fields(path, quoted=True)
  assert [list(row.values) for row in found if not row.fault] == [
    ["a\tb\nc", 'd ""e""'],
    ["i", "j"],
  ]
  assert [(r.number, r.fault[:10]) for r in found if r.fault] == [
    (3, "is not CSV")
  ]


def test_a_file_beside_another(tmp_path: pathlib.Path) -> None:
  names = ["qrels/train.tsv", "corpus.jsonl.gz", "queries.jsonl", "b/a.en"]
  with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
    for name in names:
      (tmp_path / name).parent.mkdir(exist_ok=True)
      (tmp_path / name).write_text("text")
      archive.writestr(f"top/{name}", "text")
  for file in (
    raw.File(tmp_path / names[0]),
    raw.File(tmp_path / "all.zip", f"top/{names[0]}"),
  ):
    for name in ("corpus.jsonl", "queries.jsonl"):
      found = line_rows.beside(file, name)
      assert found is not None
      assert found.base == name
    assert line_rows.beside(file, "a.en") is None
    assert line_rows.beside(file, "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"caf\xe9\n"])
def test_a_first_line_that_says_nothing(
  tmp_path: pathlib.Path, content: bytes
) -> None:
  path = tmp_path / "t.tsv"
  path.write_bytes(content)
  with pytest.raises(program.BadInput, match=r"^t\.tsv .*fetch it again"):
    line_rows.header(raw.File(path))
