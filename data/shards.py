"""Open shards: reading records at random out of many files, a few of them open.

    shard = shards.find(folder, entry)  # looks whether the file is as it was
    shards.read(shard, [5, 17, 3])  # three records, or what is wrong with them

All data sets of a process share one pool of open files, the least recently
used of which is closed where there would be too many. Opening takes 8 us for
each thousand records of a shard, since its index is read, and reading a record
6 us. Threads may read at once; a shard is read by one of them at a time.
"""

import collections
import contextlib
import dataclasses
import functools
import hashlib
import os
import pathlib
import resource
import threading
import time
from collections.abc import Sequence
from typing import Any

# A compiled module without a stub:
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]

from data import manifest as manifest_lib
from data import program

# Without these a reader reads ahead, in threads, what is not asked for.
_READER_OPTIONS = (
  "readahead_buffer_size:0,max_parallelism:0,footer_prefetch_bytes:16K"
)
_BUFFER_BYTES = 4096
MOST_OPEN = 4096
MOST_RECORDS = 2**28  # in open files: their indices take 2.2 bytes a record
# A disk is waited for where records take more than this; from memory, 5 us.
SLOW_S = 50e-6
_PATIENCE_S = 5e-3

Reader = Any  # array_record_module.ArrayRecordReader, which has no types


@dataclasses.dataclass(frozen=True)
class Shard:
  """A file of records.

  Attributes:
    path: the file.
    records: how many it holds, as the manifest says.
    key: of the open file; another where file or manifest were written again.
  """

  path: str
  records: int
  key: str


class Damaged(bytes):
  """In place of the bytes of a record that is damaged: none, and why."""

  def __new__(cls, reason: str) -> "Damaged":
    return super().__new__(cls)

  def __init__(self, reason: str):
    self.reason = reason


def find(folder: pathlib.Path, entry: manifest_lib.Shard) -> Shard:
  """The shard that the manifest names, without opening it.

  Raises:
    program.BadInput: unless it is there and as long as it was.
  """
  path = folder / entry.file
  try:
    status = path.stat()
  except OSError as error:
    raise program.BadInput(
      f"{path} is missing ({error.strerror}), wanted {entry.bytes} bytes; copy "
      "or write the data set again"
    ) from error
  if status.st_size != entry.bytes:
    raise program.BadInput(
      f"{path} has {status.st_size} bytes, wanted {entry.bytes} bytes; copy or "
      "write the data set again"
    )
  key = f"{path} {entry.records} {status.st_ino} {status.st_mtime_ns}"
  return Shard(str(path), entry.records, key)


def verify(shard: Shard, sha256: str) -> None:
  """Reads the whole file.

  Raises:
    program.BadInput: unless checksum and number of records are as they were.
  """
  try:
    with open(shard.path, "rb") as file:
      found = hashlib.file_digest(file, "sha256").hexdigest()
  except OSError as error:
    raise program.BadInput(
      f"{shard.path} cannot be read ({error}); copy or write the data set again"
    ) from error
  if found != sha256:
    raise program.BadInput(
      f"{shard.path} has sha256 {found[:12]}..., wanted {sha256[:12]}...; copy "
      "or write the data set again"
    )
  read(shard, [])


def read(shard: Shard, positions: Sequence[int]) -> list[bytes]:
  """The records at these positions of a shard, in this order.

  Args:
    shard: as `find` gave it.
    positions: numbers of records in the file; ascending ones are read fastest.

  Returns:
    The bytes of each; `Damaged` where they cannot be read.

  Raises:
    program.BadInput: if the file cannot be opened or holds another number of
      records.
  """
  return _pool(os.getpid()).read(shard, positions)


