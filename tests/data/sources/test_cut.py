"""Streams cut into chunks of whole rows."""

import io
import random

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import bad
from data.sources import cut
from tests.data.sources import packed


class Stream(io.RawIOBase):
  """Gives a text in pieces of odd sizes, and then perhaps breaks."""

  def __init__(self, text, seed=0, breaks=False):
    self._text, self._breaks = text, breaks
    self._drawn = random.Random(seed)

  def read(self, size=-1):
    size = min(size, self._drawn.choice([1, 2, 7, 100]))
    found, self._text = self._text[:size], self._text[size:]
    if not found and self._breaks:
      raise bad.Broken("damaged", "breaks")
    return found


def rows_of(cutting):
  """All rows by their numbers, None for what is too long; and the fault."""
  found, fault = {}, ""
  try:
    for chunk in cutting:
      assert chunk.rows or chunk.too_long
      assert chunk.first == len(found) + 1
      for row in chunk.rows + [None] * chunk.too_long:
        found[len(found) + 1] = row
  except bad.Broken as error:
    fault = error.reason
  return list(found.values()), fault


def elements(text, size=cut.CHUNK_BYTES, **options):
  return rows_of(cut.elements(Stream(text, **options), b"<r ", b"/>", size))


def lines(text, size=cut.CHUNK_BYTES, **options):
  return rows_of(cut.lines(Stream(text, **options), size))


PIECES = strategies.lists(
  strategies.sampled_from(
    [b"<r ", b"/>", b"<", b"r", b" ", b"/", b">", b"\n", b"\r", b"</", b"a" * 9]
  ),
  max_size=40,
).map(b"".join)


@pytest.mark.parametrize("way", [elements, lines])
@hypothesis.given(
  text=PIECES,
  size=strategies.integers(1, 50),
  seed=strategies.integers(0, 9),
  breaks=strategies.booleans(),
)
@hypothesis.settings(
  max_examples=100,
  deadline=None,
  suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_rows_do_not_depend_on_chunks(
  way, text, size, seed, breaks, monkeypatch
):
  monkeypatch.setattr(cut, "MAX_ROW_BYTES", 16)
  whole = way(text, breaks=breaks)
  assert way(text, size, seed=seed, breaks=breaks) == whole
  # What a stream gives before it breaks is what it begins with.
  rows, fault = way(text + b"<r 1/>\n<r 2/>\n</r>")
  assert rows[: len(whole[0])] == whole[0] or not breaks
  assert fault in ("", "cut_short") and (whole[1] == "damaged" or not breaks)


def test_elements():
  text = b'<?xml?>\n<rs>\n <r a="1"/><r b="2 >" />\r\n junk <r/></rs>'
  assert elements(text) == ([b'<r a="1"/>', b'<r b="2 >" />'], "")
  text = b"<w><p>one <b/> two</p>\n<p>\n</p></w>"
  found = rows_of(cut.elements(Stream(text), b"<p>", b"</p>"))
  assert found == ([b"<p>one <b/> two</p>", b"<p>\n</p>"], "")


def test_a_broken_element_costs_itself_alone():
  text = b"<r 1/>\n<r 2\n<r 3/>\n<rx4/>\n<r 5/></x>"
  assert elements(text) == ([b"<r 1/>", b"<r 2\n", b"<r 3/>", b"<r 5/>"], "")


def test_the_head_is_never_read():
  head = b'<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b SYSTEM "file:///x">]>'
  assert elements(head + b"<x><r &a;/></x>") == ([b"<r &a;/>"], "")


def test_elements_that_are_too_long_are_counted_and_not_held(monkeypatch):
  monkeypatch.setattr(cut, "MAX_ROW_BYTES", 1_000)
  endless = b"<r 1/><r " + b"a" * 100_000
  cutting = cut.elements(io.BytesIO(endless + b"/><r 3/></x>"), b"<r ", b"/>")
  assert list(cutting) == [
    cut.Chunk(1, [b"<r 1/>"], 1),
    cut.Chunk(3, [b"<r 3/>"], 0),
  ]
  cutter = cut._Elements(b"<r ", b"/>")
  for first in range(0, len(endless), 100):
    cutter.feed(endless[first : first + 100])
    assert len(cutter._rest) <= 1_200


@pytest.mark.parametrize("length", range(0, 60, 3))
def test_a_dump_that_is_cut_short_says_so(length):
  text = packed.posts(1)
  assert len(text) > 60
  rows, fault = rows_of(cut.elements(Stream(text[:length]), b"<row ", b"/>"))
  assert fault in ("cut_short", "damaged") and len(rows) <= 1
  assert fault == "damaged" or length


def test_a_dump_without_rows():
  assert elements(b"<rs>\n</rs>\n") == ([], "")
  assert elements(b"<rs />") == ([], "")
  assert elements(b"<!doctype html><HTML>404</HTML>") == ([], "damaged")
  assert elements(b'{"a": 1}') == ([], "damaged")


def test_lines():
  assert lines(b"one\r\n\n  \ntwo\n\x00\nlast") == (
    [b"one", b"two", b"\x00", b"last"],
    "",
  )
  # The last line may not be whole where the stream breaks.
  assert lines(b"one\ntwo", breaks=True) == ([b"one"], "damaged")


def test_lines_that_are_too_long(monkeypatch):
  monkeypatch.setattr(cut, "MAX_ROW_BYTES", 5)
  text = b"12345\n123456\n1234567890123\r\n12345\r\n123456"
  for size in (1, 3, 100):
    assert lines(text, size)[0] == [b"12345", None, None, b"12345", None]
