"""The files of dumps as streams of bytes, whatever they are packed in.

    for file in raw.find(["dumps/"], ["Posts.xml"]):
      with raw.open_stream(file) as stream:
        stream.read(1_000)

Files may be plain, .gz, .bz2, .xz or .zst, and members of .7z and .zip archives
may be so too. Nothing is written anywhere; memory does not grow with the file.
"""

import contextlib
import fnmatch
import io
import os
import pathlib
from collections.abc import Generator, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from data import optional
from data import program
from data.sources import archives
from data.sources import bad
from data.sources import patterns
from data.sources import unpack
from data.sources import utf8

Broken = bad.Broken  # what reading raises
_BLOCK_BYTES = 2**20


class File(NamedTuple):
  """A file, or a member of an archive.

  Attributes:
    path: the file or the archive.
    member: the name of the member; "" of a file.
  """

  path: pathlib.Path
  member: str = ""

  @property
  def name(self) -> str:
    """What messages call it."""
    return f"{self.path.name}:{self.member}" if self.member else self.path.name

  @property
  def base(self) -> str:
    """Its own name without folders and packing: "Posts.xml"."""
    own = self.member.replace("\\", "/").rpartition("/")[2] or self.path.name
    return own[: len(own) - len(unpack.ending(own))]


def find(
  names: Sequence[str], wanted: Sequence[str], flag: str = "in"
) -> list[File]:
  """The files that names, patterns and comma-separated lists of both mean.

  Folders are searched below, and archives, for files whose `base` matches one
  of `wanted`; a file that is named, or matched by a pattern, is taken as it is.
  An archive that cannot be read gives one file, which raises when it is read.

  Args:
    names: as a program is given them.
    wanted: patterns, such as "Posts.xml" or "RC_*".
    flag: by which they were given, for messages.

  Raises:
    program.BadInput: if a name gives no file, or a package that is needed to
      read one is not installed.
  """
  found: dict[tuple[str, str], File] = {}
  for part in patterns.split(names):
    paths = patterns.matches(part)
    files = [file for path in paths for file in _of(path, wanted)]
    if not files:
      raise program.BadInput(_nothing(part, paths, wanted, flag))
    for file in files:
      found.setdefault((os.path.realpath(file.path), file.member), file)
  return sorted(found.values())


@contextlib.contextmanager
def open_stream(file: File) -> Iterator[BinaryIO]:
  """A file's text as UTF-8 without a byte order mark.

  Args:
    file: as `find` gives it.

  Yields:
    A stream. `read(n)` gives some bytes, n at most, and b"" at the end. It
    raises bad.Broken where the file is cut short, damaged or empty, after it
    has given what came before.
  """
  ending = unpack.ending(file.member or file.path.name)
  with contextlib.closing(_blocks(file)) as packed:
    blocks = unpack.unpacked(packed, ending) if ending else packed
    yield cast(BinaryIO, _Stream(_some(utf8.marked(blocks))))


class _Stream(io.RawIOBase):
  """Blocks as a stream."""

  def __init__(self, blocks: Iterator[bytes]):
    super().__init__()
    self._blocks = blocks
    self._block = memoryview(b"")
    self._fault: bad.Broken | None = None

  def readable(self) -> bool:
    return True

  def readinto(self, buffer: Any, /) -> int:
    taken = self._take(len(memoryview(buffer)))
    buffer[: len(taken)] = taken
    return len(taken)

  def read(self, size: int = -1, /) -> bytes:
    return self.readall() if size < 0 else bytes(self._take(size))

  def _take(self, size: int) -> memoryview:
    """Some bytes; none at the end alone."""
    if self._fault:
      raise self._fault  # Whoever goes on must not take it for the end.
    while size and not self._block:
      try:
        block = next(self._blocks, None)
      except bad.Broken as error:
        self._fault = error
        raise
      if block is None:
        break
      self._block = memoryview(block)
    taken, self._block = self._block[:size], self._block[size:]
    return taken


def _of(path: pathlib.Path, wanted: Sequence[str]) -> Iterator[File]:
  """The files that a path means."""
  if path.is_dir():
    for folder, folders, names in os.walk(path):
      folders.sort()
      for name in sorted(names):
        file = File(pathlib.Path(folder, name))
        taken = archives.is_archive(name) or _is_wanted(file, wanted)
        if taken and file.path.is_file():  # A pipe would be waited for.
          yield from _of(file.path, wanted)
  elif archives.is_archive(path.name):
    yield from _members(path, wanted)
  else:
    if unpack.ending(path.name) == ".zst":
      optional.load("zstandard", "requirements-data.txt")
    yield File(path)


def _members(path: pathlib.Path, wanted: Sequence[str]) -> Iterator[File]:
  """The wanted members of an archive."""
  try:
    files = [File(path, name) for name in archives.members(path)]
  except bad.Broken:
    yield File(path, wanted[0])  # Reading it says what is wrong.
    return
  good = [file for file in files if _is_wanted(file, wanted)]
  if not good:
    has = ", ".join(file.member for file in files[:10]) or "nothing"
    program.note_line(f"{path} has {has}, and no {' or '.join(wanted)}")
  yield from good


def _is_wanted(file: File, wanted: Sequence[str]) -> bool:
  """Whether a file is asked for; hidden ones, as macOS adds, are not."""
  return not file.base.startswith(".") and any(
    fnmatch.fnmatchcase(file.base, pattern) for pattern in wanted
  )


def _nothing(
  part: str, paths: list[pathlib.Path], wanted: Sequence[str], flag: str
) -> str:
  """Says that a name gives no file."""
  if not paths:
    return f"--{flag}={part} is not there; give a file, a folder or a pattern"
  return (
    f"--{flag}={part} has no {' or '.join(wanted)}, plain, packed (.gz, .bz2, "
    ".xz, .zst) or in an archive (.7z, .zip); give the files by their names"
  )


def _blocks(file: File) -> Generator[bytes]:
  """The bytes of a file as they are."""
  if file.member:
    return archives.blocks(file.path, file.member)
  return _of_file(file.path)


def _of_file(path: pathlib.Path) -> Generator[bytes]:
  """The bytes of a file that is in no archive."""
  try:
    with path.open("rb", buffering=0) as opened:
      while block := opened.read(_BLOCK_BYTES):
        yield block
  except OSError as error:
    raise bad.Broken("damaged", f"cannot be read ({error})") from error


def _some(blocks: Iterator[bytes]) -> Iterator[bytes]:
  """The blocks, of which there must be some."""
  empty = True
  for block in blocks:
    empty = empty and not block
    yield block
  if empty:
    raise bad.Broken("empty", "has no bytes of text")
