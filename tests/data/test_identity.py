"""Tests of data/identity.py."""

import hypothesis
import numpy as np
import pytest
import xxhash
from hypothesis import strategies

from data import identity


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


@hypothesis.given(strategies.lists(strategies.text(), max_size=5))
def test_the_two_words_are_the_hash(texts: list[str]) -> None:
  words = identity.words(identity.hash_texts(texts))
  assert words.dtype == np.uint32
  assert words.shape == (len(texts), 2)
  hashes = [int(high) << 32 | int(low) for high, low in words]
  assert hashes == [identity.hash_text(text) for text in texts]
