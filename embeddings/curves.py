"""TensorBoard's file of a run, written as the numbers come.

tensorboardX's SummaryWriter hands them to a thread, and waits for it for ever
once a full disk has ended it; what it is made of has none.
"""

import pathlib
import time
from collections.abc import Mapping
from typing import Any

from tensorboardX import event_file_writer
from tensorboardX import summary
from tensorboardX.proto import event_pb2

_FLUSH_S = 30.0
_EVENTS: Any = event_pb2  # protobuf makes its classes at import


class Curves:
  """The file of one start of a run.

  Args:
    folder: where it goes, beside those of earlier starts.
    step: the step the run begins at; TensorBoard hides what earlier ones wrote
      past it.
  """

  def __init__(self, folder: pathlib.Path, *, step: int):
    folder.mkdir(parents=True, exist_ok=True)
    self._writer = event_file_writer.EventsWriter(str(folder / "events"))
    start = _EVENTS.SessionLog(status=_EVENTS.SessionLog.START)
    self._writer.write_event(
      _EVENTS.Event(wall_time=time.time(), step=step + 1, session_log=start)
    )
    self._flushed, self._closed = time.monotonic(), False

  def add(self, step: int, values: Mapping[str, float]) -> None:
    """Adds a point to each of the curves that `values` names."""
    for name, value in values.items():
      event = _EVENTS.Event(
        wall_time=time.time(), step=step, summary=summary.scalar(name, value)
      )
      self._writer.write_event(event)
    if time.monotonic() - self._flushed > _FLUSH_S:
      self._writer.flush()
      self._flushed = time.monotonic()

  def close(self) -> None:
    """Ends the file; once is enough."""
    if not self._closed:
      self._closed = True
      self._writer.close()
