"""Tests of data/kinds.py."""

import json
import math
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from data import kinds

KINDS = {"pairs": 2, "triplets": 3, "scored": 3}
TEXTS = strategies.text(min_size=1).filter(str.strip)
NUMBERS = strategies.floats(allow_nan=False, allow_infinity=False)
GOOD = {
  "pairs": strategies.tuples(TEXTS, TEXTS),
  "triplets": strategies.lists(TEXTS, min_size=3, max_size=6).map(tuple),
  "scored": strategies.tuples(TEXTS, TEXTS, NUMBERS),
}
VALUES = strategies.recursive(
  strategies.none()
  | strategies.booleans()
  | strategies.integers()
  | strategies.floats()
  | strategies.text(),
  lambda inner: (
    strategies.lists(inner, max_size=4)
    | strategies.dictionaries(strategies.text(), inner, max_size=3)
  ),
  max_leaves=8,
)


def check(kind: str, record: kinds.Record) -> None:
  """Asserts what the rest of the code relies on."""
  assert isinstance(record, tuple)
  assert len(record) == KINDS[kind] or (kind == "triplets" and len(record) > 3)
  texts = record[:-1] if kind == "scored" else record
  for text in texts:
    assert isinstance(text, str) and text.strip()
    assert len(text) <= kinds.MAX_TEXT_CHARS
    text.encode()
  if kind == "scored":
    assert type(record[-1]) is float and math.isfinite(record[-1])


def read(kind: str, encoded: bytes) -> kinds.Record | None:
  """The record, checked, or None where it is refused as it should be."""
  try:
    record = kinds.decoder(kind, KINDS[kind])(encoded)
  except kinds.Unfit as error:
    assert str(error)
    return None
  check(kind, record)
  return record


@pytest.mark.parametrize("kind", KINDS)
@hypothesis.given(strategies.data())
def test_what_is_encoded_is_decoded(
  kind: str, data: strategies.DataObject
) -> None:
  record = data.draw(GOOD[kind])
  assert read(kind, kinds.encode(record)) == record
  # What other programs make of it is the same record.
  assert read(kind, json.dumps(record).encode()) == record


@pytest.mark.parametrize("kind", KINDS)
@hypothesis.given(encoded=strategies.binary())
def test_any_bytes(kind: str, encoded: bytes) -> None:
  read(kind, encoded)


@pytest.mark.parametrize("kind", KINDS)
@hypothesis.given(value=VALUES | strategies.lists(VALUES, max_size=5))
def test_any_json(kind: str, value: Any) -> None:
  # NaN and lone surrogates are written as some programs do.
  read(kind, json.dumps(value).encode())


@pytest.mark.parametrize("kind", KINDS)
@hypothesis.given(strategies.data())
def test_a_record_with_one_byte_changed(
  kind: str, data: strategies.DataObject
) -> None:
  encoded = bytearray(kinds.encode(data.draw(GOOD[kind])))
  place = data.draw(strategies.integers(0, len(encoded) - 1))
  encoded[place] = data.draw(strategies.integers(0, 255))
  read(kind, bytes(encoded))
  assert read(kind, bytes(encoded[:place])) is None  # cut short


@pytest.mark.parametrize("kind", KINDS)
@hypothesis.given(strategies.data())
def test_a_record_with_one_value_changed(
  kind: str, data: strategies.DataObject
) -> None:
  record = list(data.draw(GOOD[kind]))
  place = data.draw(strategies.integers(0, len(record) - 1))
  record[place] = data.draw(VALUES)
  found = read(kind, json.dumps(record).encode())
  assert found is None or found == tuple(record)


@pytest.mark.parametrize(
  "kind, encoded, reason",
  [
    ("pairs", b"no JSON", "malformed"),
    ("pairs", b"", "truncated"),
    ("pairs", b'["one", "\xff"]', "utf-8"),
    ("pairs", b'["one", "\\ud800"]', "truncated"),
    ("pairs", b'["one", "\\ud800 and on"]', "surrogate"),
    ("pairs", b'"text"', "`array`, got `str`"),
    ("pairs", b'{"a": "b"}', "`array`, got `object`"),
    ("pairs", b'["one"]', "length 2"),
    ("pairs", b'["one", "two", "three"]', "length 2"),
    ("pairs", b'["one", 2]', "`str`, got `int`"),
    ("pairs", b'["one", null]', "`str`, got `null`"),
    ("pairs", b'["one", ""]', "empty text"),
    ("pairs", b'["one", " \\n\xc2\xa0"]', "empty text"),
    ("pairs", b'["one", "%s"]' % (b"x" * 10**7), "10,000,000 characters"),
    ("triplets", b'["a", "b"]', "length >= 3"),
    ("triplets", b'["a", "b", "c", ""]', "empty text"),
    ("scored", b'["a", "b", "c"]', "`float`, got `str`"),
    ("scored", b'["a", "b", true]', "`float`, got `bool`"),
    ("scored", b'["a", "b", NaN]', "malformed"),
    ("scored", b'["a", "b", 1e999]', "out of range"),
    ("scored", b'["a", 1]', "`str`, got `int`"),
    ("pairs", b"[" * 10**6, "got `array`"),
  ],
)
def test_what_is_wrong_is_said(kind: str, encoded: bytes, reason: str) -> None:
  with pytest.raises(kinds.Unfit, match=reason):
    kinds.decoder(kind, KINDS[kind])(encoded)


def test_what_is_wanted_is_said() -> None:
  wanted = kinds.wanted("scored", ("a", "b", "score"))
  assert wanted.startswith("scored of a, b, score: a JSON list of 3, the last")
