"""A host that plays what a test tells it to, start by start.

    python -m tests.launch.played SCRIPT --coordinator=... --hosts=N --host=I

SCRIPT is a JSON file: for each start, what each host does, in order; the last
start is played again if there are more. Beside it stands what was played.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable


def main() -> None:
  """Plays this host's part of this start."""
  path, _, hosts, host = sys.argv[1:]
  number = int(host.removeprefix("--host="))
  assert number < int(hosts.removeprefix("--hosts="))
  log = pathlib.Path(f"{path}.{number}")
  before = log.read_text().count("\n") if log.exists() else 0
  with log.open("a") as file:
    file.write(f"{os.getpid()} {sys.argv[2]}\n")
  script = json.loads(pathlib.Path(path).read_text())
  for line in script[min(before, len(script) - 1)][number]:
    name, _, value = line.partition(" ")
    ACTIONS[name](value)


def _tell(what: str) -> None:
  """Tells the other hosts that something is done."""
  pathlib.Path(f"{sys.argv[1]}.{what}").touch()


def _await(what: str) -> None:
  """Waits until another host has told so."""
  while not pathlib.Path(f"{sys.argv[1]}.{what}").exists():
    time.sleep(0.01)


def _sleep(_: str) -> None:
  """Sleeps for longer than any test takes."""
  time.sleep(600)


def _stubborn(_: str) -> None:
  """Does not hear of SIGTERM, as JAX does not in a collective."""
  signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _polite(code: str) -> None:
  """Ends with a code at the first SIGTERM, after a while."""

  def end(*_: object) -> None:
    time.sleep(0.3)
    print("saved", flush=True)
    os._exit(int(code))

  signal.signal(signal.SIGTERM, end)


def _parent(_: str) -> None:
  """Starts a process that holds its output open."""
  child = subprocess.Popen(["sleep", "600"])
  print(f"child {child.pid}", flush=True)


def _many(count: str) -> None:
  """Prints lines in pieces, to both outputs."""
  for number in range(int(count)):
    for file in (sys.stdout, sys.stderr):
      for piece in (f"line {number} ", "x" * (number % 300), " whole\n"):
        file.write(piece)
        file.flush()


ACTIONS: dict[str, Callable[[str], object]] = {
  "out": lambda text: print(text, flush=True),
  "err": lambda text: print(text, file=sys.stderr, flush=True),
  "cut": lambda text: print(text, end="", flush=True),
  "end": lambda code: os._exit(int(code)),
  "tell": _tell,
  "await": _await,
  "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
  "sleep": _sleep,
  "stubborn": _stubborn,
  "polite": _polite,
  "parent": _parent,
  "many": _many,
}

if __name__ == "__main__":
  main()
