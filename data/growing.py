"""Files that grow together in a folder, and go on after a kill.

They grow in `.NAME.partial` beside the folder's place. Every few seconds they
are brought to the disk, and then a journal says how far they go. After a kill
they are cut back to that, and what follows is the same bytes again. The folder
takes its place once a file in it, written last, says that it is whole.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import xxhash

from data import atomic
from data import program

JOURNAL_FILE = "journal.json"
JOURNAL_S = 5.0  # So much work a kill undoes.

_BUFFER_BYTES = 2**20


@dataclasses.dataclass(frozen=True)
class File:
  """The size and the checksum of one file."""

  bytes: int
  xxh3_128: str


class Files:
  """Files that are open for appending.

  Args:
    folder: where they will stand.
  """

  def __init__(self, folder: pathlib.Path):
    self._partial = partial(folder)
    self._files: dict[str, BinaryIO] = {}
    self._digests: dict[str, xxhash.xxh3_128] = {}
    self._last_s = time.monotonic()

  def are_as_long(self, sizes: Mapping[str, int]) -> bool:
    """Whether the files have as many bytes as a journal says, and says so."""
    kept = all(
      size_of(self._partial / name) >= size for name, size in sizes.items()
    )
    if not kept:
      program.note_line(f"{self._partial} has lost bytes: starting again")
    return kept

  def open(self, sizes: Mapping[str, int]) -> None:
    """Opens the files, cut back to so many bytes each."""
    self._partial.mkdir(parents=True, exist_ok=True)
    for name, size in sizes.items():
      path = self._partial / name
      self._files[name] = path.open("ab")
      self._files[name].truncate(size)
      self._digests[name] = digest(path)

  def put(self, name: str, content: bytes) -> None:
    """Appends to one file."""
    self._files[name].write(content)
    self._digests[name].update(content)

  def is_time(self) -> bool:
    """Whether so much was done that `keep` is due."""
    return time.monotonic() - self._last_s >= JOURNAL_S

  def keep(self, journal: Mapping[str, Any]) -> None:
    """Brings the files to the disk, and then says so."""
    self.flush()
    text = json.dumps(journal) + "\n"
    atomic.write_text(self._partial / JOURNAL_FILE, text)
    self._last_s = time.monotonic()

  def flush(self) -> dict[str, File]:
    """Brings the files to the disk, and gives their sizes and checksums."""
    for file in self._files.values():
      file.flush()
      os.fsync(file.fileno())
    return {
      name: File(size_of(self._partial / name), found.hexdigest())
      for name, found in self._digests.items()
    }

  def close(self) -> None:
    """Closes the files."""
    for file in self._files.values():
      with contextlib.suppress(OSError):  # What counted was flushed before.
        file.close()


def journal(folder: pathlib.Path) -> dict[str, Any]:
  """What the journal of a folder says; nothing if it cannot be read."""
  path = partial(folder) / JOURNAL_FILE
  try:
    found = json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError):
    return {}  # None, or one that the power left half written.
  return found if isinstance(found, dict) else {}


def place(folder: pathlib.Path, last: str) -> bool:
  """Puts a folder in its place if it is whole; a kill may have come before.

  Args:
    folder: its place.
    last: the file that makes it whole.

  Returns:
    Whether it stands there now.
  """
  grown = partial(folder)
  if (grown / last).exists():
    shutil.rmtree(folder, ignore_errors=True)  # What is there is not whole.
    (grown / JOURNAL_FILE).unlink(missing_ok=True)
    grown.rename(folder)
  return (folder / last).exists()


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[None]:
  """Keeps others out of a folder beside a data set while the block runs.

  Raises:
    program.BadInput: if another process is at work there, or nothing can be
      written there.
  """
  try:
    folder.mkdir(exist_ok=True)
    lock = (folder / "lock").open("a")
  except OSError as error:
    if program.is_disk_full(error):
      raise
    raise program.BadInput(
      f"cannot write to {folder} ({error}); change its mode, or copy the data "
      "set to a place that can be written to"
    ) from error
  with lock:
    try:
      fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise program.BadInput(
        f"{folder} is being written by another process; wait for it or stop it"
      ) from None
    yield


def partial(folder: pathlib.Path) -> pathlib.Path:
  """Where a folder's files grow."""
  return folder.with_name(f".{folder.name}.partial")


def size_of(path: pathlib.Path) -> int:
  """The bytes of a file, 0 if there is none."""
  return path.stat().st_size if path.exists() else 0


def check_size(path: pathlib.Path, file: File, command: str) -> None:
  """Raises BadInput unless the file is there and as long as it was.

  Args:
    path: the file.
    file: what was written.
    command: what writes it again.
  """
  found = path.stat().st_size if path.exists() else None
  if found != file.bytes:
    size = "is missing" if found is None else f"has {found:,} bytes"
    raise program.BadInput(
      f"{path} {size}, wanted {file.bytes:,} bytes; remove {path.parent} and "
      f"write it again with `{command}`"
    )


def check_digest(path: pathlib.Path, file: File, command: str) -> None:
  """Raises BadInput unless the file's checksum is what it was; reads it all."""
  found = digest(path).hexdigest()
  if found != file.xxh3_128:
    raise program.BadInput(
      f"{path} has xxh3-128 {found[:12]}..., wanted {file.xxh3_128[:12]}...; "
      f"remove {path.parent} and write it again with `{command}`"
    )


def digest(path: pathlib.Path) -> "xxhash.xxh3_128":
  """The running checksum of a file as far as it goes."""
  found = xxhash.xxh3_128()
  with path.open("rb") as file:
    while part := file.read(_BUFFER_BYTES):
      found.update(part)
  return found
