"""Files of JSON lines with one schema, plain or .gz.

class Pair(msgspec.Struct):
  s1: str
  s2: str

json_rows.read(folder / "test.jsonl.gz", Pair)  # [Pair(...), ...]
"""

import gzip
import pathlib
import zlib
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from data import program

Row = TypeVar("Row")

ENDINGS = (".jsonl", ".jsonl.gz")


def read(path: pathlib.Path, schema: type[Row]) -> list[Row]:
  """All rows of a file.

  Args:
    path: a line of JSON each, but for blank ones.
    schema: a type that msgspec can decode: a Struct, a tuple, a dict.

  Raises:
    program.BadInput: names the line that is wrong, or the file if it has none.
  """
  decoder = msgspec.json.Decoder(schema)
  rows = []
  for where, line in lines(path):
    try:
      rows.append(decoder.decode(line))
    except msgspec.MsgspecError as error:
      raise program.BadInput(
        f"{where} is {line[:60]!r} ({error}); wanted {wanted(schema)}"
      ) from error
  if not rows:
    raise program.BadInput(f"{path} is empty; write it again")
  return rows


def lines(path: pathlib.Path) -> Iterator[tuple[str, str]]:
  """Where it stands, and the line, for each line of the file but blank ones.

  Raises:
    program.BadInput: if the file cannot be read to its end.
  """
  number = 0
  try:
    with path.open("rb") as raw:
      packed = path.suffix == ".gz"
      for line in gzip.GzipFile(fileobj=raw) if packed else raw:
        number += 1
        if line.strip():
          yield f"{path}, line {number}", line.decode().rstrip("\r\n")
  except (EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
    raise program.BadInput(
      f"{path} cannot be read after line {number} ({error}); copy it again"
    ) from error


def stem(path: pathlib.Path) -> str:
  """The name of such a file without its ending, or "" of another file."""
  for ending in sorted(ENDINGS, key=len, reverse=True):
    if path.name.endswith(ending):
      return path.name.removesuffix(ending)
  return ""


def wanted(schema: type) -> str:
  """A schema in words."""
  fields = getattr(schema, "__struct_fields__", None)
  return f"an object with {', '.join(fields)}" if fields else str(schema)
