"""Tests of data/sources/text_sets.py."""

import hypothesis
from hypothesis import strategies

from data.sources import text_sets

_TEXTS = strategies.lists(strategies.text(max_size=5), max_size=9)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(texts=_TEXTS, most=strategies.integers(1, 50))
def test_pairs(texts: list[str], most: int) -> None:
  different = set(texts)
  every = text_sets.pairs(texts, 0)
  # Each two once.
  assert len(every) == len(different) * (len(different) - 1) // 2
  assert len({frozenset(pair) for pair in every}) == len(every)
  assert all(one != other for one, other in every)
  some = text_sets.pairs(reversed(texts), most)
  assert some == every[:most]
  # As many pairs as texts use all texts twice; the first, each at least once.
  if len(different) > 2 and most >= len(different):
    ring = every[: len(different)]
    assert sorted(one for one, _ in ring) == sorted(different)
    assert sorted(other for _, other in ring) == sorted(different)


def test_a_group_is_named_by_its_texts() -> None:
  name = text_sets.group_of(["one", "two"])
  assert name == text_sets.group_of(["Two ", "ONE", "one"])
  assert name != text_sets.group_of(["three", "four"])
  assert len(name) == 16
