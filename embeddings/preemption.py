"""The notice that a machine will be taken away, and what becomes of the run.

    notice = preemption.Notice(start, grace_s=25)
    if notice.reached(step):  # on all hosts at the same step
      ...  # save, and end for a restart

The notice is JAX's own: SIGTERM at any host reaches all of them through the
coordination service, which agrees on a step that none has passed yet. A Python
handler of SIGTERM would take it away, so there is none. Where no step is
reached in time, as in a long compilation or evaluation, the process ends for a
restart at its deadline, and what came after the last save is done again.
"""

import os
import threading

import jax
from jax.experimental import multihost_utils

from data import program
from embeddings import hosts

# Where the coordination service keeps the notice (XLA's
# preemption_sync_manager.cc).
_KEY = "RECEIVED_PREEMPTION_NOTICE"
_EVERY_S = 0.5


class Notice:
  """Whether this run is to end, and by when.

  Args:
    start: the step that all hosts begin at.
    grace_s: from the notice to the end of a process that has not saved.
  """

  def __init__(self, start: int, *, grace_s: float):
    self._grace_s, self._step = grace_s, start
    self._ended = threading.Event()
    if hosts.client() is not None:
      # So that the step agreed upon comes after this one, whenever a notice
      # comes; hosts that have not yet called count as being at step 0. A notice
      # that came before counts for step 1; where the run begins after that, or
      # there, it ends at the deadline.
      multihost_utils.reached_preemption_sync_point(start)
      threading.Thread(target=self._follow, daemon=True).start()

  def reached(self, step: int) -> bool:
    """Whether all hosts are to save at this step, and end.

    Args:
      step: that is done; each must be asked for once, in order.
    """
    self._step = step
    found = multihost_utils.reached_preemption_sync_point(step)
    if found:
      self.close()  # A save may take as long as the machine is there.
    return found

  def close(self) -> None:
    """Ends the wait for a notice: the process comes to its end by itself."""
    self._ended.set()

  def _follow(self) -> None:
    """Waits for the notice and then for the deadline, and ends the process."""
    while not self._ended.wait(_EVERY_S):
      if _came():
        break
    if self._ended.wait(self._grace_s):
      return
    program.note_line(
      f"preempted: {hosts.name()} was told to end {self._grace_s:g} s ago and "
      f"came to no step after {self._step} at which to save; start it again"
    )
    os._exit(program.EXIT_START_AGAIN)


def _came() -> bool:
  """Whether a notice has come to any host."""
  client = hosts.client()
  try:
    return client is not None and bool(client.key_value_try_get(_KEY))
  except jax.errors.JaxRuntimeError:  # There is none, or nobody to ask.
    return False
