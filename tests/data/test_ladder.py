"""Chosen rungs are the best there are."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from data import ladder

TOP = 12


@given(
  needed=st.lists(st.integers(1, TOP), min_size=1, max_size=12),
  count=st.integers(1, 5),
)
def test_no_other_rungs_waste_less(needed, count):
  needed = np.array(needed)
  rungs = ladder.choose_rungs(needed, TOP, count)
  assert rungs[0] == TOP
  assert len(rungs) == min(count, len({*needed.tolist(), TOP}))
  assert list(rungs) == sorted(set(rungs), reverse=True)
  least = min(
    ladder.taken(needed, (*others, TOP))
    for size in range(count)
    for others in itertools.combinations(range(1, TOP), size)
  )
  assert ladder.taken(needed, rungs) == least


@given(
  needed=st.lists(
    st.tuples(st.integers(1, TOP), st.integers(1, TOP)), min_size=1, max_size=12
  ),
  count=st.integers(1, 5),
)
def test_pairs_waste_no_more_than_the_top_and_the_best_one(needed, count):
  slots = np.array([3, 2])
  found = ladder.choose_pairs(np.array(needed), (TOP, TOP), slots, count)
  assert found[0] == (TOP, TOP)
  assert 1 <= len(found) <= count

  def taken(pairs):
    return sum(
      min(np.dot(p, slots) for p in pairs if (np.array(p) >= size).all())
      for size in needed
    )

  sums = [np.dot(pair, slots) for pair in found]
  assert sums == sorted(sums, reverse=True)
  others = itertools.product(*map(set, zip(*needed, strict=True)))
  best = min(taken([(TOP, TOP), other]) for other in others)
  assert taken(found) <= (best if count > 1 else taken([(TOP, TOP)]))
  if count > len(set(needed)):
    assert taken(found) == sum(np.dot(size, slots) for size in needed)


@given(
  needed=st.lists(st.integers(1, TOP), min_size=1),
  rungs=st.sets(st.integers(1, TOP)),
)
def test_each_batch_takes_the_least_rung_that_it_fits_in(needed, rungs):
  rungs = sorted({*rungs, TOP}, reverse=True)
  least = [min(rung for rung in rungs if rung >= size) for size in needed]
  assert ladder.taken(np.array(needed), rungs) == sum(least)


@pytest.mark.parametrize(
  ("top", "multiple", "expected"),
  [(1, 1, (1,)), (10, 1, (10, 5, 2)), (33, 8, (33, 24, 8)), (5, 8, (5,))],
)
def test_the_top_rung_is_the_whole(top, multiple, expected):
  assert ladder.fractions(top, (0.5, 0.2), multiple) == expected
