"""A corpus in a folder: texts with ids, in order, read at random.

    texts.jsonl    {"_id", "text"} a line, or {"_id"} where texts are left out
    texts.starts   uint64, little-endian, [N + 1]: where each line begins

    documents.write(folder, [Document("p1", "the text", "a.jsonl, line 1")])
    corpus = documents.Documents(folder)
    corpus.read(0, 100)  # texts
    corpus.at([7, 3])  # rows, with ids

Memory is constant, but for 12 to 24 bytes a document to know ids that come
twice, while it is written.
"""

import array
import itertools
import mmap
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, NamedTuple

import msgspec
import numpy as np
import xxhash

from data import program
from data import seen as seen_lib

TEXTS = "texts.jsonl"
STARTS = "texts.starts"

_HELD = 8_192  # lines at a time
_STARTS_DTYPE = "<u8"


class Document(NamedTuple):
  """A text of a corpus, and where it was found."""

  name: str
  text: str
  where: str


class Row(msgspec.Struct, omit_defaults=True):
  """A line of the file."""

  name: str = msgspec.field(name="_id")
  text: str | None = None  # where texts are left out


class Written(NamedTuple):
  """What was written: how many documents, and a digest of all of them."""

  documents: int
  digest: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Row).decode


def write(
  folder: pathlib.Path,
  documents: Iterable[Document],
  *,
  advance: Callable[[int], None] = lambda _: None,
) -> Written:
  """Writes the two files; the same documents give the same bytes.

  Args:
    folder: is there.
    documents: in the order in which they will stand.
    advance: is told how many further ones are written.

  Raises:
    program.BadInput: if an id comes twice; says where.
  """
  seen, digest, count, end = seen_lib.Seen(), xxhash.xxh3_128(), 0, 0
  documents = iter(documents)
  with (
    (folder / TEXTS).open("wb") as texts,
    (folder / STARTS).open("wb") as starts,
  ):
    _put_starts(starts, [0])
    while held := list(itertools.islice(documents, _HELD)):
      for number, document in enumerate(held):
        if not seen.add(xxhash.xxh3_64_intdigest(document.name.encode())):
          _check_new(folder, document, texts, count, held[:number])
      lines = [_encode(Row(name, text)) + b"\n" for name, text, _ in held]
      block = b"".join(lines)
      texts.write(block)
      digest.update(block)
      ends = list(itertools.accumulate(map(len, lines), initial=end))
      _put_starts(starts, ends[1:])
      count, end = count + len(held), ends[-1]
      advance(len(held))
    _sync(texts, starts)
  return Written(count, digest.hexdigest())


def without_texts(folder: pathlib.Path, out: pathlib.Path) -> None:
  """Writes the ids of a corpus to another folder, as a corpus."""
  end = 0
  with (
    (folder / TEXTS).open("rb") as whole,
    (out / TEXTS).open("wb") as texts,
    (out / STARTS).open("wb") as starts,
  ):
    _put_starts(starts, [0])
    while held := list(itertools.islice(whole, _HELD)):
      lines = [_encode(Row(_decode(line).name)) + b"\n" for line in held]
      texts.write(b"".join(lines))
      ends = list(itertools.accumulate(map(len, lines), initial=end))
      _put_starts(starts, ends[1:])
      end = ends[-1]
    _sync(texts, starts)


class Documents:
  """A corpus that is open for reading, by any thread.

  Args:
    folder: as `write` left it.
    digest: as `write` gave it, where that is known.

  Raises:
    program.BadInput: if its files are missing or do not go together.
  """

  def __init__(self, folder: str | os.PathLike[str], digest: str = ""):
    self.folder, self.digest = pathlib.Path(folder), digest
    try:
      self._texts = (self.folder / TEXTS).open("rb", buffering=0)
      self._starts = _map(self.folder / STARTS)
    except OSError as error:
      raise program.BadInput(
        f"{folder} is no corpus ({error}); write it again"
      ) from error
    size = os.fstat(self._texts.fileno()).st_size
    last = int(self._starts[-1]) if len(self._starts) else -1
    if size != last:
      raise program.BadInput(
        f"{self.folder / TEXTS} has {size:,} bytes, and {STARTS} speaks of "
        f"{max(last, 0):,}; one was cut short: write them again"
      )

  def __len__(self) -> int:
    return len(self._starts) - 1

  def rows(self, start: int, stop: int) -> list[Row]:
    """The documents from `start` to before `stop`."""
    assert 0 <= start <= stop <= len(self), (start, stop, len(self))
    ends = self._starts[start : stop + 1].tolist()
    if start == stop:
      return []
    block = self._bytes(ends[0], ends[-1])
    return [
      self._row(block[first - ends[0] : end - ends[0]], start + number)
      for number, (first, end) in enumerate(itertools.pairwise(ends))
    ]

  def read(self, start: int, stop: int) -> list[str]:
    """The texts from `start` to before `stop`, "" where they are left out."""
    return [row.text or "" for row in self.rows(start, stop)]

  def at(self, numbers: Sequence[int] | np.ndarray) -> list[Row]:
    """The documents of these numbers, in this order."""
    return [self.rows(int(n), int(n) + 1)[0] for n in numbers]

  def _bytes(self, start: int, end: int) -> bytes:
    """A part of the file."""
    parts = []
    while start < end:  # One read gives 2 GiB at most.
      parts.append(os.pread(self._texts.fileno(), end - start, start))
      start += len(parts[-1])
      assert parts[-1], (self.folder, start, end)
    return b"".join(parts)

  def _row(self, line: bytes, number: int) -> Row:
    """One line, decoded."""
    try:
      return _decode(line)
    except msgspec.MsgspecError as error:
      raise program.BadInput(
        f"document {number:,} (from 0) of {self.folder / TEXTS} is "
        f"{line[:60]!r} ({error}); write the corpus again"
      ) from error


def _check_new(
  folder: pathlib.Path,
  document: Document,
  texts: BinaryIO,
  count: int,
  held: Sequence[Document],
) -> None:
  """Raises BadInput if the id is there, and not only its hash."""
  texts.flush()
  with (folder / TEXTS).open("rb") as written:
    names = (_decode(line).name for line in written)
    every = itertools.chain(names, (other.name for other in held))
    first = next(
      (n for n, name in enumerate(every) if name == document.name), -1
    )
  if first >= 0:
    raise program.BadInput(
      f"{document.where} has _id {document.name!r} again, which text "
      f"{first:,} (from 0) of {count + len(held):,} has; rename one of them"
    )


def _sync(*files: BinaryIO) -> None:
  """Waits until the disk has what was written."""
  for file in files:
    file.flush()
    os.fsync(file.fileno())


def _put_starts(file: BinaryIO, starts: Sequence[int]) -> None:
  """Appends to the file of starts."""
  numbers = array.array("Q", starts)
  if sys.byteorder == "big":
    numbers.byteswap()
  numbers.tofile(file)


def _map(path: pathlib.Path) -> np.ndarray:
  """The numbers of a file, which are read as they are looked at."""
  with path.open("rb") as file:
    if not os.fstat(file.fileno()).st_size:
      return np.zeros(0, _STARTS_DTYPE)
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
  return np.frombuffer(memory, _STARTS_DTYPE)