class Pool:
  """Open files, so many at most.

  Args:
    most: files open at once, as long as fewer threads read.
    most_records: records of all open files, which their indices grow with.
  """

  def __init__(self, most: int, most_records: int = MOST_RECORDS):
    self._most, self._most_records = most, most_records
    self._records, self._lock = 0, threading.Lock()
    self._open: collections.OrderedDict[str, _OpenShard] = (
      collections.OrderedDict()
    )

  def read(self, shard: Shard, positions: Sequence[int]) -> list[bytes]:
    """As the function of this name."""
    file = self._take(shard)
    try:
      with file.lock:
        return file.read(positions)
    finally:
      with self._lock:
        file.users -= 1

  def _take(self, shard: Shard) -> "_OpenShard":
    """The shard, which stays open until it has no users."""
    with self._lock:
      file = self._open.get(shard.key)
      if file is None:
        self._make_room(shard.records)
        file = self._open[shard.key] = _OpenShard(shard)
        self._records += shard.records
      self._open.move_to_end(shard.key)
      file.users += 1
      return file

  def _make_room(self, records: int) -> None:
    """Closes files that were not used for longest, until one more may open."""
    while (
      len(self._open) >= self._most
      or self._records + records > self._most_records
    ):
      unused = (key for key, file in self._open.items() if not file.users)
      oldest = next(unused, None)
      if oldest is None:
        return
      file = self._open.pop(oldest)
      self._records -= file.records
      file.close()


class _OpenShard:
  """One shard, opened when it is first read; `lock` is held meanwhile."""

  def __init__(self, shard: Shard):
    self._shard = shard
    self._reader: Reader | None = None
    self.records = shard.records
    self.lock, self.users = threading.Lock(), 0

  def read(self, positions: Sequence[int]) -> list[bytes]:
    """As the function of this name."""
    reader = self._reader or self._start()
    try:
      return _read(reader, positions)
    except RuntimeError:
      self.close()  # A reader that met damage reads nothing more.
      return [self._read_one(position) for position in positions]

  def close(self) -> None:
    """Closes the file if it is open."""
    reader, self._reader = self._reader, None
    if reader is not None:
      with contextlib.suppress(RuntimeError):  # It says again what it met.
        reader.close()

  def _read_one(self, position: int) -> bytes:
    """The record, or that it is damaged."""
    reader = self._reader or self._start()
    try:
      return _read(reader, [position])[0]
    except RuntimeError as error:
      self.close()
      return Damaged(str(error))

  def _start(self) -> Reader:
    """Opens the file; BadInput if its index is not what was written."""
    path, wanted = self._shard.path, self._shard.records
    try:
      reader = array_record_module.ArrayRecordReader(
        path, options=_READER_OPTIONS, file_reader_buffer_size=_BUFFER_BYTES
      )
    except RuntimeError as error:
      raise program.BadInput(
        f"{path} cannot be opened ({error}); copy or write the data set again"
      ) from error
    found = reader.num_records()
    if found != wanted:  # 0 where it is cut short, or cannot be opened.
      _open_plainly(path)
      raise program.BadInput(
        f"{path} holds {found} records and its manifest says {wanted}: one of "
        "them is damaged; copy or write the data set again"
      )
    self._reader = reader
    return reader


def _open_plainly(path: str) -> None:
  """Raises what keeps a file from being opened, if anything does."""
  try:
    with open(path, "rb"):
      pass
  except (FileNotFoundError, PermissionError) as error:
    raise program.BadInput(
      f"{path} cannot be opened ({error.strerror}); copy or write the data set "
      "again"
    ) from error


def _read(reader: Reader, positions: Sequence[int]) -> list[bytes]:
  """The records; RuntimeError if one of them is damaged."""
  # One by one is several times faster than at once, which takes a time for
  # each record of the shard, but stops all threads while a disk is waited for.
  seek, read_next, now = reader.seek, reader.read, time.perf_counter
  found: list[bytes] = []
  latest = now() + _PATIENCE_S
  for position in positions:
    seek(position)
    found.append(read_next())
    latest += SLOW_S
    if now() > latest:
      break
  rest = positions[len(found) :]
  return found + reader.read(rest) if rest else found


@functools.cache
def _pool(process: int) -> Pool:
  """The process's own pool: a forked one does not take over its parent's."""
  del process
  soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
  # Half of what may be open is left to others; there may be no limit.
  return Pool(min(MOST_OPEN, soft // 2) if soft > 0 else MOST_OPEN)
