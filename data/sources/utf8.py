"""Blocks of text without a byte order mark, whatever they came in.

    for block in utf8.marked(blocks):
      ...

UTF-16 and UTF-32 become UTF-8; without a mark, bytes stay as they are. What
such a text has that UTF-8 has not becomes bytes that are no UTF-8, so that the
row is found bad and no other.
"""

import codecs
from collections.abc import Iterator

from data.sources import bad

# The longer first: UTF-32's mark begins as UTF-16's does.
_MARKS = {
  codecs.BOM_UTF32_LE: "utf-32-le",
  codecs.BOM_UTF32_BE: "utf-32-be",
  codecs.BOM_UTF8: "",
  codecs.BOM_UTF16_LE: "utf-16-le",
  codecs.BOM_UTF16_BE: "utf-16-be",
}


def marked(blocks: Iterator[bytes]) -> Iterator[bytes]:
  """The blocks of a text that may begin with a mark.

  Raises:
    bad.Broken: if UTF-16 or UTF-32 ends within a character.
  """
  head = b""
  for block in blocks:
    head += block
    if len(head) >= 4:
      break
  mark = next((mark for mark in _MARKS if head.startswith(mark)), None)
  encoding = _MARKS[mark] if mark else ""
  head = head.removeprefix(mark or b"")
  if encoding:
    yield from _recoded(_chain(head, blocks), encoding)
  else:
    yield head
    yield from blocks


def _chain(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
  """All blocks."""
  yield head
  yield from blocks


def _recoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
  """Blocks of another encoding in UTF-8."""
  decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
  try:
    for block in blocks:
      yield decoder.decode(block).encode("utf-8", "surrogatepass")
    decoder.decode(b"", final=True)
  except UnicodeDecodeError as error:
    raise bad.Broken("damaged", f"is no {encoding} ({error.reason})") from error
