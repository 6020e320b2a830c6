"""Encoded records in the order of a hash, in bounded memory.

Neighbours in this order are unrelated, and it depends on the records alone,
not on the order in which a source gave them. An external merge sort: runs that
fit into memory go to files, and the files are merged.

    order = hash_order.HashOrder(folder)
    for encoded in records:
      order.add(encoded)
    for encoded in order.sorted():
      ...
"""

import collections
import heapq
import pathlib
import struct
from collections.abc import Iterable, Iterator

import xxhash

RUN_BYTES = 128 * 2**20
MOST_RUNS = 64  # merged at once, each an open file
_OVERHEAD_BYTES = 48  # of a bytes object and its place in a list
_BUFFER_BYTES = 2**20
_LENGTH = struct.Struct("<Q")


class HashOrder:
  """Sorts encoded records by xxh3's 64 bits, then by their bytes.

  Args:
    folder: takes the files, `run-...`; none is left when `sorted` has ended.
    run_bytes: as much is held in memory.
    most_runs: files open at once.
  """

  def __init__(
    self,
    folder: pathlib.Path,
    *,
    run_bytes: int = RUN_BYTES,
    most_runs: int = MOST_RUNS,
  ):
    assert most_runs > 1, most_runs
    self._folder, self._run_bytes = folder, run_bytes
    self._most_runs = most_runs
    self._held: list[bytes] = []
    self._held_bytes = self._count = 0
    self._runs: collections.deque[pathlib.Path] = collections.deque()
    self._number = 0

  def __len__(self) -> int:
    return self._count

  @property
  def spilled(self) -> bool:
    """Whether there are more records than were held in memory."""
    return bool(self._runs)

  def add(self, encoded: bytes) -> None:
    """Takes one record."""
    # The hash before the bytes, as big-endian bytes: these sort as wanted.
    self._held.append(xxhash.xxh3_64_digest(encoded) + encoded)
    self._count += 1
    self._held_bytes += len(encoded) + 8 + _OVERHEAD_BYTES
    if self._held_bytes >= self._run_bytes:
      self._held.sort()
      self._write_run(self._held)
      self._held, self._held_bytes = [], 0

  def sorted(self) -> Iterator[bytes]:
    """All records, once, in order."""
    self._held.sort()
    while len(self._runs) > self._most_runs:
      first = [self._runs.popleft() for _ in range(self._most_runs)]
      self._write_run(heapq.merge(*map(_read_run, first)))
      for run in first:
        run.unlink()
    runs = map(_read_run, self._runs)
    for keyed in heapq.merge(self._held, *runs):
      yield keyed[8:]
    for run in self._runs:
      run.unlink()

  def _write_run(self, keyed: Iterable[bytes]) -> None:
    """Writes sorted records to a file of their own."""
    run = self._folder / f"run-{self._number:06d}"
    self._number += 1
    with run.open("wb", buffering=_BUFFER_BYTES) as file:
      for record in keyed:
        file.write(_LENGTH.pack(len(record)))
        file.write(record)
    self._runs.append(run)


def _read_run(run: pathlib.Path) -> Iterator[bytes]:
  """The records of a file, in its order."""
  with run.open("rb", buffering=_BUFFER_BYTES) as file:
    while length := file.read(_LENGTH.size):
      yield file.read(*_LENGTH.unpack(length))
