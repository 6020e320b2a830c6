"""A chunk of JSON lines into the rows of tables, for formats of dumps."""

import collections
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pyarrow as pa

from data.sources import bad as bad_lib
from data.sources import cut
from data.sources import parsing

Line = TypeVar("Line")
# Table -> its rows, each with one value a column.
Rows = Mapping[str, list[tuple[Any, ...]]]


def read(
  chunk: cut.Chunk,
  decode: Callable[[bytes], Line],
  take: Callable[[Line, Rows], Iterable[str]],
  schemas: Mapping[str, pa.Schema],
) -> parsing.Found:
  """What a chunk gives.

  Args:
    chunk: lines of a file.
    decode: of data/sources/json_line.py.
    take: adds a line's rows to the tables, and gives the reasons for which
      something of it is left out; or raises BadRow.
    schemas: the columns of the tables.
  """
  rows = {name: [] for name in schemas}
  dropped = collections.Counter[str]()
  bad = collections.Counter[str]()
  first_bad = ""
  for number, data in enumerate(chunk.rows, chunk.first):
    try:
      dropped.update(take(decode(data), rows))
    except bad_lib.BadRow as error:
      bad[error.reason] += 1
      first_bad = first_bad or f"row {number}: {error}"
  return parsing.Found(
    tables={name: _table(rows[name], schemas[name]) for name in schemas},
    read=len(chunk.rows),  # Parsing counts what is too long.
    dropped=dropped,
    bad=bad,
    first_bad=first_bad,
  )


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
  """The rows as a table."""
  columns = list(zip(*rows, strict=True)) or [()] * len(schema)
  arrays = [
    pa.array(values, field.type)
    for values, field in zip(columns, schema, strict=True)
  ]
  return pa.Table.from_arrays(arrays, schema=schema)
