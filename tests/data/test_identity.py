"""Tests of data/identity.py."""

import hypothesis
import numpy as np
import pytest
import xxhash
from hypothesis import strategies

from data import identity
from data import permutation


@pytest.mark.parametrize(
  "one, other",
  [
    ("Two  words", "two words"),
    ("  padded\n", "padded"),
    ("STRASSE", "straße"),
    ("\ufb01ne", "fine"),  # The ligature fi.
    ("cafe\u0301", "caf\u00e9"),  # The accent apart, and in one letter.
    ("a\u00a0b\u2003c\td", "a b c d"),  # No-break space, em space, tab.
    ("\uff21\uff22\uff23", "abc"),  # Full width.
  ],
)
def test_the_same_text_written_otherwise(one: str, other: str) -> None:
  assert identity.normalise(one) == identity.normalise(other)
  assert identity.hash_text(one) == identity.hash_text(other)


@pytest.mark.parametrize(
  "one, other", [("a b", "ab"), ("a.", "a"), ("é", "e"), ("1 2", "12")]
)
def test_other_texts(one: str, other: str) -> None:
  assert identity.hash_text(one) != identity.hash_text(other)


def test_hashes_are_those_of_earlier_versions() -> None:
  # They stand in token caches on disk: a change needs a new fingerprint.
  assert identity.hash_text("") == 0x2D06800538D394C2
  assert identity.hash_text("How high is K2?") == 0x55008A73CF6BB7FB


_ASCII = strategies.characters(max_codepoint=127)


@hypothesis.given(
  strategies.text()
  | strategies.text(_ASCII)
  | strategies.text(
    strategies.sampled_from("aB \t\n\v\f\r\x1b\x1c\x1d\x1e\x1f\0")
  )
)
def test_the_hash_is_that_of_the_normal_form(text: str) -> None:
  expected = xxhash.xxh3_64_intdigest(identity.normalise(text).encode())
  assert identity.hash_text(text) == expected


_MASK = 2**64 - 1


def _unmixed(state: int) -> int:
  """The number whose `permutation.mix` from a state of 0 this is."""
  for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9)):
    state ^= state >> shift ^ state >> 2 * shift
    state = state * pow(factor, -1, 2**64) & _MASK
  state ^= state >> 30 ^ state >> 60
  return state - 0x9E3779B97F4A7C15 & _MASK


def test_no_group_is_0() -> None:
  # Mixed with 7, this one would be 0.
  hashes = np.array([_unmixed(_unmixed(0) ^ 7), 5], np.uint64)
  mixed = permutation.mix_arrays(hashes, 7)
  assert mixed[0] == 0 and mixed[1] != 0
  assert identity.groups_of(hashes, 7).tolist() == [1, mixed[1]]


def test_groups_are_told_apart_by_name_and_data_set() -> None:
  hashes = identity.hash_groups(["a", "A", 7, "7", "07", -7])
  found = [identity.groups_of(hashes, data_set) for data_set in (0, 1)]
  assert len(set(np.concatenate(found).tolist())) == 10  # 7 is "7"
  assert found[0][2] == found[0][3]


@hypothesis.given(strategies.lists(strategies.text(), max_size=5))
def test_the_two_words_are_the_hash(texts: list[str]) -> None:
  words = identity.words(identity.hash_texts(texts))
  assert words.dtype == np.uint32
  assert words.shape == (len(texts), 2)
  hashes = [int(high) << 32 | int(low) for high, low in words]
  assert hashes == [identity.hash_text(text) for text in texts]
