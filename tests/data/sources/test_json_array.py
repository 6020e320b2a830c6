"""Tests of data/sources/json_array.py."""

import io
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import bad
from data.sources import json_array

_VALUES = strategies.recursive(
  strategies.none()
  | strategies.integers()
  | strategies.text(
    strategies.sampled_from('a"\\{}[],:\n é\u2028'), max_size=9
  ),
  lambda inner: (
    strategies.lists(inner, max_size=3)
    | strategies.dictionaries(strategies.text(max_size=3), inner, max_size=3)
  ),
  max_leaves=8,
)
_OBJECTS = strategies.lists(
  strategies.dictionaries(strategies.text(max_size=3), _VALUES, max_size=3),
  max_size=6,
)
_ROWS = [{"name": f"row {n}", "text": f'te{{xt "{n}"'} for n in range(6)]


class Trickle(io.BytesIO):
  """A stream that gives a few bytes at a time."""

  def __init__(self, content: bytes, at_once: int):
    super().__init__(content)
    self._at_once = at_once

  def read(self, size: int | None = -1, /) -> bytes:
    return super().read(self._at_once)


def found(
  content: bytes, key: str = "", at_once: int = 7
) -> tuple[list[Any], list[tuple[int, str]]]:
  """The elements, and the faults by their numbers."""
  elements = list(json_array.elements(Trickle(content, at_once), key))
  good = [json.loads(e.element) for e in elements if not e.fault]
  return good, [(e.number, e.fault) for e in elements if e.fault]


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
  rows=_OBJECTS,
  indent=strategies.sampled_from([None, 2]),
  ascii_=strategies.booleans(),
  at_once=strategies.integers(1, 40),
)
def test_every_element_comes_out(
  rows: list[dict[str, Any]], indent: int | None, ascii_: bool, at_once: int
) -> None:
  array = json.dumps(rows, indent=indent, ensure_ascii=ascii_).encode()
  assert found(array, at_once=at_once) == (rows, [])
  head = b'{"info": {"data": 7}, "data" : '
  assert found(head + array + b"}", "data", at_once) == (rows, [])


@pytest.mark.parametrize(
  "wrong",
  [
    '{"name": "no end", "text": ["a"',
    '{"name": "no end", "text": {"a": {"b": "c"}, ',
    '{"name": "a string without end, "text": "t"}',
    '{"name": "one } too many"}}',
    '"no object"',
    "7",
    '{"name": "a string over\ntwo lines"}',
  ],
)
@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_broken_element_costs_itself_alone(wrong: str, place: int) -> None:
  lines = [json.dumps(row) for row in _ROWS]
  lines[place] = wrong
  content = ("[" + ",\n".join(lines) + "]").encode()
  kept = []
  for element in json_array.elements(Trickle(content, 20)):
    try:
      kept.append({} if element.fault else json.loads(element.element))
    except ValueError:
      kept.append({})
  good = [row for row in kept if row in _ROWS]
  assert good == [row for n, row in enumerate(_ROWS) if n != place]
  assert 1 <= len(kept) - len(good) <= 2


@pytest.mark.parametrize(
  "content, key, fault",
  [
    (b"", "", "has no array"),
    (b"<html>", "", "has no array"),
    (b'{"a": []}', "", "has no array"),
    (b'{"a": [{}]}', "data", "has no array data"),
    (b"[", "", "ends before its array does"),
    (b'[{"a": 1},', "", "ends before its array does"),
    (b'[{"a": 1}, {"a": "b', "", 'is no whole object: \'{"a": "b\''),
  ],
)
def test_what_is_no_array(content: bytes, key: str, fault: str) -> None:
  rows, faults = found(content, key)
  assert rows == [{"a": 1}] * (b"1" in content)
  assert faults == [(len(rows) + 1, fault)]


def test_a_stream_that_breaks() -> None:
  class Breaks(Trickle):
    def read(self, size: int | None = -1, /) -> bytes:
      data = super().read(size)
      if not data:
        raise bad.Broken("cut_short", "ends too early")
      return data

  content = json.dumps(_ROWS).encode()[:-20]
  elements = list(json_array.elements(Breaks(content, 30)))
  assert [json.loads(e.element) for e in elements[:-1]] == _ROWS[:-1]
  assert (
    elements[-1].fault == "is the last that could be read: it ends too early"
  )


def test_an_object_beyond_memory(monkeypatch: pytest.MonkeyPatch) -> None:
  monkeypatch.setattr(json_array, "MAX_ELEMENT_BYTES", 1_000)
  long = '{"name": "long", "text": "' + "x" * 5_000 + '"}'
  lines = [json.dumps(row) for row in _ROWS]
  content = ("[" + ",".join([lines[0], long, *lines[1:]]) + "]").encode()
  rows, faults = found(content, at_once=100)
  assert rows == _ROWS
  assert [number for number, _ in faults] == [2]
