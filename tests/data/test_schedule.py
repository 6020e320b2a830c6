"""Exact shares, each record once an epoch, and no state but the step."""

import collections
import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from data import program
from data import schedule


def make(sizes, weights, *, batch_size=8, k=2, seed=0, **options):
  names = [f"set{i}" for i in range(len(sizes))]
  return schedule.Schedule(
    names,
    sizes,
    weights,
    batch_size=batch_size,
    slots=k,
    seed=seed,
    **options,
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
    data_set = order.batch(step).data_set
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
    for index, record, _ in zip(*order.batch(step), strict=True):
      drawn_records[index].append(int(record))
  for records in drawn_records:
    for start in range(0, len(records) - size + 1, size):
      assert sorted(records[start : start + size]) == list(range(size))


def test_epochs_are_shuffled_anew():
  order = make([64], [1], batch_size=64, k=1)
  first, second = order.batch(0).record, order.batch(1).record
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
  partners = {tuple(sorted(set(order.batch(s).data_set))) for s in range(300)}
  assert len(partners) > 10


def test_seeds_differ():
  one, two = (make([900, 900], [1, 1], seed=s) for s in (0, 1))
  assert (one.batch(3).record != two.batch(3).record).any()


@pytest.mark.parametrize(
  ("sizes", "options", "message"),
  [
    ([50, 50], {"batch_size": 9}, "cannot be shared"),
    ([50, 3], {}, "'set1' has 3 records and its slot"),
    (
      [50, 8],
      {"max_epochs": [9, 0.9]},
      r"'set1' gives 8 pairs to the first 2 batches.* max_epochs of 1\.00",
    ),
  ],
)
def test_what_cannot_be_is_named(sizes, options, message):
  with pytest.raises(program.BadInput, match=message):
    make(sizes, [1] * len(sizes), **options)


@pytest.mark.parametrize("text", ["3", "0", "-1", "two", "1.5"])
def test_slots_that_cannot_be_are_named(text):
  with pytest.raises(program.BadInput, match=f"datasets_per_batch is {text} "):
    schedule.slots_of_a_batch(text, 2, 8)


def test_slots_of_a_batch():
  given = [("", 1), ("", 9), ("1", 9), ("9", 9), ("all", 9)]
  slots = [schedule.slots_of_a_batch(text, sets, 64) for text, sets in given]
  assert slots == [1, 2, 1, 9, 64]


@settings(max_examples=30, deadline=None)
@given(mixtures)
def test_all_data_sets_share_each_batch_in_proportion(drawn):
  weights, _, seed = drawn
  size, total = 20, sum(weights)
  order = make(
    [100] * len(weights), weights, batch_size=size, k=size, seed=seed
  )
  for step in range(5):
    counts = np.bincount(order.batch(step).data_set, minlength=len(weights))
    exact = size * np.array(weights) / total
    assert (np.floor(exact) <= counts).all() and (
      counts <= np.ceil(exact)
    ).all()


def test_a_share_above_one_slot_takes_several():
  order = make([90, 90], [9, 1])
  slots = [order.slots(step)[0].tolist() for step in range(10)]
  assert slots.count([0, 0]) == 8
  for step in range(30):  # No record stands twice in such a batch.
    draw = order.batch(step)
    assert len(set(zip(draw.data_set, draw.record, strict=True))) == 8


@settings(max_examples=40, deadline=None)
@given(mixtures, st.lists(st.floats(1, 4), min_size=8, max_size=8))
def test_data_sets_leave_before_their_cap_and_the_rest_keep_shares(drawn, caps):
  weights, k, seed = drawn
  count, size = len(weights), 2 * k * max(weights)
  caps = [*caps[: count - 1], math.inf]
  order = make(
    [size] * count,
    weights,
    batch_size=2 * k,
    k=k,
    seed=seed,
    max_epochs=caps,
  )
  assert order.batches is None
  for phase in order.phases:
    inside = [w for w in phase.weights if w]
    before = [w for w, p in zip(weights, phase.weights, strict=True) if p]
    ratios = {a / b for a, b in zip(before, inside, strict=True)}
    assert len(ratios) == 1  # the same proportions
  end = order.phases[-1].start + 2 * sum(order.phases[-1].weights)
  drawn = np.zeros(count, int)
  for step in range(end):
    assert (order.drawn(step) == drawn).all()
    drawn += np.bincount(order.batch(step).data_set, minlength=count)
  left = np.array([not w for w in order.phases[-1].weights])
  assert (drawn[left] <= (np.array(caps) * size)[left]).all()
  # It left no earlier than it had to: one more block would be too much.
  blocks = 2 * k * np.array(weights)
  assert ((drawn + blocks)[left] > (np.array(caps) * size)[left]).all()


def test_a_mixture_whose_data_sets_all_leave_ends():
  order = make([40, 40], [1, 1], max_epochs=[2, 2])
  assert order.batches == 20
  assert order.drawn(20).tolist() == [80, 80]
  records = [order.batch(step) for step in range(20)]
  seen = collections.Counter(
    pair
    for draw in records
    for pair in zip(draw.data_set, draw.record, strict=True)
  )
  assert set(seen.values()) == {2} and len(seen) == 80


def test_runs_of_neighbours_are_drawn_together_and_once_an_epoch():
  size, run = 50_000, 16
  order = make([size], [1], batch_size=500, k=1, run_length=run)
  epoch = np.concatenate([order.batch(step).record for step in range(100)])
  assert sorted(epoch.tolist()) == list(range(size))
  together = (np.diff(epoch) == 1).mean()
  assert 0.9 < together < 0.95  # 15 of 16
  again = np.concatenate(
    [order.batch(100 + step).record for step in range(100)]
  )
  assert (epoch == again).mean() < 0.01
  small = make([500], [1], batch_size=500, k=1, run_length=run).batch(0).record
  assert (np.diff(small) == 1).mean() < 0.05  # too few runs: one by one


def test_a_billion_records_cost_nothing_and_late_steps_no_more():
  sizes = [10_000 + 13 * i**3 for i in range(289)] + [726_484_430]
  order = make(sizes, [1 + i % 83 for i in range(290)], batch_size=1024)
  for step in (0, 540_000, 10**9):
    draw = order.batch(step)
    assert (draw.record < np.array(sizes)[draw.data_set]).all()
    assert len(set(draw.data_set.tolist())) == 2


def test_the_order_is_pinned():
  # Workdirs hold the fingerprint of this order.
  draw = make([500, 900, 70], [5, 3, 2]).batch(77)
  assert schedule.VERSION == 1
  assert draw.data_set.tolist() == [0, 0, 0, 0, 2, 2, 2, 2]
  assert draw.record.tolist() == [387, 323, 440, 262, 0, 54, 21, 31]
  assert draw.epoch.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
