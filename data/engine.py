"""What joins and sorts tables larger than memory: Ibis on DuckDB or Spark.

    with engine.start(engine.Settings(), scratch) as running:
      posts = running.read(paths, schema)
      best = posts.filter(posts.score > 3)
      parts = running.write(best, scratch / "best")

Tables are Ibis expressions (ibis-project.org) over Parquet files; nothing is
computed before `write`, and no result comes into Python's memory. DuckDB works
in this process, inside a memory limit, and spills what is larger to files in
`scratch`. Spark (data/spark_engine.py) works on a cluster whose machines see
the same folders under the same names.

Both give the same tables if an expression keeps to this: text is carried, and
never compared, sorted or changed; keys and orders are numbers, such as hashes
made by Python; a choice among rows is made by a total order.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pyarrow as pa

from data import duckdb_engine
from data import machine
from data import optional
from data import program
from data import spark_engine

NAMES = ("duckdb", "spark")
# Of the machine's memory, for DuckDB's tables and for the driver of Spark. The
# rest is for what lies outside its buffers, the disk's cache and other work.
MEMORY_SHARE = 0.25

Table = Any  # An ibis.Table: the package may not be installed.


@dataclasses.dataclass(frozen=True)
class Settings:
  """Which engine works, and how much it may take of the machine.

  Attributes:
    name: one of NAMES.
    master: of a Spark cluster, as in spark://HOST:7077.
    memory_bytes: for tables in memory; 0 for MEMORY_SHARE of the machine's.
    processes: threads of DuckDB; 0 for one a core.
  """

  name: str = "duckdb"
  master: str = ""
  memory_bytes: int = 0
  processes: int = 0


class Engine(Protocol):
  """Reads tables from Parquet files and writes others."""

  def read(self, paths: Sequence[pathlib.Path], schema: pa.Schema) -> Table:
    """The rows of Parquet files of one schema as a table; there may be none."""
    ...

  def write(self, table: Table, folder: pathlib.Path) -> list[pathlib.Path]:
    """Computes a table into the Parquet files of a folder.

    Args:
      table: of this engine's tables.
      folder: appears when it is whole; one that is there is replaced.

    Returns:
      Its files, sorted; there may be none. Which file a row is in, and where,
      may change from run to run.
    """
    ...


@contextlib.contextmanager
def start(settings: Settings, scratch: pathlib.Path) -> Iterator[Engine]:
  """Gives a running engine, which ends with the block.

  Args:
    settings: which one.
    scratch: a folder for what it spills; where Spark is used, one that the
      whole cluster sees.

  Raises:
    program.BadInput: if the settings do not fit together, a package or Java is
      missing, or the cluster cannot be reached.
  """
  check(settings)
  scratch = scratch.absolute()
  scratch.mkdir(parents=True, exist_ok=True)
  memory = settings.memory_bytes or int(machine.memory_bytes() * MEMORY_SHARE)
  if settings.name == "spark":
    with spark_engine.start(settings.master, memory, scratch) as running:
      yield running
    return
  cores = settings.processes or machine.cores()
  with duckdb_engine.start(memory, cores, scratch) as running:
    yield running


def check(settings: Settings) -> None:
  """Raises BadInput if the settings name no engine that is there, or two."""
  if settings.name not in NAMES:
    raise program.BadInput(
      f"--engine={settings.name} is unknown, wanted {' or '.join(NAMES)}"
    )
  if settings.name == "spark" and not settings.master:
    raise program.BadInput(
      "--engine=spark needs a cluster; give it, as in "
      "--master=spark://HOST:7077"
    )
  if settings.name != "spark" and settings.master:
    raise program.BadInput(
      f"--master={settings.master} is for Spark; give --engine=spark too, or "
      "leave it out"
    )
  for package in ("ibis", "duckdb"):
    optional.load(package, duckdb_engine.REQUIREMENTS)
  if settings.name == "spark":
    optional.load("pyspark", spark_engine.REQUIREMENTS)
