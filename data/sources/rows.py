"""Rows of JSONL, CSV, TSV and Parquet files, one at a time.

JSONL holds an object or a list a line; CSV and TSV begin with a line of column
names, and fields may be quoted as RFC 4180 says; all but Parquet may be
gzipped. Reading takes constant memory. A row that cannot be read is handed
over with its fault, for the caller to stop at or to skip; a file that cannot
be read raises `program.BadInput`.
"""

import csv
import gzip
import json
import os
import pathlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow
from pyarrow import parquet

from data import program

LINE_BYTES = 64 * 2**20  # A longer line is no row but a file without lines.
FIELD_CHARS = 16 * 2**20  # A longer field is a quote that never ended.
PARQUET_ROWS = 1024  # Rows that are decoded at once.


class Row(NamedTuple):
  """One row: its place in the file, its values, or why there are none.

  Attributes:
    number: the line, or the row of a Parquet file, from 1.
    values: one value a column that was asked for.
    fault: what is wrong with the row; empty if nothing is.
    origin: where its texts come from; "" where records do not say.
    dropped: the rule by which whoever reads leaves it out; "" if none does.
    where: its place, if that is in another file than the one that is read.
  """

  number: int
  values: Sequence[Any] = ()
  fault: str = ""
  origin: str = ""
  dropped: str = ""
  where: str = ""


class Layout(NamedTuple):
  """How to read a file.

  Attributes:
    columns: the names of the columns to take; of a JSON list, its first
      values, as many as there are names.
    delimiter: between the fields of CSV; None for what the extension says.
    quotes: "double" if a field in double quotes may hold delimiters and line
      breaks, "none" if a quote is a character like any other.
    lists: the columns that a JSON list may have a list in.
  """

  columns: tuple[str, ...]
  delimiter: str | None = None
  quotes: str = "double"
  lists: tuple[str, ...] = ()


def read(path: pathlib.Path, layout: Layout) -> Iterator[Row]:
  """The rows of one file.

  Raises:
    program.BadInput: if the extension is not known, the file is damaged or a
      column is not there.
  """
  extension = _extension(path)
  if extension not in _READERS:
    raise program.BadInput(
      f"{path} is of a kind that is not known; wanted a name that ends in "
      f"{', '.join(_READERS)}, and then .gz if it is gzipped (not Parquet)"
    )
  try:
    yield from _READERS[extension](path, layout)
  except PermissionError as error:
    raise program.BadInput(
      f"{path} may not be read; change its mode"
    ) from error


def place(path: pathlib.Path, number: int) -> str:
  """Names a row in a message."""
  unit = "row" if _extension(path) == ".parquet" else "line"
  return f"{path} {unit} {number}"


def _extension(path: pathlib.Path) -> str:
  """The extension that says how to read the file, without .gz."""
  name = path.name.lower()
  plain = name.removesuffix(".gz")
  extension = os.path.splitext(plain)[1]
  # Parquet is compressed inside; a gzipped one cannot be read in parts.
  return (
    ".parquet.gz" if extension == ".parquet" and plain != name else extension
  )


def _json_rows(path: pathlib.Path, layout: Layout) -> Iterator[Row]:
  """One row a line that is not blank."""
  for number, line in enumerate(_lines(path), 1):
    if line.strip():
      yield _json_row(number, line, layout)


def _json_row(number: int, line: str, layout: Layout) -> Row:
  """The row of one line of JSON."""
  columns = layout.columns
  try:
    value = json.loads(line)
  except (ValueError, RecursionError):
    return Row(number, fault=f"is not JSON: {_shown(line.strip())}")
  if isinstance(value, dict):
    missing = [name for name in columns if name not in value]
    if missing:
      return Row(number, fault=f"has no {missing[0]!r}, only {_names(value)}")
    return Row(number, [value[name] for name in columns])
  if not isinstance(value, list):
    return Row(number, fault=f"is no list and no object: {_shown(value)}")
  if len(value) < len(columns):
    fault = f"has {len(value)} values, wanted {len(columns)}"
    return Row(number, fault=fault)
  values = value[: len(columns)]
  # A list of lists is a whole table on one line.
  cells = zip(columns, values, strict=True)
  if any(
    isinstance(cell, list) and name not in layout.lists for name, cell in cells
  ):
    return Row(number, fault=f"is a list of lists: {_shown(value)}")
  return Row(number, values)


