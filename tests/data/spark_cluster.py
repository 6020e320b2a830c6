"""A standalone Spark cluster on this machine, out of the pyspark package.

    with spark_cluster.start(folder) as master:
      ...  # --engine=spark --master=MASTER

Its processes end with the block, or with this process if that is killed.
"""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import time

from data import worker

WORKERS = 2
_START_S = 120.0


def missing():
  """What there is not; empty where a cluster can be started."""
  if importlib.util.find_spec("pyspark") is None:
    return "pyspark is not installed (requirements-spark.txt)"
  return "" if _java() else "there is no Java"


def _java():
  """The program, None where there is none."""
  home = os.environ.get("JAVA_HOME")
  return shutil.which(pathlib.Path(home, "bin/java") if home else "java")


@contextlib.contextmanager
def start(folder):
  """Gives the address of a master with WORKERS workers of a core each."""
  port = _free_port()
  master = f"spark://127.0.0.1:{port}"
  at = ["--host", "127.0.0.1", "--webui-port", "0"]
  work = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work")]
  with contextlib.ExitStack() as stack:
    stack.enter_context(
      _running(folder, "master.Master", [*at, "--port", str(port)])
    )
    _wait(folder / "master.Master-0.log", "New state: ALIVE", 1)
    for number in range(WORKERS):
      stack.enter_context(
        _running(folder, "worker.Worker", [*at, *work, master], number)
      )
    _wait(folder / "master.Master-0.log", "Registering worker", WORKERS)
    yield master


@contextlib.contextmanager
def _running(folder, name, arguments, number=0):
  """Runs a program of Spark, which writes its log to a file."""
  import pyspark

  home = pathlib.Path(pyspark.__file__).parent
  own = {
    "SPARK_HOME": str(home),
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_SCALA_VERSION": "2.13",  # Else workers look for a build's folders.
  }
  log = folder / f"{name}-{number}.log"
  # Java 17 hides what Spark uses of it; Spark's own scripts open it so.
  opened = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.lang", "java.nio", "java.util", "sun.nio.ch")
  ]
  with log.open("wb") as file:
    process = subprocess.Popen(
      [
        _java(),
        "-Xmx256m",
        *opened,
        "-cp",
        f"{home / 'jars'}/*",
        f"org.apache.spark.deploy.{name}",
        *arguments,
      ],
      stdout=file,
      stderr=file,
      env={**os.environ, **own},
      preexec_fn=worker.tied(),
    )
  try:
    yield
  finally:
    process.terminate()
    try:
      process.wait(20)
    except subprocess.TimeoutExpired:
      process.kill()
      process.wait()


def _wait(log, words, times):
  """Waits until a log says something so many times."""
  end_s = time.monotonic() + _START_S
  while log.read_text(errors="replace").count(words) < times:
    assert time.monotonic() < end_s, log.read_text(errors="replace")[-3000:]
    time.sleep(0.1)


def _free_port():
  """A port that nothing listens at."""
  with socket.socket() as listening:
    listening.bind(("127.0.0.1", 0))
    return listening.getsockname()[1]
