"""Lines of raw files as rows: JSON with a schema, or fields between tabs.

    line_rows.of_json(file, Schema, rows_of)
    line_rows.of_fields(file, rows_of)

A line that cannot be read becomes a row with its fault, and so does the place
where a file is cut short or damaged.
"""

import csv
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from data import program
from data.sources import archives
from data.sources import bad
from data.sources import json_line
from data.sources import raw
from data.sources import rows

Schema = TypeVar("Schema")
READ_BYTES = 2**20
MAX_LINE_BYTES = 8 * 2**20
FIELD_CHARS = 2**20  # A longer field is a quote that never ended.


class Line(NamedTuple):
  """A line of a file: its number from 1, and its bytes or its fault."""

  number: int
  line: bytes
  fault: str = ""


def lines(file: raw.File) -> Iterator[Line]:
  """All lines of a file without their ends, blank ones too.

  The last one says, as its fault, where the file ends before its time.
  """
  number, rest, skips = 0, b"", False
  try:
    with raw.open_stream(file) as stream:
      while data := stream.read(READ_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
          number += 1
          if skips or len(line) > MAX_LINE_BYTES:
            yield Line(number, b"", _TOO_LONG)
            skips = False
          else:
            yield Line(number, line.removesuffix(b"\r"))
        if skips or len(rest) > MAX_LINE_BYTES:
          rest, skips = b"", True
  except bad.Broken as error:
    yield Line(number + 1, b"", f"is the last that could be read: it {error}")
    return
  if rest or skips:
    yield Line(number + 1, rest, _TOO_LONG if skips else "")


def of_json(
  file: raw.File,
  schema: type[Schema],
  rows_of: Callable[[int, Schema], Iterable[rows.Row]],
) -> Iterator[rows.Row]:
  """The rows of a file with a value of JSON a line.

  Args:
    file: read as it is asked for.
    schema: a type that msgspec can decode.
    rows_of: the rows of a line, of its number and its value.
  """
  decode = json_line.decoder(schema)
  for number, line, fault in lines(file):
    if fault:
      yield rows.Row(number, fault=fault)
    elif line and not line.isspace():
      try:
        value = decode(line)
      except bad.BadRow as error:
        yield rows.Row(number, fault=f"is bad ({error})")
        continue
      yield from rows_of(number, value)


def of_fields(
  file: raw.File,
  rows_of: Callable[[int, list[str]], Iterable[rows.Row]],
  delimiter: str = "\t",
) -> Iterator[rows.Row]:
  """The rows of a file of plain fields; a quote is a character like others.

  Args:
    file: read as it is asked for.
    rows_of: the rows of a line, of its number and its fields.
    delimiter: between the fields.
  """
  for number, line, fault in lines(file):
    if not fault and (not line or line.isspace()):
      continue
    text, fault = (line, fault) if fault else decoded(line)
    if fault:
      yield rows.Row(number, fault=fault)
    else:
      yield from rows_of(number, str(text).split(delimiter))


def of_quoted(
  file: raw.File,
  rows_of: Callable[[int, list[str]], Iterable[rows.Row]],
  delimiter: str = ",",
) -> Iterator[rows.Row]:
  """The same of fields that may be quoted, as RFC 4180 says."""
  faults: list[rows.Row] = []
  csv.field_size_limit(FIELD_CHARS)
  reader = csv.reader(_texts(file, faults), delimiter=delimiter, strict=True)
  while True:
    number = reader.line_num + 1
    try:
      fields = next(reader)
    except StopIteration:
      break
    except csv.Error as error:
      yield rows.Row(number, fault=f"is not CSV ({error})")
      continue
    yield from faults
    faults.clear()
    if fields:
      yield from rows_of(number, fields)
  yield from faults


def header(file: raw.File) -> str:
  """The first line of a file, which says what is in it.

  Raises:
    program.BadInput: if the file has none, or it is no text.
  """
  for _, line, fault in lines(file):
    text, fault = ("", fault) if fault else decoded(line)
    if fault:
      raise program.BadInput(f"{file.name} line 1 {fault}; fetch it again")
    return text
  raise program.BadInput(f"{file.name} is empty; fetch it again")


def beside(file: raw.File, name: str) -> raw.File | None:
  """The file of a name beside another, or one folder up; None without one.

  Args:
    file: in a folder or in an archive.
    name: without the ending of what is packed.
  """
  if file.member:
    folders = list(pathlib.PurePosixPath(file.member).parents)[:2]
    members = archives.members(file.path)
    found = [raw.File(file.path, member) for member in members]
  else:
    folders = list(file.path.absolute().parents)[:2]
    paths = (sorted(folder.glob(f"{name}*")) for folder in folders)
    found = [raw.File(path) for path in itertools.chain(*paths)]
  for folder in folders:
    for other in found:
      own = pathlib.PurePosixPath(other.member or other.path)
      if own.parent == folder and other.base == name:
        return other
  return None


def _texts(file: raw.File, faults: list[rows.Row]) -> Iterator[str]:
  """The lines as text; what cannot be read goes to the faults."""
  for number, line, fault in lines(file):
    text, fault = ("", fault) if fault else decoded(line)
    if fault:
      faults.append(rows.Row(number, fault=fault))
    yield f"{text}\n"


def decoded(line: bytes) -> tuple[str, str]:
  """A line as text, or its fault."""
  try:
    return line.decode("utf-8"), ""
  except UnicodeDecodeError:
    return "", f"is not UTF-8: {bad.excerpt(line)}"


_TOO_LONG = f"has more than {MAX_LINE_BYTES:,} bytes"
