"""Every token is in its place once, and rows are well filled."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from data import packing


def texts_of(lengths):
  """Token arrays that differ from each other."""
  return [
    np.arange(length, dtype=np.int32) + 100 * i
    for i, length in enumerate(lengths)
  ]


@settings(max_examples=100, deadline=None)
@given(
  st.lists(
    st.lists(st.integers(0, 16), min_size=6, max_size=6), min_size=1, max_size=4
  )
)
def test_texts_come_back_as_they_were(lengths):
  shards = [texts_of([max(n, 1), *rest]) for n, *rest in lengths]
  numbers = np.array([3, 1, 4, 0, 5, 9])
  packed = packing.pack(shards, numbers, row_tokens=16, rungs=(6, 3, 2))
  assert packed.tokens.dtype == np.int32
  for g, texts in enumerate(shards):
    for text, number in zip(texts, numbers, strict=True):
      rows, columns = np.nonzero(packed.text[g] == number)
      np.testing.assert_array_equal(packed.tokens[g, rows, columns], text)
      np.testing.assert_array_equal(
        packed.position[g, rows, columns], np.arange(len(text))
      )
      if len(text):  # contiguous, in one row
        assert len(set(rows)) == 1
        assert columns[-1] - columns[0] == len(text) - 1
    empty = packed.text[g] == -1
    assert not packed.tokens[g][empty].any()
    assert not packed.position[g][empty].any()


def test_the_least_rung_that_fits_all_shards_is_taken():
  full, small = texts_of([8] * 4), texts_of([2] * 4)
  numbers = np.arange(4)
  options = {"row_tokens": 8, "rungs": (4, 2, 1)}
  assert packing.pack([small], numbers, **options).text.shape == (1, 1, 8)
  assert packing.pack([small, full], numbers, **options).text.shape == (2, 4, 8)


def test_rows_are_well_filled():
  lengths = np.random.default_rng(0).integers(4, 100, 2_000)
  _, _, rows = packing.best_fit(lengths, 128)
  assert lengths.sum() / (rows * 128) > 0.99


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(1, 20), st.randoms(use_true_random=False))
def test_shards_get_equally_many_pairs_and_about_equal_tokens(
  shards, pairs, random
):
  tokens = np.array([random.randint(2, 100) for _ in range(shards * pairs)])
  dealt = packing.balance(tokens, shards)
  assert dealt.shape == (shards, pairs)
  assert sorted(dealt.ravel().tolist()) == list(range(shards * pairs))
  loads = tokens[dealt].sum(1)
  assert loads.max() - loads.min() <= tokens.max()


@pytest.mark.parametrize(("texts", "expected"), [(1, (1,)), (10, (10, 5, 2))])
def test_the_top_rung_holds_one_text_a_row(texts, expected):
  assert packing.ladder(texts, (0.5, 0.2)) == expected
