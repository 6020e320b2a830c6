"""Spark as the engine of data/engine.py: on a cluster, by the same expressions.

The machines of the cluster see the folders under the names they have here.
They need no Python: expressions are Spark's own.
"""

import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from data import atomic
from data import duckdb_engine
from data import optional
from data import parquet_files
from data import program

REQUIREMENTS = "requirements-spark.txt"
LOG_FILE = "spark.log"
_CONNECT_S = 5.0
_LEAST_MIB = 512  # with less the driver does not start
_EXECUTOR_S = 120.0  # until the cluster has given a process that works


@contextlib.contextmanager
def start(
  master: str, memory_bytes: int, scratch: pathlib.Path
) -> Iterator["Spark"]:
  """Gives the engine, which leaves the cluster when the block ends.

  Args:
    master: as in spark://HOST:7077.
    memory_bytes: of the driver, which is a process of Java on this machine.
    scratch: a folder for its log, and for an empty table.

  Raises:
    program.BadInput: if a package or Java is missing, or the cluster cannot be
      reached or has no worker.
  """
  pyspark = optional.load("pyspark", REQUIREMENTS)
  ibis = optional.load("ibis", duckdb_engine.REQUIREMENTS)
  _check_java()
  _check_master(master)
  log = scratch / LOG_FILE
  with contextlib.ExitStack() as stack:
    stack.enter_context(warnings.catch_warnings())
    # Of versions of pandas, which nothing here uses.
    warnings.filterwarnings("ignore", "PySpark does not", FutureWarning)
    context = stack.enter_context(_context(pyspark, master, memory_bytes, log))
    session = pyspark.sql.SparkSession(context)
    yield Spark(ibis.pyspark.connect(session), session, scratch)


class Spark:
  """The engine on a cluster; see data/engine.py's Engine.

  Args:
    connection: of Ibis.
    session: of Spark.
    scratch: takes a file.
  """

  def __init__(self, connection: Any, session: Any, scratch: pathlib.Path):
    self._ibis, self._session, self._scratch = connection, session, scratch
    self._views = itertools.count()

  def read(self, paths: Sequence[pathlib.Path], schema: pa.Schema) -> Any:
    """A table of files, of which there may be none."""
    import ibis
    from ibis.backends.pyspark import datatypes

    empty = self._scratch / "empty.parquet"
    files = list(paths) or [parquet_files.write_empty(empty, schema)]
    # With the schema no file is opened before there is work to do.
    columns = datatypes.PySparkSchema.from_ibis(ibis.schema(schema))
    frame = self._session.read.schema(columns).parquet(*map(_literal, files))
    view = f"files_{next(self._views)}"
    frame.createOrReplaceTempView(view)
    return self._ibis.table(view)

  def write(self, table: Any, folder: pathlib.Path) -> list[pathlib.Path]:
    """Computes a table into a folder of files, written by the cluster."""
    frame = self._session.sql(self._ibis.compile(table))
    with atomic.folder(folder) as partial:
      own = partial / "spark"
      try:
        frame.write.parquet(f"file://{own}", compression="zstd")
      except Exception as error:
        raise program.StartAgain(
          f"Spark could not write {folder} ({_words(error)}); its log is "
          f"{self._scratch / LOG_FILE}"
        ) from None  # Java's errors speak through a JVM that may have ended.
      for part in own.glob("*.parquet"):
        part.rename(partial / part.name)
      shutil.rmtree(own)
    return sorted(folder.glob("*.parquet"))


def _check_java() -> None:
  """Raises BadInput if there is no Java to run the driver."""
  home = os.environ.get("JAVA_HOME")
  java = pathlib.Path(home, "bin", "java") if home else "java"
  if not shutil.which(java):
    raise program.BadInput(
      f"--engine=spark needs Java, and there is no {java}; install Java 17 "
      "(as in `apt-get install openjdk-17-jre-headless`), or leave out "
      "--engine=spark"
    )


def _check_master(master: str) -> None:
  """Raises BadInput if no master answers; Spark would try for minutes."""
  if not master.startswith("spark://"):
    return  # local[4], yarn, k8s://...: for Spark to say.
  faults = []
  for place in master.removeprefix("spark://").split(","):
    host, _, port = place.rpartition(":")
    try:
      with socket.create_connection((host, int(port)), _CONNECT_S):
        return
    except (OSError, ValueError) as error:
      faults.append(f"{place}: {error}")
  raise program.BadInput(
    f"--master={master} cannot be reached ({'; '.join(faults)}); wanted "
    "spark://HOST:PORT of a running master, as its log or web page says it"
  )


@contextlib.contextmanager
def _context(
  pyspark: Any, master: str, memory_bytes: int, log: pathlib.Path
) -> Iterator[Any]:
  """A driver of the cluster, whose JVM goes with the block."""
  java_gateway: Any = optional.load("pyspark.java_gateway", REQUIREMENTS)
  settings = {
    "spark.app.name": "gigapair",
    "spark.master": master,
    "spark.driver.memory": f"{max(memory_bytes // 2**20, _LEAST_MIB)}m",
    "spark.driver.maxResultSize": "0",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
  }
  given = pyspark.SparkConf().setAll(list(settings.items()))
  with log.open("wb") as file:
    # Java's words on standard error are not for this program's users.
    words = {"stdout": file, "stderr": file}
    gateway = java_gateway.launch_gateway(given, popen_kwargs=words)
  try:
    with contextlib.ExitStack() as stack:
      try:
        context = pyspark.SparkContext(conf=given, gateway=gateway)
        stack.callback(context.stop)
        _wait_for_executor(context, master)
      except program.BadInput:
        raise
      except Exception as error:
        raise program.BadInput(
          f"--master={master}: Spark {pyspark.__version__} does not start "
          f"({_words(error)}); is the cluster of the same version, and do its "
          "workers start executors?"
        ) from None
      yield context
  finally:
    gateway.shutdown()
    jvm: Any = gateway.proc
    jvm.stdin.close()  # It waits for that.
    jvm.wait()
    # Else the next context would talk to a JVM that has ended.
    pyspark.SparkContext._gateway = pyspark.SparkContext._jvm = None


def _words(error: Exception) -> str:
  """One line of an error of Java's, if there is one who tells it."""
  try:
    lines = [line for line in str(error).splitlines() if line.strip(" :.")]
  except OSError:  # The JVM has ended.
    lines = []
  causes = [line for line in lines if "Exception" in line or "Error" in line]
  return [*causes[:1], *lines[-1:], type(error).__name__][0].strip()[:200]


def _wait_for_executor(context: Any, master: str) -> None:
  """Raises BadInput if no worker of the cluster has room for us."""
  if not master.startswith("spark://"):
    return
  driver = context._jsc.sc()
  end_s = time.monotonic() + _EXECUTOR_S
  # The driver itself is one of these.
  while driver.getExecutorMemoryStatus().size() < 2:
    if time.monotonic() > end_s:
      raise program.BadInput(
        f"--master={master} gave no executor in {_EXECUTOR_S:.0f} s; does it "
        "have workers, with free cores and memory (spark.executor.memory)?"
      )
    time.sleep(0.2)


def _literal(path: pathlib.Path) -> str:
  """A path as Spark takes it, which looks for patterns in names."""
  escaped = (f"\\{c}" if c in "*?[]{}\\" else c for c in str(path.absolute()))
  return f"file://{''.join(escaped)}"
