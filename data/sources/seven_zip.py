"""Members of .7z archives, unpacked without a file ever being written.

py7zr unpacks in a thread of its own and hands over blocks through a short
queue; where nobody reads, it waits, and where the reader leaves, it ends.
"""

import io
import pathlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from data import optional
from data.sources import bad

BLOCK_BYTES = 2**20
_QUEUED = 4  # blocks
# What a few bytes give is all that is lost where they turn out damaged, and
# all that is in memory at once.
_SLICE_BYTES = 2 * 2**10
_REQUIREMENTS = "requirements-data.txt"
_BEGINS = b"7z\xbc\xaf\x27\x1c"
_NOT_7Z = "is no .7z archive"


class Entry(NamedTuple):
  """What an archive says of a member; `fault` if it cannot be read."""

  name: str
  fault: str = ""


def entries(path: pathlib.Path) -> list[Entry]:
  """The members of an archive, but for folders.

  Raises:
    bad.Broken: if it cannot be read.
    program.BadInput: if py7zr is not installed.
  """
  with path.open("rb") as file, _opened(file) as archive:
    return [
      Entry(found.filename, _fault(found))
      for found in archive.files
      if not found.is_directory
    ]


def blocks(path: pathlib.Path, member: str) -> Generator[bytes]:
  """A member's bytes.

  Raises:
    bad.Broken: after what came before the damage.
    program.BadInput: if py7zr is not installed.
  """
  optional.load("py7zr", _REQUIREMENTS)
  pipe = _Pipe()
  thread = threading.Thread(
    target=_unpack, args=(path, member, pipe), daemon=True
  )
  thread.start()
  try:
    yield from pipe.read()
  finally:
    pipe.leave()
    thread.join()


class _Left(Exception):
  """The reader has left."""


class _Pipe:
  """Blocks on their way from one thread to another."""

  def __init__(self) -> None:
    self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(_QUEUED)
    self._written = bytearray()  # not yet a block
    self._left = False
    self._ended = False

  def check(self) -> None:
    """Raises _Left if there is nobody to write for."""
    if self._left:
      raise _Left

  def write(self, data: bytes) -> None:
    """Writes some bytes; waits until there is room."""
    for first in range(0, len(data), BLOCK_BYTES):
      self.check()
      self._written += data[first : first + BLOCK_BYTES]
      if len(self._written) >= BLOCK_BYTES:
        self._flush()

  def end(self, fault: Exception | None) -> None:
    """Says that no more will come, and why if too early."""
    self._flush()
    self._queue.put(fault)

  def read(self) -> Iterator[bytes]:
    """The blocks to the end."""
    while isinstance(block := self._next(), bytes):
      yield block
    if block is not None:
      raise block

  def leave(self) -> None:
    """Lets the writer end."""
    self._left = True
    while not self._ended:
      self._next()

  def _flush(self) -> None:
    """Hands over what was written."""
    if self._written:
      self._queue.put(bytes(self._written))
      self._written.clear()

  def _next(self) -> bytes | Exception | None:
    """A block or the end."""
    block = self._queue.get()
    self._ended = not isinstance(block, bytes)
    return block


class _File(io.BufferedReader):
  """A file that is read in slices, and no longer when the reader has left."""

  sliced = False

  def __init__(self, path: pathlib.Path, pipe: _Pipe):
    super().__init__(io.FileIO(path))
    self._pipe = pipe

  def read(self, size: int | None = -1, /) -> bytes:
    self._pipe.check()
    return super().read(_SLICE_BYTES if self.sliced else size)


def _unpack(path: pathlib.Path, member: str, pipe: _Pipe) -> None:
  """What the thread does."""
  fault: Exception | None = bad.Broken("damaged", "was not read to its end")
  try:
    with _File(path, pipe) as file, _opened(file) as archive:
      file.sliced = True  # The archive's head must be read whole.
      archive.extract(targets=[member], recursive=False, factory=_factory(pipe))
    fault = None
  except (_Left, bad.Broken) as error:
    fault = error
  except Exception as error:  # py7zr passes on those of eight decoders.
    fault = bad.Broken("damaged", f"is damaged as .7z ({_words(error)})")
  finally:
    pipe.end(fault)


def _factory(pipe: _Pipe) -> Any:
  """What py7zr asks for somewhere to write: the first time, it is the pipe."""
  py7zr_io = optional.load("py7zr.io", _REQUIREMENTS)

  class Sink(py7zr_io.NullIO):
    """Takes blocks of the member."""

    def write(self, data: bytes) -> int:
      pipe.write(data)
      return len(data)

  class Factory(py7zr_io.WriterFactory):
    """Gives it once: later members of the same name are left out."""

    given = False

    def create(self, filename: str) -> Any:
      del filename
      made = py7zr_io.NullIO() if self.given else Sink()
      self.given = True
      return made

  return Factory()


def _opened(file: Any) -> Any:
  """The archive."""
  py7zr = optional.load("py7zr", _REQUIREMENTS)
  head = file.read(64)
  file.seek(0)
  if not head:
    raise bad.Broken("empty", "has no bytes")
  if not _BEGINS.startswith(head[: len(_BEGINS)]):
    raise bad.Broken(
      "damaged", f"{_NOT_7Z}; it begins with {bad.excerpt(head)}"
    )
  try:
    return py7zr.SevenZipFile(file)
  except py7zr.PasswordRequired as error:
    raise bad.Broken("damaged", "is encrypted") from error
  except _Left:
    raise
  except Exception as error:  # Whatever a damaged head makes of itself.
    raise bad.Broken(
      "damaged", f"is no whole .7z archive ({_words(error)})"
    ) from error


def _fault(found: Any) -> str:
  """Why a member cannot be read."""
  if found.is_symlink or found.is_junction:
    return "is a link"
  if found.is_socket:
    return "is no file"
  methods = optional.load("py7zr.compressor", _REQUIREMENTS).SupportedMethods
  if found.folder is not None and methods.needs_password(found.folder.coders):
    return "is encrypted"
  return ""


def _words(error: Exception) -> str:
  """An error in few words."""
  return " ".join(str(error).split())[:100] or type(error).__name__
