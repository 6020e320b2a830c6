"""Swaps and negatives depend on seed, data set, record and epoch alone."""

import numpy as np
import pytest

from data import choose
from data import options
from data import schedule


def draw(count, data_set=0, epoch=0):
  """One of each of the first records."""
  full = [np.full(count, value) for value in (data_set, epoch)]
  return schedule.Draw(full[0], np.arange(count), full[1])


def chooser(columns=5, seed=0, **given):
  return choose.Chooser([options.Options(**given)] * 2, columns, seed)


@pytest.mark.parametrize("swap", [0.0, 0.3, 1.0])
def test_sides_are_swapped_as_often_as_asked(swap):
  one = chooser(swap=swap)
  swapped = one.swapped(draw(4_000))
  assert swapped.mean() == pytest.approx(swap, abs=0.03)
  columns = one.columns(draw(4_000), np.full(4_000, 2))
  np.testing.assert_array_equal(columns[:, 0], swapped)
  np.testing.assert_array_equal(columns[:, 1], ~swapped)


def test_a_text_alone_is_query_and_document():
  one = chooser(negatives=2, choose_negatives="random", swap=0.5)
  columns = one.columns(draw(64), np.repeat([1, 2], 32))
  assert columns[:32].tolist() == [[0, 0, -1, -1, -1]] * 32
  assert (columns[32:, :2].sum(1) == 1).all()


def test_the_first_negatives_are_taken_as_far_as_there_are():
  columns = chooser(negatives=2).columns(draw(4), np.array([2, 3, 4, 9]))
  assert columns[:, 2:].tolist() == [
    [-1, -1, -1],
    [2, -1, -1],
    [2, 3, -1],
    [2, 3, -1],
  ]


def test_random_negatives_are_distinct_and_all_come():
  one = chooser(columns=6, negatives=4, choose_negatives="random")
  counts = np.arange(2, 12).repeat(300)
  columns = one.columns(draw(len(counts)), counts)
  for count in range(2, 12):
    rows = columns[counts == count, 2:]
    taken = min(count - 2, 4)
    assert (rows[:, taken:] == -1).all()
    for row in rows:
      assert len(set(row[:taken])) == taken
    if taken:
      numbers, times = np.unique(rows[:, :taken], return_counts=True)
      assert numbers.tolist() == list(range(2, count))
      assert times.min() > 0.6 * times.mean()


def test_choices_differ_by_seed_set_record_and_epoch_alone():
  one = chooser(negatives=1, choose_negatives="random", swap=0.5)
  counts = np.full(64, 40)
  first = one.columns(draw(64), counts)
  np.testing.assert_array_equal(first, one.columns(draw(64), counts))
  # A record's place in the batch is not asked for.
  turned = schedule.Draw(*(values[::-1] for values in draw(64)))
  np.testing.assert_array_equal(first[::-1], one.columns(turned, counts))
  others = [
    one.columns(draw(64, data_set=1), counts),
    one.columns(draw(64, epoch=1), counts),
    chooser(negatives=1, choose_negatives="random", swap=0.5, seed=1).columns(
      draw(64), counts
    ),
  ]
  for other in others:
    assert (first[:, 2] != other[:, 2]).mean() > 0.8
    assert 0.2 < (first[:, 0] != other[:, 0]).mean() < 0.8
