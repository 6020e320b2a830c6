"""Lines of JSON with a schema."""

import hypothesis
import msgspec
import pytest
from hypothesis import strategies

from data.sources import bad
from data.sources import json_line


class Comment(msgspec.Struct):
  """A row."""

  body: str
  score: int | None = None
  tags: list[str] = []


read = json_line.decoder(Comment)
GOOD = b'{"body": "caf\xc3\xa9 \\ud83d\\ude00", "score": 3, "x": [{"y": 1}]}'


def test_a_good_line():
  assert read(GOOD) == Comment("café 😀", 3)
  assert read(b' {"body": ""}\r') == Comment("")


@pytest.mark.parametrize(
  ("line", "reason"),
  [
    (b"", "broken_json"),
    (b"<!DOCTYPE html>", "broken_json"),
    (GOOD[:-1], "broken_json"),
    (GOOD + b"x", "broken_json"),
    (b'{"body": "\\ud800"}', "broken_json"),  # half a character
    (b'{"body": "a\nb"}', "broken_json"),
    (b'{"body": "a", "x": ' + b"[" * 1_000_000, "broken_json"),
    (b'{"body": "a", "x": ' + b'{"x":' * 1_000_000, "broken_json"),
    (b"[" * 1_000_000, "wrong_fields"),
    (b"{}", "wrong_fields"),
    (b"[1]", "wrong_fields"),
    (b'{"body": null}', "wrong_fields"),
    (b'{"body": "a", "score": "3"}', "wrong_fields"),
    (b'{"body": "a", "score": 1e999}', "wrong_fields"),
    (b'{"body": "a", "score": ' + b"9" * 10_000 + b"}", "wrong_fields"),
    (b'{"body": "\xff"}', "not_utf8"),
    (b'{"body": "\xed\xa0\x80"}', "not_utf8"),  # a surrogate's bytes
    (b"\xff", "not_utf8"),
  ],
)
def test_a_bad_line(line, reason):
  with pytest.raises(bad.BadRow) as caught:
    read(line)
  assert caught.value.reason == reason
  assert len(str(caught.value)) < 300


@hypothesis.given(
  changes=strategies.lists(
    strategies.tuples(
      strategies.integers(0, len(GOOD) - 1), strategies.binary(max_size=3)
    ),
    max_size=4,
  )
)
@hypothesis.settings(max_examples=200, deadline=None)
def test_mutations_are_bad_rows_or_writable_texts(changes):
  line = bytearray(GOOD)
  for place, found in changes:
    line[place : place + 1] = found
  try:
    comment = read(bytes(line))
  except bad.BadRow as error:
    assert error.reason in ("broken_json", "not_utf8", "wrong_fields")
  else:
    comment.body.encode("utf-8")
