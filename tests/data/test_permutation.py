"""A permutation is one, differs by key, and stays what it is."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from data import permutation


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64, 100, 1023, 4097])
def test_is_a_permutation(size):
  landed = permutation.permute(np.arange(size), size, key=size)
  assert sorted(landed.tolist()) == list(range(size))


def test_random_access_gives_what_the_whole_gives():
  whole = permutation.permute(np.arange(1000), 1000, key=7)
  some = np.array([[999, 0], [500, 3]])
  landed = permutation.permute(some, 1000, key=7)
  np.testing.assert_array_equal(landed, whole[some])


def test_keys_give_unrelated_orders():
  orders = [permutation.permute(np.arange(997), 997, key=k) for k in range(20)]
  agree = [(orders[i] == orders[j]).mean() for i in range(20) for j in range(i)]
  assert max(agree) < 0.02
  # Neighbours do not stay neighbours.
  assert np.mean(np.abs(np.diff(orders[0])) == 1) < 0.02


def test_large_sizes_need_no_memory():
  size = 10**12
  landed = permutation.permute(np.arange(10_000), size, key=1)
  assert len(set(landed.tolist())) == 10_000
  assert landed.min() >= 0 and landed.max() < size
  assert landed.mean() == pytest.approx(size / 2, rel=0.05)


def test_numbers_are_pinned():
  # The order of every run that was ever started depends on these.
  landed = permutation.permute(np.arange(8), 1000, key=42)
  assert permutation.VERSION == 1
  assert landed.tolist() == [406, 827, 164, 875, 918, 635, 68, 689]
  assert permutation.mix(1, 2, 3) == 0xD0734750FDE362B3


@given(
  st.lists(
    st.tuples(st.integers(1, 10**12), st.integers(0, 2**64 - 1)), min_size=1
  ),
  st.randoms(use_true_random=False),
)
def test_each_index_may_have_its_own_size_and_key(permutations, random):
  sizes, keys = zip(*permutations, strict=True)
  indices = np.array([random.randrange(size) for size in sizes])
  together = permutation.permute(
    indices, np.array(sizes), np.array(keys, np.uint64)
  )
  for index, size, key, landed in zip(
    indices, sizes, keys, together, strict=True
  ):
    assert permutation.permute(np.array(index), size, key) == landed


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 9))
def test_runs_are_permuted_and_stay_together(size, run_length, key):
  run_length = min(size, run_length)
  landed = permutation.permute_runs(np.arange(size), size, key, run_length)
  assert sorted(landed.tolist()) == list(range(size))
  within = np.arange(size - 1) % run_length != run_length - 1
  within &= np.arange(size - 1) < size // run_length * run_length - 1
  steps = np.diff(landed)[within] % size
  assert (steps == 1 % size).all()
  if run_length == 1:
    one_by_one = permutation.permute(np.arange(size), size, key)
    np.testing.assert_array_equal(landed, one_by_one)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.integers(0, 2**70))
def test_arrays_are_mixed_as_numbers_are(values, other):
  mixed = permutation.mix_arrays(np.array(values, np.uint64), other, 7)
  assert mixed.tolist() == [permutation.mix(v, other, 7) for v in values]
