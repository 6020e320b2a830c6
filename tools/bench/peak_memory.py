"""How much memory a call takes at its peak, beyond what stood before it."""

import contextlib
import ctypes
import pathlib
import re
import time
from collections.abc import Callable
from typing import Any

_STATUS = pathlib.Path("/proc/self/status")
_RESET = pathlib.Path("/proc/self/clear_refs")  # 5: forget the peak so far
_SETTLE_S = 0.3  # until XLA's threads have freed what the last call took


def of_host(call: Callable[[], Any]) -> int | None:
  """Bytes of resident memory; None where the system does not tell (not Linux).

  What was freed before is given back first, so that it does not hide what the
  call takes.
  """
  time.sleep(_SETTLE_S)
  with contextlib.suppress(AttributeError):  # of a C library other than glibc
    ctypes.CDLL(None).malloc_trim(0)
  try:
    _RESET.write_text("5")
    before = _field("VmRSS")
    call()
    return _field("VmHWM") - before
  except OSError:
    return None


def resident(field: str) -> int | None:
  """Bytes of this process: "VmRSS" now, "VmHWM" at its peak; None elsewhere.

  Unlike getrusage's, this peak does not begin with that of the parent.
  """
  return _field(field) if _STATUS.exists() else None


def _field(field: str) -> int:
  """A field of the process's status, in bytes."""
  found = re.search(rf"^{field}:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
  assert found, f"{_STATUS} has no {field}"
  return 1_024 * int(found[1])
