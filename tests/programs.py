"""Runs the programs as a user does, on real processes.

`Programs.run` forks a process that has imported what they need, so that a test
does not pay three seconds of imports each time; what runs is what `python -m`
runs. `start` is a new process, for tests that kill it.

    python -m tests.programs

is that process: it reads one JSON call a line and answers each with a line.
"""

import gc
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).parent.parent
TIMEOUT_S = 180


class Ended(NamedTuple):
  """A program that has come to its end."""

  code: int
  out: str
  err: str

  @property
  def result(self) -> dict[str, Any]:
    """The JSON of the last line."""
    return json.loads(self.out.splitlines()[-1])


class Programs:
  """A process that has imported the programs, and forks to run them."""

  def __init__(self):
    self._server = subprocess.Popen(
      [sys.executable, "-m", "tests.programs"],
      cwd=ROOT,
      env=environment(),
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )

  def run(
    self, module: str, *given: str, env: dict[str, str] | None = None
  ) -> Ended:
    """Runs `python -m MODULE GIVEN...` to its end.

    Args:
      module: the program.
      given: its arguments.
      env: its environment, `environment()` by default.
    """
    assert self._server.stdin is not None and self._server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
      call = [module, given, env or environment(), folder]
      self._server.stdin.write(json.dumps(call) + "\n")
      self._server.stdin.flush()
      code = int(self._server.stdout.readline())
      out, err = (
        (pathlib.Path(folder) / name).read_text(encoding="utf-8")
        for name in ("out", "err")
      )
    assert code != -signal.SIGALRM, f"over {TIMEOUT_S} s: {call}\n{out}\n{err}"
    return Ended(code, out, err)

  def close(self) -> None:
    """Ends the process."""
    self._server.communicate(timeout=TIMEOUT_S)


def environment(devices: int = 1) -> dict[str, str]:
  """The tests' environment, with another number of virtual CPU devices."""
  count = "--xla_force_host_platform_device_count"
  settings = [
    setting
    for setting in os.environ.get("XLA_FLAGS", "").split()
    if not setting.startswith(count)
  ]
  settings.append(f"{count}={devices}")
  return os.environ | {"XLA_FLAGS": " ".join(settings)}


def start(module: str, *given: str) -> subprocess.Popen[str]:
  """Starts `python -m MODULE GIVEN...` as the leader of its own group."""
  return subprocess.Popen(
    [sys.executable, "-m", module, *given],
    cwd=ROOT,
    env=environment(),
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    start_new_session=True,
  )


def run_docstring(words: str | None, folder: pathlib.Path) -> Ended:
  """Runs the commands that a program's docstring shows, in a folder."""
  assert words is not None
  lines = [line[4:] for line in words.splitlines() if line.startswith("    ")]
  script = "\n".join(lines).replace("python", sys.executable)
  ended = subprocess.run(
    ["bash", "-ec", script],
    cwd=folder,
    env=environment() | {"PYTHONPATH": str(ROOT)},
    capture_output=True,
    text=True,
    check=True,
  )
  return Ended(ended.returncode, ended.stdout, ended.stderr)


def train_command(
  corpus: pathlib.Path, workdir: pathlib.Path, *more: str
) -> list[str]:
  """`launch.train` of the smoke config on the tests' corpus; later flags win.

  One shape of batch is compiled and not two, which saves half of the time.
  """
  return [
    "launch.train",
    "--config=launch/configs/quickstart_smoke.py",
    f"--config.data.train={corpus / 'code'}",
    f"--config.data.tokenizer={corpus / 'words'}",
    f"--config.eval.tasks={corpus / 'dev'}",
    f"--workdir={workdir}",
    "--config.batch.ladder=(1,)",
    *more,
  ]


def contents(folder: pathlib.Path) -> dict[str, bytes]:
  """Name -> bytes of all files below a folder."""
  return {
    str(path.relative_to(folder)): path.read_bytes()
    for path in sorted(folder.rglob("*"))
    if path.is_file()
  }


_PROGRESS = (
  *("starting at", "going on from", "compiling ", "compiled in", "evaluating "),
  *("step ", "saving step", "saved step", "training:"),
)


def is_progress(line: str) -> bool:
  """Whether a line of `launch.train` says how far it has come, no more."""
  return line.startswith(_PROGRESS)


def bad_input(ended: Ended) -> str:
  """The one line that wrong input leads to, and nothing else."""
  assert ended.code == 2, ended
  assert ended.out == "", ended
  assert ended.err.count("\n") == 1, ended.err
  return ended.err


def _serve() -> None:
  """Forks for each call on standard input and answers with its exit code."""
  # What they import, and what must not start threads or devices on import.
  import launch.train  # noqa: F401
  import tools.encode
  import tools.preview_plot  # noqa: F401

  # Or each would look through all of it, and copy it, as it ends: 0.7 s.
  gc.freeze()
  for line in sys.stdin:
    module, given, env, folder = json.loads(line)
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")  # JAX warns of any fork, used yet or not.
      child = os.fork()
    if not child:
      _become(module, given, env, folder)
      return
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)


def _become(
  module: str, given: Sequence[str], env: dict[str, str], folder: str
) -> None:
  """Is the program from here on, with files for its output."""
  signal.alarm(TIMEOUT_S)
  os.environ.update(env)
  for number, path in ((0, os.devnull), (1, "out"), (2, "err")):
    mode = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
    os.dup2(os.open(os.path.join(folder, path), mode, 0o600), number)
  sys.argv[1:] = given
  sys.modules.pop(module, None)  # Else runpy warns that it is there already.
  runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
  _serve()