def _csv_rows(path: pathlib.Path, layout: Layout) -> Iterator[Row]:
  """One row a line of fields, which quotes may spread over several lines."""
  by_extension = "\t" if _extension(path) == ".tsv" else ","
  quoting = csv.QUOTE_NONE if layout.quotes == "none" else csv.QUOTE_MINIMAL
  csv.field_size_limit(FIELD_CHARS)
  # Strict, because a stray quote would otherwise swallow the lines behind it.
  reader = csv.reader(
    _lines(path),
    delimiter=layout.delimiter or by_extension,
    quoting=quoting,
    strict=True,
  )
  header = _header(path, reader)
  positions = _positions(path, header, layout.columns)
  while True:
    number = reader.line_num + 1
    try:
      fields = next(reader)
    except StopIteration:
      return
    except csv.Error as error:
      yield Row(number, fault=f"is not CSV ({error}){_QUOTES_REMEDY}")
      continue
    if len(fields) == len(header):
      yield Row(number, [fields[position] for position in positions])
    elif fields:
      fault = f"has {len(fields)} values, wanted {len(header)} as in line 1"
      yield Row(number, fault=fault)


_QUOTES_REMEDY = "; if quotes are plain characters, give --quotes=none"


def _header(path: pathlib.Path, lines: Iterator[list[str]]) -> list[str]:
  """The first line's fields: the names of the columns."""
  try:
    return next(lines)
  except StopIteration:
    raise program.BadInput(
      f"{path} is empty; wanted a first line with the names of the columns"
    ) from None
  except csv.Error as error:
    raise program.BadInput(
      f"{path} line 1 is not CSV ({error}){_QUOTES_REMEDY}"
    ) from error


def _parquet_rows(path: pathlib.Path, layout: Layout) -> Iterator[Row]:
  """The rows of a Parquet file, decoded a batch at a time."""
  try:
    with parquet.ParquetFile(path) as file:
      _positions(path, file.schema_arrow.names, layout.columns)
      number = 0
      columns = list(layout.columns)
      for batch in file.iter_batches(PARQUET_ROWS, columns=columns):
        cells = [_cells(batch.column(name)) for name in columns]
        for values in zip(*cells, strict=True):
          number += 1
          yield Row(number, values)
  except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
    if isinstance(error, PermissionError):
      raise
    raise program.BadInput(
      f"{path} is not a whole Parquet file ({error}); fetch it again"
    ) from error


def _cells(column: pyarrow.Array) -> list[Any]:
  """A column's values; bytes not UTF-8 stay as lone surrogates."""
  if column.type not in _PARQUET_TEXT:
    return column.to_pylist()
  return [
    None if cell is None else cell.decode("utf-8", "surrogateescape")
    for cell in column.cast(pyarrow.large_binary()).to_pylist()
  ]


_PARQUET_TEXT = (
  pyarrow.string(),
  pyarrow.large_string(),
  pyarrow.binary(),
  pyarrow.large_binary(),
)


def _positions(
  path: pathlib.Path, header: Sequence[str], columns: Sequence[str]
) -> list[int]:
  """Where the columns stand in the header."""
  for name in columns:
    if name not in header:
      raise program.BadInput(
        f"{path} has no column {name!r}, only {_names(header)}; name in "
        "--columns those to take"
      )
    if list(header).count(name) > 1:
      raise program.BadInput(
        f"{path} has several columns {name!r}; give each a name of its own"
      )
  return [header.index(name) for name in columns]


def _lines(path: pathlib.Path) -> Iterator[str]:
  """The lines of a text file; bytes not UTF-8 stay as lone surrogates."""
  opened = gzip.open if path.suffix.lower() == ".gz" else open
  number = 0
  try:
    with opened(path, "rb") as file:
      while line := file.readline(LINE_BYTES):
        number += 1
        if number == 1:
          line = _without_mark(path, line)
        if len(line) == LINE_BYTES:
          raise program.BadInput(
            f"{path} line {number} has more than {LINE_BYTES:,} bytes; wanted "
            "one record a line"
          )
        yield line.decode("utf-8", "surrogateescape")
  except (EOFError, zlib.error, gzip.BadGzipFile) as error:
    raise program.BadInput(
      f"{path} is no whole gzip file after line {number} ({error}); fetch it "
      "again"
    ) from error


def _without_mark(path: pathlib.Path, line: bytes) -> bytes:
  """The first line without a byte order mark."""
  if line.startswith((b"\xff\xfe", b"\xfe\xff")):
    raise program.BadInput(
      f"{path} is UTF-16; convert it with `iconv -f UTF-16 -t UTF-8`"
    )
  return line.removeprefix(b"\xef\xbb\xbf")


def _names(names: Sequence[str] | dict[str, Any]) -> str:
  """Column names for a message, the first twenty."""
  shown = [repr(name) for name in list(names)[:20]]
  return ", ".join(shown + ["..."] * (len(names) > 20)) or "none"


def _shown(value: Any) -> str:
  """A value for a message, cut after 60 characters."""
  text = repr(value)
  return text if len(text) <= 60 else text[:57] + "..."


_READERS: dict[str, Callable[[pathlib.Path, Layout], Iterator[Row]]] = {
  ".jsonl": _json_rows,
  ".ndjson": _json_rows,
  ".json": _json_rows,
  ".csv": _csv_rows,
  ".tsv": _csv_rows,
  ".parquet": _parquet_rows,
}
