"""Streams of text, cut into chunks of whole rows.

    with raw.open_stream(file) as stream:
      for chunk in cut.elements(stream, b"<row ", b"/>"):
        chunk.rows      # [b'<row Id="1" ... />', ...]

Rows of XML are cut out by where they begin and end, and each is read by itself,
so that a broken one costs itself alone and the head of a file, which may hold a
DTD, is never read. The rows are the same whatever the size of the chunks.
Memory is that of a chunk and a row.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple, Protocol

from data.sources import bad

CHUNK_BYTES = 4 * 2**20
MAX_ROW_BYTES = 8 * 2**20  # Wikipedia's longest page has 2 MiB of text.
_TAIL_BYTES = 256  # more than a last tag
_HEAD_BYTES = 1_024


class Chunk(NamedTuple):
  """Some rows of a stream.

  Attributes:
    first: the number of the first one in the stream, from 1.
    rows: these rows, which follow each other.
    too_long: how many came after them that have over MAX_ROW_BYTES; they are
      left out.
  """

  first: int
  rows: list[bytes]
  too_long: int = 0


def lines(stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Chunk]:
  """The lines of a stream without their ends, but for blank ones.

  Args:
    stream: as raw.open_stream gives it.
    chunk_bytes: how much is read at once.

  Raises:
    bad.Broken: after the rows before the damage.
  """
  return _cut(stream, _Lines(), chunk_bytes)


def elements(
  stream: BinaryIO,
  start: bytes,
  end: bytes,
  chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
  """The elements of an XML stream that begin and end so.

  An element whose end is missing ends where the next one begins.

  Args:
    stream: as raw.open_stream gives it.
    start: how an element begins, such as `<row ` or `<page>`.
    end: how it ends, such as `/>` or `</page>`.
    chunk_bytes: how much is read at once.

  Raises:
    bad.Broken: after the rows before the damage, which may be that the
      stream's last tag is missing.
  """
  return _cut(stream, _Elements(start, end), chunk_bytes)


class _Cutter(Protocol):
  """What finds the rows. It gives None for one that is too long."""

  def feed(self, data: bytes) -> Sequence[bytes | None]:
    """The rows that end in the data."""
    ...

  def finish(self) -> Sequence[bytes | None]:
    """The rows that end with the stream."""
    ...

  def check_end(self) -> None:
    """Raises Broken if the stream was cut short."""
    ...


class _Lines:
  """Cuts lines."""

  def __init__(self) -> None:
    self._rest = b""  # of a line that has not ended
    self._dropping = False  # a line that is too long

  def feed(self, data: bytes) -> Sequence[bytes | None]:
    if self._dropping:
      end = data.find(b"\n")
      if end < 0:
        return []
      self._dropping, data = False, data[end + 1 :]
    *lines, self._rest = (self._rest + data).split(b"\n")
    found = self._rows(lines)
    # One byte more may be that of a line end, which is no part of the row.
    if len(self._rest) > MAX_ROW_BYTES + 1:
      self._rest, self._dropping = b"", True
      found.append(None)
    return found

  def finish(self) -> Sequence[bytes | None]:
    return self._rows([self._rest])

  def check_end(self) -> None:
    """Lines may end anywhere."""

  def _rows(self, lines: Sequence[bytes]) -> list[bytes | None]:
    """The lines that are not blank."""
    whole = [line.removesuffix(b"\r") for line in lines]
    return [
      line if len(line) <= MAX_ROW_BYTES else None
      for line in whole
      if len(line) > MAX_ROW_BYTES or line.strip()
    ]


class _Elements:
  """Cuts elements of XML."""

  def __init__(self, start: bytes, end: bytes):
    self._start = start
    # These search twice as fast as bytes.find.
    self._starts = re.compile(re.escape(start)).finditer
    self._end = re.compile(re.escape(end)).search
    self._overlap = max(len(start), len(end))  # may be half there
    self._rest = b""  # of an element that has not ended, or after the last one
    self._inside = False  # an element
    self._dropping = False  # an element that is too long
    self._none = True
    self._head = b""

  def feed(self, data: bytes) -> Sequence[bytes | None]:
    if len(self._head) < _HEAD_BYTES:
      self._head += data[:_HEAD_BYTES]
    text, rows = self._rest + data, []
    starts = [found.start() for found in self._starts(text)]
    after, self._inside = self._dropped(text, starts), False
    for first, next_one in itertools.pairwise([*starts, len(text)]):
      end = self._end(text, first, next_one)
      self._inside = end is None and next_one == len(text)
      after = first if self._inside else end.end() if end else next_one
      if not self._inside:
        rows.append(text[first:after])
    self._none = self._none and not starts
    self._keep(text, after)
    found = [row if len(row) <= MAX_ROW_BYTES else None for row in rows]
    return [*found, None] if self._drops() else found

  def finish(self) -> Sequence[bytes | None]:
    return []

  def check_end(self) -> None:
    if self._none and _is_foreign(self._head):
      raise bad.Broken(
        "damaged",
        f"has no {self._start.decode()!r}; it begins with "
        f"{bad.excerpt(self._head)}",
      )
    if self._inside or self._dropping:
      raise bad.Broken("cut_short", "ends in the middle of a row")
    if b"</" not in self._rest and b"/>" not in self._rest:
      raise bad.Broken("cut_short", "ends without a last tag")

  def _dropped(self, text: bytes, starts: Sequence[int]) -> int:
    """Where an element that is too long ends."""
    first = starts[0] if starts else len(text)
    if not self._dropping:
      return 0
    end = self._end(text, 0, first)
    self._dropping = end is None and not starts
    return end.end() if end else first

  def _keep(self, text: bytes, after: int) -> None:
    """Keeps what the next data may go on with."""
    self._rest = text[after:] if self._inside else text[after:][-_TAIL_BYTES:]

  def _drops(self) -> bool:
    """Whether the element that has begun turns out to be too long."""
    # It may still be one without an end, before a start that is half there.
    longest = MAX_ROW_BYTES + len(self._start)
    if not self._inside or len(self._rest) < longest:
      return False
    self._rest = self._rest[-self._overlap :]
    self._inside, self._dropping = False, True
    return True


def _is_foreign(head: bytes) -> bool:
  """Whether a stream without rows is something else than XML."""
  return not head.lstrip().startswith(b"<") or b"<html" in head.lower()


def _cut(
  stream: BinaryIO, cutter: _Cutter, chunk_bytes: int
) -> Iterator[Chunk]:
  """The rows of a stream, in chunks."""
  number = 1
  for data in _blocks(stream, chunk_bytes):
    for chunk in _chunks(number, cutter.feed(data)):
      yield chunk
      number += len(chunk.rows) + chunk.too_long
  yield from _chunks(number, cutter.finish())
  cutter.check_end()


def _chunks(number: int, found: Sequence[bytes | None]) -> Iterator[Chunk]:
  """Rows as chunks, from a number on; each ends with what is too long."""
  rows: list[bytes] = []
  too_long = 0
  for row in found:
    if row is None:
      too_long += 1
      continue
    if too_long:
      yield Chunk(number, rows, too_long)
      number, rows, too_long = number + len(rows) + too_long, [], 0
    rows.append(row)
  if found:
    yield Chunk(number, rows, too_long)


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
  """The bytes of a stream in blocks of a size, but for the last."""
  while True:
    parts, left, fault = [], size, None
    try:
      while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    except bad.Broken as error:
      fault = error
    if parts:
      yield b"".join(parts)
    if fault:
      raise fault
    if left:
      return
