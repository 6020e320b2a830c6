"""DuckDB for tests of expressions: tables in, rows out."""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from data import engine


class Runner:
  """A running engine, and a folder for what it reads and writes."""

  def __init__(self, running: engine.Engine, folder: pathlib.Path):
    self._running, self._folder = running, folder

  def table(self, *parts: pa.Table) -> Any:
    """The rows of tables of one schema, a file each, for expressions."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=self._folder))
    paths = [folder / f"{number}.parquet" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
      parquet.write_table(part, path)
    return self._running.read(paths, parts[0].schema)

  def rows(self, expression: Any) -> list[dict[str, Any]]:
    """The rows of an expression."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=self._folder))
    parts = self._running.write(expression, folder / "out")
    return [
      row for part in parts for row in parquet.read_table(part).to_pylist()
    ]


@contextlib.contextmanager
def start(folder: pathlib.Path) -> Iterator[Runner]:
  """A runner whose files lie in a folder."""
  with engine.start(engine.Settings(processes=1), folder) as running:
    yield Runner(running, folder)
