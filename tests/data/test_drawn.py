"""What was seen of data sets is what was drawn from them, batch by batch."""

import numpy as np
import pytest

from data import drawn as drawn_lib
from data import schedule

NAMES = ["ale", "beer", "cider", "dry wine"]


def make(**changes):
  """A schedule of four data sets."""
  given = {"batch_size": 8, "slots": 2, "seed": 3} | changes
  return schedule.Schedule(NAMES, [40, 9, 25, 8], [3, 1, 2, 1], **given)


@pytest.mark.parametrize("since", [0, 5])
def test_epochs_are_draws_by_size(since):
  order = make()
  found = drawn_lib.Drawn(NAMES, order, since)
  drawn = np.zeros(4)
  for step in range(since + 1, since + 30):
    assert found.epochs(step - 1) == dict(
      zip(NAMES, drawn / order.sizes, strict=True)
    )
    sets = order.batch(step - 1 - since).data_set
    drawn += np.bincount(sets, minlength=4)
    assert found.in_step(step) == [NAMES[i] for i in sorted({*sets.tolist()})]
  assert drawn.all()  # or the least would say nothing


def test_the_last_step_of_a_mixture_that_ends():
  order = make(max_epochs=[2, 6, 2, 6])
  found = drawn_lib.Drawn(NAMES, order)
  assert order.batches is not None
  total = sum(
    epochs * size
    for epochs, size in zip(
      found.epochs(order.batches).values(), order.sizes, strict=True
    )
  )
  assert total == pytest.approx(8 * order.batches)


def test_eight_names_are_listed_and_the_rest_is_counted():
  names = [f"set {n}" for n in range(9)]
  assert drawn_lib.listed(names[:8]) == ", ".join(names[:8])
  assert drawn_lib.listed(names) == ", ".join(names[:8]) + " and 1 more"
