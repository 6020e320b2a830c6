"""What processes that work for a program share: they end with it."""

import ctypes
import functools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # of Linux's <sys/prctl.h>


def end_with_parent() -> None:
  """Lets this process end when its parent does, even if that was killed.

  An executor's worker hears nothing of it else, and would wait for ever.
  """
  threading.Thread(target=_follow, daemon=True).start()


def serve(number: int, count: int) -> None:
  """Lets this process, one of `count`, end with its program and not before.

  A scheduler that takes a machine away tells all processes on it, and the
  program wants its batches until it has saved.
  """
  del number, count
  signal.signal(signal.SIGTERM, signal.SIG_IGN)
  end_with_parent()


def _follow() -> None:
  """Waits for the end of the parent, and follows."""
  parent = multiprocessing.parent_process()
  assert parent is not None
  parent.join()
  os._exit(1)


def tied() -> Callable[[], None] | None:
  """What a program that is started does first, to end when this process does.

  It is for the `preexec_fn` of subprocess.Popen, and the main thread's alone:
  Linux ends the program with the thread that started it. None elsewhere.
  """
  if sys.platform != "linux":
    return None
  # Looked up here: little is safe to do between a fork and its program.
  return functools.partial(_tie, ctypes.CDLL(None).prctl, os.getpid())


def _tie(prctl: Callable[[int, int], int], parent: int) -> None:
  """Asks Linux to end this process with the one that started it."""
  prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
  if os.getppid() != parent:  # It has ended already.
    os.kill(os.getpid(), signal.SIGKILL)
