"""Stretches are what slices are."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from data import ragged

STRETCHES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)))


@given(STRETCHES)
def test_stretches_are_slices(stretches):
  flat = np.arange(100, 116)
  start, length = np.array(stretches, np.int64).reshape(-1, 2).T
  wanted = [flat[a : a + n] for a, n in stretches]
  np.testing.assert_array_equal(
    ragged.gather(flat, start, length), np.concatenate([flat[:0], *wanted])
  )


@given(st.lists(st.integers(0, 6)))
def test_ramps_and_starts_are_those_of_pieces_end_to_end(lengths):
  pieces = np.split(np.arange(sum(lengths)), np.cumsum(lengths))[:-1]
  starts = ragged.starts(np.array(lengths, np.int64))
  ramps = ragged.ramps(np.array(lengths, np.int64))
  assert len(starts) == len(lengths)
  for piece, start in zip(pieces, starts, strict=True):
    np.testing.assert_array_equal(piece, start + np.arange(len(piece)))
    np.testing.assert_array_equal(ramps[piece], np.arange(len(piece)))
