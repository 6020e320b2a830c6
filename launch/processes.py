"""The processes of a pod: what they print, line by line, and how they end.

Each is the leader of its own session, so that Ctrl-C on a terminal reaches
only the one who started them, and each ends with it (data/worker.py). All is
done in one thread: Linux takes the thread that started a process for the one
that it is to end with.
"""

import contextlib
import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

from data import worker

_BLOCK_BYTES = 2**16
_LAST_WORDS_S = 1.0  # that a process which has ended may still be heard


class Line(NamedTuple):
  """A line that a process has printed."""

  host: int  # its number
  out: bool  # on standard output, else on standard error
  text: str


class _Stream(NamedTuple):
  """One of the two pipes of a process."""

  host: int
  out: bool
  pipe: IO[bytes]
  rest: bytearray  # the beginning of a line whose end has not come


class Processes:
  """Starts the processes.

  Args:
    commands: one each.
    env: the environment of all.

  Attributes:
    numbers: their process ids.
    codes: exit codes by process, in the order in which they ended; negative
      for a signal.
  """

  def __init__(self, commands: Sequence[Sequence[str]], env: Mapping[str, str]):
    self.codes: dict[int, int] = {}
    self._kill_at = math.inf
    self._ready = selectors.DefaultSelector()
    self._running: dict[int, subprocess.Popen[bytes]] = {}
    self._streams: list[_Stream] = []
    for host, command in enumerate(commands):
      self._start(host, command, env)
    self.numbers = [process.pid for process in self._running.values()]

  @property
  def running(self) -> bool:
    """Whether any is left."""
    return bool(self._running)

  def read(self, wait_s: float) -> list[Line]:
    """The lines that have come, and notes those that have ended.

    Args:
      wait_s: at most, for lines.
    """
    ready = [key.data for key, _ in self._ready.select(wait_s)]
    lines = [line for stream in ready for line in self._lines(stream)]
    if time.monotonic() >= self._kill_at:
      for process in self._running.values():
        _kill(process)
    for host, process in list(self._running.items()):
      if process.poll() is not None:
        lines += self._ended(host, process)
    return lines

  def send(self, number: int) -> None:
    """Sends a signal to all that are left."""
    for process in self._running.values():
      process.send_signal(number)

  def kill_in(self, seconds: float) -> None:
    """Has those killed that are left after so many seconds."""
    self._kill_at = min(self._kill_at, time.monotonic() + seconds)

  def _start(
    self, host: int, command: Sequence[str], env: Mapping[str, str]
  ) -> None:
    """Starts one."""
    process = subprocess.Popen(
      command,
      env=env,
      stdin=subprocess.DEVNULL,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      start_new_session=True,
      preexec_fn=worker.tied(),
    )
    self._running[host] = process
    for pipe in (process.stdout, process.stderr):
      assert pipe is not None
      os.set_blocking(pipe.fileno(), False)
      stream = _Stream(host, pipe is process.stdout, pipe, bytearray())
      self._streams.append(stream)
      self._ready.register(pipe, selectors.EVENT_READ, stream)

  def _lines(self, stream: _Stream) -> list[Line]:
    """The whole lines that a pipe has now, as far as one block goes."""
    try:
      came = os.read(stream.pipe.fileno(), _BLOCK_BYTES)
    except BlockingIOError:
      return []
    if not came:  # Nobody holds its other end any more.
      self._close(stream)
      came = b"\n" if stream.rest else b""  # It ended within a line.
    *whole, rest = (bytes(stream.rest) + came).split(b"\n")
    stream.rest[:] = rest
    return [Line(stream.host, stream.out, _text(line)) for line in whole]

  def _ended(self, host: int, process: subprocess.Popen[bytes]) -> list[Line]:
    """Ends what it had started, and reads what is left to be read of it."""
    self.codes[host] = process.returncode
    del self._running[host]
    _kill(process)
    lines, until = [], time.monotonic() + _LAST_WORDS_S
    while left := [each for each in self._streams if each.host == host]:
      came = [line for stream in left for line in self._lines(stream)]
      lines += came
      if time.monotonic() > until:  # Something far away holds them.
        for stream in left:
          self._close(stream)
      elif not came:
        time.sleep(0.001)
    return lines

  def _close(self, stream: _Stream) -> None:
    """Reads no more from a pipe."""
    if stream in self._streams:
      self._ready.unregister(stream.pipe)
      self._streams.remove(stream)
      stream.pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
  """Kills a process and what it has started, as far as they are there."""
  with contextlib.suppress(ProcessLookupError, PermissionError):
    os.killpg(process.pid, signal.SIGKILL)


def _text(line: bytes) -> str:
  """A line as text, whatever its bytes are."""
  return line.decode("utf-8", "replace").rstrip("\r")
