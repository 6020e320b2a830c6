"""How much memory a program takes at its peak, with all that it starts.

    with tree_memory.Watch(process.pid) as watch:
      process.wait()
    watch.peak  # bytes

A page that several processes share counts once in all (Linux's proportional
set size).
"""

import pathlib
import re
import threading
import time
from types import TracebackType

_PROC = pathlib.Path("/proc")
_EVERY_S = 0.2
_SHARE = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class Watch:
  """Looks at a process and all below it, while the block runs.

  Args:
    pid: the process.

  Attributes:
    peak: bytes at the largest of all looks; 0 where the system does not tell.
  """

  def __init__(self, pid: int):
    self._pid, self._ended = pid, threading.Event()
    self._thread = threading.Thread(target=self._look_on, daemon=True)
    self.peak = 0

  def __enter__(self) -> "Watch":
    self._thread.start()
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    self._ended.set()
    self._thread.join()

  def _look_on(self) -> None:
    """Looks every now and then."""
    while not self._ended.is_set():
      began = time.monotonic()
      self.peak = max(self.peak, sum(map(_bytes, family(self._pid))))
      # Never more than a tenth of a core, however many processes there are.
      self._ended.wait(max(_EVERY_S, 10 * (time.monotonic() - began)))


def family(pid: int) -> list[int]:
  """A process and all below it; none where the system does not tell."""
  children: dict[int, list[int]] = {}
  for status in _PROC.glob("[0-9]*/stat"):
    try:
      # The name stands in brackets, and may hold brackets and spaces.
      parent = status.read_bytes().rpartition(b")")[2].split()[1]
    except (OSError, IndexError):  # It has ended.
      continue
    children.setdefault(int(parent), []).append(int(status.parent.name))
  found, at = [pid] if _PROC.is_dir() else [], 0
  while at < len(found):
    found += children.get(found[at], [])
    at += 1
  return found


def _bytes(pid: int) -> int:
  """A process's share of memory; 0 if it has ended."""
  try:
    found = _SHARE.search((_PROC / str(pid) / "smaps_rollup").read_bytes())
  except OSError:
    return 0
  return 1_024 * int(found[1]) if found else 0
