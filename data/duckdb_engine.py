"""DuckDB as the engine of data/engine.py: in this process, in little memory."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from data import atomic
from data import optional
from data import parquet_files
from data import program

REQUIREMENTS = "requirements-data.txt"
# Each thread holds rows of some groups while it writes; texts are kilobytes.
_ROW_GROUP_ROWS, _NUMBERS_ROWS = 2**13, 2**17


@contextlib.contextmanager
def start(
  memory_bytes: int, threads: int, scratch: pathlib.Path
) -> Iterator["DuckDB"]:
  """Gives the engine, whose memory and files go with the block.

  Args:
    memory_bytes: its limit; what is larger is spilled.
    threads: that work.
    scratch: takes what is spilled.

  Raises:
    program.BadInput: if a package is missing.
  """
  ibis = optional.load("ibis", REQUIREMENTS)
  connection = ibis.duckdb.connect(
    threads=threads,
    memory_limit=f"{memory_bytes}B",
    temp_directory=str(scratch / "spilled"),
    # Else a result waits in memory for the rows before it.
    preserve_insertion_order=False,
    # Nothing is fetched from the network.
    autoinstall_known_extensions=False,
  )
  try:
    yield DuckDB(connection, scratch)
  finally:
    connection.disconnect()


class DuckDB:
  """The embedded engine; see data/engine.py's Engine.

  Args:
    connection: of Ibis.
    scratch: takes a file.
  """

  def __init__(self, connection: Any, scratch: pathlib.Path):
    self._ibis, self._scratch = connection, scratch
    duckdb = optional.load("duckdb", REQUIREMENTS)
    self._out_of_memory = duckdb.OutOfMemoryException

  def read(self, paths: Sequence[pathlib.Path], schema: pa.Schema) -> Any:
    """A table of files, of which there may be none."""
    empty = self._scratch / "empty.parquet"
    files = list(paths) or [parquet_files.write_empty(empty, schema)]
    return self._ibis.read_parquet([_literal(path) for path in files])

  def write(self, table: Any, folder: pathlib.Path) -> list[pathlib.Path]:
    """Computes a table into a folder of files."""
    query = self._ibis.compile(table)
    numbers = all(column.is_numeric() for column in table.schema().types)
    rows = _NUMBERS_ROWS if numbers else _ROW_GROUP_ROWS
    with atomic.folder(folder) as partial:
      place = str(partial).replace("'", "''")
      command = (
        f"COPY ({query}) TO '{place}' (FORMAT parquet, COMPRESSION zstd, "
        "PER_THREAD_OUTPUT true, OVERWRITE_OR_IGNORE true, "
        f"ROW_GROUP_SIZE {rows}, "
        f"ROW_GROUP_SIZE_BYTES '{parquet_files.ROW_GROUP_BYTES}B')"
      )
      try:
        self._ibis.raw_sql(command)
      except self._out_of_memory as error:
        raise program.BadInput(
          f"DuckDB cannot do with its memory ({str(error).splitlines()[0]}); "
          "give more by --memory_gb, or fewer --processes"
        ) from error
    return sorted(folder.glob("*.parquet"))


def _literal(path: pathlib.Path) -> str:
  """A path as DuckDB takes it, which looks for patterns in names."""
  return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute()))
