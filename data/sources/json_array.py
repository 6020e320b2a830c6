"""The elements of a long array of JSON, one at a time, in little memory.

    for number, element, fault in json_array.elements(stream):
      ...

    for number, element, fault in json_array.elements(stream, "annotations"):
      ...

The second form takes the array that is the value of this key, wherever it
stands first. Elements are objects. Only brackets and strings are looked at, so
that an element with an error in it costs itself alone; where one does not end,
the next begins at the next object with the same first key as the first one has.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from data.sources import bad

READ_BYTES = 2**20
MAX_ELEMENT_BYTES = 32 * 2**20

# A string at once, with what closes it, or one bracket. A string that does not
# close ends with its line.
_TOKEN = re.compile(rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*("?)|[\[\]{}]')
_CLOSING = {b"{": b"}", b"[": b"]"}
_FIRST_KEY = re.compile(rb'\{\s*("(?:[^"\\]|\\.)*")\s*:')
_BETWEEN = re.compile(rb"[\s,]*")


class Element(NamedTuple):
  """An element: its number from 1, and its bytes or its fault."""

  number: int
  element: bytes
  fault: str = ""


def elements(stream: BinaryIO, key: str = "") -> Iterator[Element]:
  """The elements of an array.

  Args:
    stream: as raw.open_stream gives it.
    key: of the array in an object; "" where the array is all there is.

  The last element says, as its fault, that the array ends before its time.
  """
  reader = _Reader(stream, key)
  for number, (element, fault) in enumerate(reader, 1):
    yield Element(number, element, fault)


class _Reader:
  """Reads a stream as far as it is needed."""

  def __init__(self, stream: BinaryIO, key: str):
    self._stream, self._key = stream, key
    self._held, self._at = b"", 0  # what was read, and where we are in it
    self._ended, self._broken = False, ""
    self._next = re.compile(rb"\{")

  def __iter__(self) -> Iterator[tuple[bytes, str]]:
    if not self._enter():
      yield b"", self._broken or f"has no array {self._key}".rstrip()
      return
    learned = False
    while (start := self._between()) != b"]":
      if not start:
        yield b"", self._broken or "ends before its array does"
        return
      if not learned and start == b"{":
        self._learn()
        learned = True
      found = bad.excerpt(self._held[self._at : self._at + 100])
      end = self._end() if start == b"{" else -1
      if end < 0:
        goes_on = self._to_next()
        yield b"", self._broken or f"is no whole object: {found}"
        if not goes_on:
          return
      else:
        yield self._held[self._at : end], ""
        self._at = end

  def _more(self) -> bool:
    """Reads on; False at the end. What is behind us is forgotten."""
    if self._ended:
      return False
    try:
      data = self._stream.read(READ_BYTES)
    except bad.Broken as error:
      data = b""
      self._broken = f"is the last that could be read: it {error}"
    self._ended = not data
    self._held, self._at = self._held[self._at :] + data, 0
    return bool(data)

  def _enter(self) -> bool:
    """Moves to behind the array's first bracket."""
    key = rb'"' + re.escape(self._key.encode()) + rb'"\s*:\s*'
    opening = re.compile((key if self._key else rb"\s*") + rb"\[")
    while True:
      found = (
        opening.search(self._held, self._at)
        if self._key
        else opening.match(self._held, self._at)
      )
      if found:
        self._at = found.end()
        return True
      if self._key:
        self._at = max(self._at, len(self._held) - 1_024)
      elif self._held.strip():
        return False
      if not self._more():
        return False

  def _between(self) -> bytes:
    """Moves to the next thing that is no comma, and gives its first byte."""
    while True:
      found = _BETWEEN.match(self._held, self._at)
      assert found is not None
      self._at = found.end()
      if self._at < len(self._held) or not self._more():
        return self._held[self._at : self._at + 1]

  def _learn(self) -> None:
    """Notes how objects begin."""
    while len(self._held) - self._at < 1_024 and self._more():
      pass
    found = _FIRST_KEY.match(self._held, self._at)
    if found:
      self._next = re.compile(rb"\{\s*" + re.escape(found[1]) + rb"\s*:")

  def _end(self) -> int:
    """Where the object ends that begins here; -1 if it does not."""
    closing: list[bytes] = []  # what closes the brackets that are open
    done = 0  # bytes of the object that are looked at
    while True:
      for token in _TOKEN.finditer(self._held, self._at + done):
        if token[1] == b"" and token.end() + 1 >= len(self._held):
          break  # The string may go on in what is not read yet.
        done = token.end() - self._at
        byte = token[0][:1]
        if byte in _CLOSING:
          closing.append(_CLOSING[byte])
        elif byte != b'"':
          if closing.pop() != byte:
            return -1
          if not closing:
            return token.end()
      if len(self._held) - self._at > MAX_ELEMENT_BYTES or not self._more():
        return -1

  def _to_next(self) -> bool:
    """Moves to where another object begins; False if none does."""
    self._at += 1
    while True:
      found = self._next.search(self._held, self._at)
      if found:
        self._at = found.start()
        return True
      self._at = max(self._at, len(self._held) - 1_024)
      if not self._more():
        return False
