"""What this machine, or the container on it, lets a program use."""

import os
import pathlib

# Limits of the container, as Linux has them (version 2 and 1 of its groups).
_LIMITS = (
  pathlib.Path("/sys/fs/cgroup/memory.max"),
  pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def cores() -> int:
  """Cores that this process may use."""
  if hasattr(os, "sched_getaffinity"):  # Not on macOS.
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def memory_bytes() -> int:
  """The memory of this machine, or of the container if that has less."""
  total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
  return min([total, *map(_limit, _LIMITS)], key=lambda size: size or total)


def _limit(path: pathlib.Path) -> int:
  """The limit that a file names, 0 if there is none."""
  try:
    return int(path.read_text())
  except (OSError, ValueError):  # No such file, or the word "max".
    return 0
