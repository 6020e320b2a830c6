"""Processes that are known by a mark in their environment, and their end."""

import contextlib
import os
import pathlib
import signal
import time
from collections.abc import Collection

MARK = "GCLOUD_STAND_IN_WORKER"  # the variable; its value is a worker's home


def end(homes: Collection[pathlib.Path], grace_s: float) -> None:
  """SIGTERM to all that workers run, and SIGKILL to what is left of it.

  Args:
    homes: of the workers.
    grace_s: from the one to the other.
  """
  for process in _running(homes):
    _signal(process, signal.SIGTERM)
  until = time.monotonic() + grace_s
  while _running(homes) and time.monotonic() < until:
    time.sleep(0.1)
  for process in _running(homes):
    _signal(process, signal.SIGKILL)


def _signal(process: int, number: int) -> None:
  """Sends a signal to a process that may be gone."""
  with contextlib.suppress(ProcessLookupError):
    os.kill(process, number)


def _running(homes: Collection[pathlib.Path]) -> list[int]:
  """The processes that workers run."""
  marks = {f"{MARK}={home}".encode() for home in homes}
  found = []
  for folder in pathlib.Path("/proc").glob("[0-9]*"):
    with contextlib.suppress(OSError):
      if marks & set((folder / "environ").read_bytes().split(b"\0")):
        found.append(int(folder.name))
  return found
