"""Parquet files written piece by piece, in row groups of a moderate size.

A reader holds a row group in memory, so that rows of a few bytes and rows of
megabytes both make groups of as many bytes.
"""

import pathlib
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_BYTES = 16 * 2**20


class Writer:
  """Writes one file; it is whole when the `with` block has ended.

  Args:
    path: the file.
    schema: of its rows.
  """

  def __init__(self, path: pathlib.Path, schema: pa.Schema):
    self._schema = schema
    self._file = pq.ParquetWriter(path, schema, compression="zstd")
    self._held: list[pa.Table] = []
    self._held_bytes = 0

  def __enter__(self) -> "Writer":
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    try:
      if error is None:
        self._flush()
    finally:
      self._file.close()

  def write(self, table: pa.Table) -> None:
    """Appends rows; their columns are those of the schema, in its order."""
    assert table.schema.equals(self._schema), (table.schema, self._schema)
    if not table.num_rows:
      return
    self._held.append(table)
    self._held_bytes += table.nbytes
    if self._held_bytes >= ROW_GROUP_BYTES:
      self._flush()

  def _flush(self) -> None:
    """Writes what is held as one row group."""
    if self._held:
      group = pa.concat_tables(self._held)
      self._file.write_table(group, row_group_size=max(1, group.num_rows))
    self._held, self._held_bytes = [], 0


def write_empty(path: pathlib.Path, schema: pa.Schema) -> pathlib.Path:
  """Writes a file without rows, for a table that has no file."""
  with Writer(path, schema):
    return path
