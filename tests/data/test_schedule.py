"""Exact shares, each record once an epoch, and no state but the step."""

import collections

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from data import program
from data import schedule


def make(sizes, weights, *, batch_size=8, k=2, seed=0):
  names = [f"set{i}" for i in range(len(sizes))]
  return schedule.Schedule(
    names,
    sizes,
    weights,
    batch_size=batch_size,
    datasets_per_batch=k,
    seed=seed,
  )


mixtures = st.lists(st.integers(1, 9), min_size=2, max_size=8).flatmap(
  lambda weights: st.tuples(
    st.just(weights),
    st.integers(1, len(weights)),
    st.integers(0, 3),
  )
)


@settings(max_examples=60, deadline=None)
@given(mixtures)
def test_a_block_holds_exact_shares(drawn):
  weights, k, block = drawn
  order = make([50] * len(weights), weights, batch_size=k * 3, k=k)
  total = sum(weights)
  counts = collections.Counter()
  for step in range(block * total, (block + 1) * total):
    data_set, _ = order.batch(step)
    counts.update(data_set.tolist())
    slots = data_set.reshape(k, 3)[:, 0].tolist()
    for index, weight in enumerate(weights):
      if weight * k <= total:
        assert slots.count(index) <= 1
  assert counts == {i: 3 * k * w for i, w in enumerate(weights)}


@settings(max_examples=40, deadline=None)
@given(mixtures, st.integers(4, 40))
def test_each_record_comes_once_an_epoch(drawn, size):
  weights, k, seed = drawn
  order = make([size] * len(weights), weights, batch_size=2 * k, k=k, seed=seed)
  drawn_records = [[] for _ in weights]
  for step in range(3 * sum(weights)):
    for index, record in zip(*order.batch(step), strict=True):
      drawn_records[index].append(int(record))
  for records in drawn_records:
    for start in range(0, len(records) - size + 1, size):
      assert sorted(records[start : start + size]) == list(range(size))


def test_epochs_are_shuffled_anew():
  order = make([64], [1], batch_size=64, k=1)
  first, second = order.batch(0)[1], order.batch(1)[1]
  assert sorted(first) == sorted(second)
  assert (first == second).mean() < 0.2


def test_a_batch_depends_on_its_number_alone():
  steps = [100_003, 5, 77, 5, 0]
  one = make([500, 900, 70], [5, 3, 2])
  there = {step: make([500, 900, 70], [5, 3, 2]).batch(step) for step in steps}
  for step in steps:
    for array, again in zip(one.batch(step), there[step], strict=True):
      np.testing.assert_array_equal(array, again)


def test_partners_vary():
  order = make([500] * 6, [1] * 6)
  partners = {tuple(sorted(set(order.batch(s)[0]))) for s in range(300)}
  assert len(partners) > 10


def test_seeds_differ():
  one, two = (make([900, 900], [1, 1], seed=s) for s in (0, 1))
  assert (one.batch(3)[1] != two.batch(3)[1]).any()


@pytest.mark.parametrize(
  ("sizes", "options", "message"),
  [
    ([50, 50], {"k": 3}, "datasets_per_batch is 3"),
    ([50, 50], {"k": 0}, "datasets_per_batch is 0"),
    ([50, 50], {"batch_size": 9}, "cannot be shared"),
    ([50, 3], {}, "'set1' has 3 records and its slot"),
  ],
)
def test_what_cannot_be_is_named(sizes, options, message):
  with pytest.raises(program.BadInput, match=message):
    make(sizes, [1] * len(sizes), **options)
