"""What memory devices have, and what to say where it does not suffice."""

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator

import jax
from jax.experimental import multihost_utils
import numpy as np

from data import program

MARGIN = 0.9  # of what is free; the rest is for what no program plans

_CGROUPS = (  # version 2, then 1: folder, limit, use, what of it can be freed
  ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
  (
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
  ),
)
# XLA's words for an allocation, and those of a TPU's compiler.
_ASKED = re.compile(
  r"allocat\w+ ([\d.,]+ ?(?:bytes|[KMGT]i?B))|Used ([\d.]+[KMGT]) of"
)


def limit_bytes() -> int:
  """What a program may take of each local device.

  That is what its backend says, or the machine's free memory shared by its
  devices where it says nothing (CPUs), less a margin. On several hosts it is
  that of the one that has least, so that all choose the same.
  """
  device = jax.local_devices()[0]
  stats = device.memory_stats() or {}
  if "bytes_limit" in stats:
    found = stats["bytes_limit"]
  else:
    # Programs take their arguments in: what holds them is not lost to them.
    held = sum(
      shard.data.nbytes
      for array in jax.live_arrays()
      for shard in array.addressable_shards
    )
    found = (free_bytes() + held) // jax.local_device_count()
  return int(MARGIN * _least_of_hosts(found))


def free_bytes(root: pathlib.Path = pathlib.Path("/")) -> int:
  """The memory that this machine, or the container, has left.

  Args:
    root: where proc and sys are.
  """
  information = root / "proc/meminfo"
  if not information.exists():  # no Linux
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
  free = 2**10 * _table(information)["MemAvailable:"]
  return min([free, *_free_of_cgroups(root)])


def _free_of_cgroups(root: pathlib.Path) -> Iterator[int]:
  """What each limit on this process's group, and those above, leaves."""
  own = [pathlib.PurePosixPath("/")]
  for line in _read(root / "proc/self/cgroup").splitlines():
    _, controllers, path = line.split(":", 2)
    if not controllers or "memory" in controllers.split(","):
      own.append(pathlib.PurePosixPath(path))
  groups = {group for path in own for group in (path, *path.parents)}
  for top, limit, use, freed in _CGROUPS:
    for group in groups:
      folder = root / top / str(group).strip("/")
      words = _read(folder / limit)  # "max" for none
      if words.isdigit():
        cached = _table(folder / "memory.stat").get(freed, 0)
        yield max(int(words) - int(_read(folder / use)) + cached, 0)


def _read(path: pathlib.Path) -> str:
  """The words of a file, "" if it is not there."""
  return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _table(path: pathlib.Path) -> dict[str, int]:
  """A file of names and numbers, a pair a line."""
  rows = (line.split() for line in _read(path).splitlines())
  return {row[0]: int(row[1]) for row in rows}


def _least_of_hosts(number: int) -> int:
  """The least of the numbers that all hosts give."""
  if jax.process_count() == 1:
    return number
  # In pages: 32 bits end at 2 GiB.
  pages = multihost_utils.process_allgather(np.int32(number >> 12))
  return int(pages.min()) << 12


@contextlib.contextmanager
def explained(chunk_rows: int = 0) -> Iterator[None]:
  """Makes one line with the remedy of running out of memory in the block.

  Args:
    chunk_rows: as the run has it, 0 for none.

  Raises:
    program.BadInput: in place of what JAX or Python raises.
  """
  try:
    yield
  except (jax.errors.JaxRuntimeError, MemoryError) as error:
    if not is_out_of_memory(error):
      raise
    raise program.BadInput(_line(str(error), chunk_rows)) from error


def is_out_of_memory(error: BaseException) -> bool:
  """Whether JAX, its compiler or Python found no memory for what it needs."""
  words = str(error).lower()
  return isinstance(error, MemoryError) or (
    isinstance(error, jax.errors.JaxRuntimeError)
    and ("out of memory" in words or "resource_exhausted" in words)
    and not program.is_disk_full(error)
  )


def _line(message: str, chunk_rows: int) -> str:
  """What to say, and to do, where the memory does not suffice."""
  found = _ASKED.search(message)
  asked = f" ({found[1] or found[2]} were asked for)" if found else ""
  fewer = chunk_rows // 2 or "auto"
  device = jax.local_devices()[0].device_kind
  return (
    f"the memory of a device ({device}) does not suffice{asked}; try "
    f"--config.batch.chunk_rows={fewer}, a smaller --config.batch.size, "
    "--config.model.remat=full, --config.model.dtype=bfloat16, or more devices"
  )
