"""Tests of data/sources/text_groups.py."""

import pathlib
import tempfile

import hypothesis
from hypothesis import strategies

from data.sources import text_groups

_VALUES = strategies.lists(
  strategies.tuples(
    strategies.text(max_size=3), strategies.lists(strategies.text(), max_size=2)
  ),
  max_size=30,
)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(values=_VALUES, buckets=strategies.integers(1, 5))
def test_groups(values: list[tuple[str, list[str]]], buckets: int) -> None:
  wanted: dict[str, list[list[str]]] = {}
  for key, value in values:
    wanted.setdefault(key, []).append(value)
  orders = []
  for given in (values, values[::-1]):
    with tempfile.TemporaryDirectory() as folder:
      groups = text_groups.Groups(pathlib.Path(folder, "new"), buckets)
      for key, value in given:
        groups.add(key, value)
      orders.append(list(groups))
      assert not list(pathlib.Path(folder, "new").iterdir())
  assert orders[0] == orders[1]
  assert dict(orders[0]) == {k: sorted(v) for k, v in wanted.items()}
  assert len(orders[0]) == len(wanted)
