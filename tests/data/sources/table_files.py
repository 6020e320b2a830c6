"""Writes the same table of texts in each format that tabular reads."""

import csv
import gzip
import io
import json
import pathlib
from collections.abc import Callable, Sequence

import pyarrow
from pyarrow import parquet

COLUMNS = ("query", "document")
Table = Sequence[Sequence[str]]


def objects(table: Table) -> bytes:
  """JSONL with an object a line, which has a column that nobody wants."""
  lines = [
    json.dumps({"id": i, **dict(zip(COLUMNS, row, strict=True))})
    for i, row in enumerate(table)
  ]
  return "".join(line + "\n" for line in lines).encode()


def lists(table: Table) -> bytes:
  """JSONL with a list a line, nothing escaped, no line break at the end."""
  lines = [json.dumps(list(row), ensure_ascii=False) for row in table]
  return "\n".join(lines).encode()


def separated(table: Table, delimiter: str = ",") -> bytes:
  """CSV with a header, its columns in another order and one more."""
  text = io.StringIO()
  writer = csv.writer(text, delimiter=delimiter)
  writer.writerow(["document", "id", "query"])
  writer.writerows([row[1], i, row[0]] for i, row in enumerate(table))
  return text.getvalue().encode()


def columnar(table: Table) -> bytes:
  """Parquet in row groups of two."""
  columns = {name: [row[i] for row in table] for i, name in enumerate(COLUMNS)}
  file = io.BytesIO()
  parquet.write_table(pyarrow.table(columns), file, row_group_size=2)
  return file.getvalue()


FORMATS: dict[str, Callable[[Table], bytes]] = {
  "objects.jsonl": objects,
  "lists.jsonl": lists,
  "lists.json.gz": lambda table: gzip.compress(lists(table)),
  "t.csv": separated,
  "t.CSV.gz": lambda table: gzip.compress(separated(table)),
  "t.tsv": lambda table: separated(table, "\t"),
  "mark.csv": lambda table: b"\xef\xbb\xbf" + separated(table),
  "t.parquet": columnar,
}


def write(folder: pathlib.Path, name: str, table: Table) -> pathlib.Path:
  """Writes the table in the format of that name."""
  path = folder / name
  path.write_bytes(FORMATS[name](table))
  return path
