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


@pytest.mark.parametrize("kind", packing.PLACE)
@settings(max_examples=100, deadline=None)
@given(
  lengths=st.lists(
    st.lists(st.integers(0, 16), min_size=6, max_size=6), min_size=1, max_size=4
  ),
  spare=st.integers(0, 2),
)
def test_texts_come_back_as_they_were(kind, lengths, spare):
  lengths, numbers = np.array(lengths), np.array([3, 1, 4, 0, 5, 9])
  place = packing.PLACE[kind](lengths, 16)
  shape = (place.needed[0] + spare, place.needed[1])
  texts = [texts_of(shard) for shard in lengths]
  ids = np.concatenate([text for shard in texts for text in shard])
  packed = packing.fill(
    ids, lengths, numbers, place.row, place.offset, shape=shape
  )
  assert all(field.dtype == np.int32 for field in packed)
  assert all(field.shape == (len(lengths), *shape) for field in packed)
  for g, shard in enumerate(texts):
    for text, number in zip(shard, numbers, strict=True):
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


def test_the_shard_that_needs_most_decides():
  lengths = np.array([[2] * 4, [8] * 4, [5, 4, 3, 0]])
  assert packing.pack(lengths[:1], 8).needed == (1, 8)
  assert packing.pack(lengths[::2], 8).needed == (2, 8)
  assert packing.pack(lengths, 8).needed == (4, 8)
  assert packing.pad(lengths[:1], 8).needed == (4, 2)
  assert packing.pad(lengths[::2], 8).needed == (4, 5)
  assert packing.pad(lengths, 8).needed == (4, 8)


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
