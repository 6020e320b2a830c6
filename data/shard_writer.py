"""Encoded records into numbered shards, each with its count and checksum."""

import contextlib
import hashlib
import pathlib

# A compiled module without a stub:
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]

from data import manifest

# Records in fours: a quarter of the index and a quarter less to store than
# singly, for 2 us more a record; eights would take 2 us more again.
_OPTIONS = "group_size:4,zstd:1"


class ShardWriter:
  """Writes `00000.array_record` and so on.

  Args:
    folder: takes the files.
    shard_bytes: a shard is closed once it holds this many bytes of records.

  Attributes:
    shards: those that are closed.
  """

  def __init__(self, folder: pathlib.Path, shard_bytes: int):
    self._folder, self._shard_bytes = folder, shard_bytes
    self._writer: array_record_module.ArrayRecordWriter | None = None
    self._records = self._bytes = 0
    self.shards: list[manifest.Shard] = []

  def write(self, encoded: bytes) -> None:
    """Appends one record."""
    writer = self._writer
    if writer is None:
      writer = self._writer = array_record_module.ArrayRecordWriter(
        str(self._path()), _OPTIONS
      )
    writer.write(encoded)
    self._records += 1
    self._bytes += len(encoded)
    if self._bytes >= self._shard_bytes:
      self.close()

  def close(self) -> None:
    """Ends the open shard and notes its count, size and checksum."""
    if self._writer is None:
      return
    writer, self._writer = self._writer, None
    writer.close()
    path = self._path()
    with path.open("rb") as file:
      digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    self.shards.append(manifest.Shard(path.name, self._records, size, digest))
    self._records = self._bytes = 0

  def abandon(self) -> None:
    """Closes the open shard, whatever becomes of it."""
    if self._writer is not None:
      with contextlib.suppress(RuntimeError):  # An earlier error counts.
        self._writer.close()

  def _path(self) -> pathlib.Path:
    """The file of the open shard."""
    return self._folder / f"{len(self.shards):05d}.array_record"
