"""Tests of data/kinds.py."""

import json
import math
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from data import kinds
from tests.data import kind_records

KINDS = kind_records.COLUMNS
GOOD = kind_records.good()
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
  more = kind in ("triplets", "scored_triplets") and len(record) > KINDS[kind]
  assert more or len(record) == KINDS[kind]
  tailed = kind in ("scored", "scored_triplets", "grouped")
  texts = record[:-1] if tailed else record
  assert kinds.texts(kind, record) == texts
  for text in texts:
    assert isinstance(text, str) and text.strip()
    assert len(text) <= kinds.MAX_TEXT_CHARS
    text.encode()
  scores = {"scored": record[-1:], "scored_triplets": record[-1]}.get(kind, ())
  assert kinds.scores(kind, record) == scores
  assert all(type(score) is float and math.isfinite(score) for score in scores)
  if kind == "scored_triplets":
    assert len(scores) == len(texts) - 1
  if kind == "grouped":
    assert type(record[-1]) is int or record[-1].strip()


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
  if isinstance(record[-1], list):
    record[-1] = tuple(record[-1])
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
    ("texts", b'["a", "b"]', "length 1"),
    ("texts", b'[" "]', "empty text"),
    ("scored_triplets", b'["a", "b", [1]]', "length >= 4"),
    ("scored_triplets", b'["a", "b", "c", "d"]', "'d' in place of a list"),
    ("scored_triplets", b'["a", "b", [1], [1, 2]]', "place of a text"),
    ("scored_triplets", b'["a", "b", "c", [1]]', "1 scores for 2 texts after"),
    ("scored_triplets", b'["a", "b", "c", [1, "2"]]', "`float`, got `str`"),
    ("scored_triplets", b'["a", "b", "", [1, 2]]', "empty text"),
    ("grouped", b'["a", "b", null]', "`int . str`, got `null`"),
    ("grouped", b'["a", "b", 1.5]', "got `float`"),
    ("grouped", b'["a", "b", true]', "got `bool`"),
    ("grouped", b'["a", "b", " "]', "empty group"),
    ("grouped", b'["a", "b", 9223372036854775808]', "`int` <= 92"),
    ("grouped", b'["a", "b", "%s"]' % (b"x" * 10**7), "group of 10,000,000"),
  ],
)
def test_what_is_wrong_is_said(kind: str, encoded: bytes, reason: str) -> None:
  with pytest.raises(kinds.Unfit, match=reason):
    kinds.decoder(kind, KINDS[kind])(encoded)


def test_what_is_wanted_is_said() -> None:
  wanted = kinds.wanted("scored", ("a", "b", "score"))
  assert wanted.startswith("scored of a, b, score: a JSON list of 3, the last")
