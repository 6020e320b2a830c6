"""Files of numbers in memory, read here and there by any thread.

mapped.open_file(path, "uint64", 2)[rows]  # a copy of these rows
"""

import functools
import mmap
import os

import numpy as np

# A map keeps a file descriptor, and a mixture may have hundreds of data sets:
# these many are open in a process, those of 128 data sets of pairs.
_OPEN_FILES = 256

# The pages of larger files are let go after each read. They are the system's
# to take back in any case, but schedulers that watch a job's memory count them.
_KEPT_BYTES = 16 * 2**20


class Map:
  """A file of numbers in memory.

  Args:
    path: the file.
    dtype: of its numbers.
    width: how many make a row; with 1, rows are numbers.
  """

  def __init__(self, path: str, dtype: str, width: int):
    self._numbers = np.zeros(0, dtype)
    self._memory: mmap.mmap | None = None
    with open(path, "rb") as file:
      self._bytes = os.fstat(file.fileno()).st_size
      if self._bytes:  # A file without a byte cannot be mapped.
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        memory.madvise(mmap.MADV_RANDOM)  # Reading ahead would be in vain.
        self._numbers = np.frombuffer(memory, dtype)
        self._memory = memory
    if width > 1:
      self._numbers = self._numbers.reshape(-1, width)

  def __getitem__(self, index: np.ndarray) -> np.ndarray:
    """A copy of what stands at these places."""
    picked = self._numbers[index]
    if self._memory is not None and self._bytes > _KEPT_BYTES:
      self._memory.madvise(mmap.MADV_DONTNEED)
    return picked


@functools.lru_cache(maxsize=_OPEN_FILES)
def open_file(path: str, dtype: str, width: int) -> Map:
  """The map of a file; the least recently used ones close."""
  return Map(path, dtype, width)
