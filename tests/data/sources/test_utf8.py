"""Texts in other encodings."""

import codecs

import pytest

from data.sources import bad
from data.sources import utf8

TEXT = "<page>Здравей, 世界 😀</page>"
ENCODINGS = {
  "utf-8": b"",
  "utf-8-sig": b"",
  "utf-16-le": codecs.BOM_UTF16_LE,
  "utf-16-be": codecs.BOM_UTF16_BE,
  "utf-32-le": codecs.BOM_UTF32_LE,
  "utf-32-be": codecs.BOM_UTF32_BE,
}


def read(text, size):
  blocks = (text[i : i + size] for i in range(0, len(text), size))
  return b"".join(utf8.marked(blocks))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_every_encoding_becomes_utf8(encoding, size):
  text = ENCODINGS[encoding] + TEXT.encode(encoding)
  assert read(text, size) == TEXT.encode()


@pytest.mark.parametrize("size", [1, 1_000])
def test_what_has_no_mark_stays(size):
  for text in (b"", b"a", b"\xff", b"\xef\xbb", b"caf\xe9", b"\x00\x00"):
    assert read(text, size) == text
  # A mark in the middle is a character.
  assert read("a\ufeffb".encode(), size) == "a\ufeffb".encode()


def test_half_a_character_is_a_bad_row_and_not_the_end():
  text = codecs.BOM_UTF16_LE + "ab".encode("utf-16-le")
  half = text + b"\x00\xd8" + "\ncd".encode("utf-16-le")
  found = read(half, 1_000)
  assert found == b"ab\xed\xa0\x80\ncd"
  with pytest.raises(UnicodeDecodeError):
    found.decode()


def test_an_odd_byte_at_the_end():
  text = codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c"
  found = utf8.marked(iter([text]))
  assert next(found) == b"ab"
  with pytest.raises(bad.Broken, match="utf-16-le"):
    next(found)
