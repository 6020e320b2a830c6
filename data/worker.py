"""What processes that work for a program share: they end with it."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
  """Lets this process end when its parent does, even if that was killed.

  An executor's worker hears nothing of it else, and would wait for ever.
  """
  threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
  """Waits for the end of the parent, and follows."""
  parent = multiprocessing.parent_process()
  assert parent is not None
  parent.join()
  os._exit(1)
