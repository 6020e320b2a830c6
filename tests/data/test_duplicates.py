"""Tests of data/duplicates.py."""

import hypothesis
from hypothesis import strategies
import numpy as np
import pytest

from data import duplicates

WORDS = [f"w{i}" for i in range(40)]
TEXTS = strategies.lists(
  strategies.lists(strategies.sampled_from(WORDS), max_size=12).map(" ".join),
  max_size=12,
)


def originals(texts: list[str], threshold: float = 0.8) -> list[int | None]:
  """Of which earlier text each is a near copy."""
  return duplicates.find_originals(duplicates.sketch(texts), threshold)


def overlap(one: str, two: str) -> float:
  """The Jaccard similarity of the words, by Python's sets."""
  left, right = set(one.split()), set(two.split())
  return len(left & right) / len(left | right) if left | right else 1.0


def test_only_what_is_near_enough_is_a_copy() -> None:
  base = " ".join(WORDS)
  near = " ".join([*WORDS[4:], "a", "b", "c", "d"])  # 36 of 44 words: 0.818
  far = " ".join([*WORDS[5:], "a", "b", "c", "d", "e"])  # 35 of 45: 0.778
  assert originals([base, near]) == [None, 0]
  assert originals([base, far]) == [None, None]
  assert originals([base, far], threshold=0.7) == [None, 0]


def test_the_order_of_words_and_their_number_do_not_count() -> None:
  assert originals(["x = y(z)", "z.y[x], y"]) == [None, 0]
  assert originals(["x y", "X y"]) == [None, None]


def test_a_text_is_compared_with_the_kept_ones_only() -> None:
  texts = [" ".join(WORDS[i : i + 20]) for i in (0, 2, 4)]
  # Each is near the next (18 of 22) and the ends are not near (16 of 24).
  assert originals(texts) == [None, 0, None]
  assert originals([texts[1], texts[0], texts[2]]) == [None, 0, 0]


def test_texts_without_words_are_copies_of_one_another() -> None:
  assert originals(["", "x", "+ -", ""]) == [None, None, 0, 0]
  assert originals([]) == []


@hypothesis.given(TEXTS)
def test_no_two_kept_texts_are_near_and_each_other_has_its_near_one(
  texts: list[str],
) -> None:
  found = originals(texts)
  for text, original in enumerate(found):
    if original is not None:
      assert original < text
      assert found[original] is None
      assert overlap(texts[text], texts[original]) >= 0.8


@hypothesis.given(TEXTS, strategies.randoms(use_true_random=False))
def test_of_equal_texts_one_is_kept_in_any_order(
  texts: list[str], draw: strategies.DrawFn
) -> None:
  repeated = [text for text in texts for _ in range(3)]
  shuffled = list(repeated)
  draw.shuffle(shuffled)
  for order in (repeated, shuffled):
    kept = [
      text
      for text, original in zip(order, originals(order, 1.0), strict=True)
      if original is None
    ]
    assert sorted(map(_words, kept)) == sorted(set(map(_words, texts)))


def _words(text: str) -> tuple[str, ...]:
  """The words of a text as a set, sortable."""
  return tuple(sorted(set(text.split())))


@hypothesis.given(TEXTS)
def test_similarity_is_that_of_the_sets(texts: list[str]) -> None:
  sketches = duplicates.sketch(texts)
  for one, text in zip(sketches, texts, strict=True):
    for two, other in zip(sketches, texts, strict=True):
      assert duplicates.jaccard(one, two) == pytest.approx(overlap(text, other))


def test_a_sketch_does_not_depend_on_the_texts_beside_it() -> None:
  texts = ["a b c", "d e f", "g h i"]
  for together, text in zip(duplicates.sketch(texts), texts, strict=True):
    (alone,) = duplicates.sketch([text])
    np.testing.assert_array_equal(together.words, alone.words)
    np.testing.assert_array_equal(together.minima, alone.minima)


def test_near_copies_among_many_texts_are_found() -> None:
  draw = np.random.RandomState(0)
  sets = [draw.choice(5000, 60, replace=False) for _ in range(300)]
  texts = [" ".join(map(str, words)) for words in sets]
  # 54 of 66 words in common: 0.818, where one in 500 pairs is not proposed.
  copies = [" ".join(map(str, [*words[6:], *"abcdef"])) for words in sets]
  found = originals(texts + copies)
  assert found[:300] == [None] * 300
  assert sum(a == b for a, b in enumerate(found[300:])) >= 297
