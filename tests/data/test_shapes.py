"""Shapes follow the data: they fit well, and are the same on every host."""

import numpy as np
import pytest

from data import options
from tests.data import inputs


@pytest.fixture
def text(write_pairs):
  return f"{write_pairs(60, 'a')}=2,{write_pairs(64, 'b')}"


def rows(batches, layout):
  """The rows that batches take of a layout's shapes."""
  needed = [
    [side.tokens.shape[1:] for side in batch.sides] for batch in batches
  ]
  return sum(layout.least(shape)[0][0] for shape in needed)


def test_few_shapes_fill_nearly_as_well_as_all(text, tokenizer_folder):
  given = {"size": 32, "pack_shards": 2}
  every = tuple(i / 32 for i in range(1, 33))
  best = inputs.batches(text, tokenizer_folder, ladder=every, **given)
  found = [best[step] for step in range(20)]
  least = sum(batch.sides[0].tokens.shape[1] for batch in found)
  provisional = inputs.batches(text, tokenizer_folder, **given)
  taken = {
    count: rows(found, provisional.choose_shapes(count)) for count in (1, 2, 4)
  }
  assert taken[1] == 20 * 32  # one text a row
  assert taken[1] > taken[2] >= taken[4] >= least
  assert taken[4] < 1.1 * least


def test_they_do_not_depend_on_host_or_run_length(text, tokenizer_folder):
  given = {"size": 32, "pack_shards": 4, "sides": 2}
  chosen = [
    inputs.batches(text, tokenizer_folder, order=order, **given).choose_shapes(
      6
    )
    for order in ({}, {"shards": [3]}, {"run_length": 8})
  ]
  assert chosen[0] == chosen[1] == chosen[2]
  assert 1 < len(chosen[0].shapes()) <= 6
  assert chosen[0].shapes()[0] == ((8, 32), (8, 32))


def test_negatives_count_as_they_are_drawn(text, tokenizer_folder):
  # The data have none, so that columns for them are empty.
  three = options.Options(negatives=3)
  with_room, without = (
    inputs.batches(text, tokenizer_folder, defaults=defaults)
    for defaults in (three, options.PLAIN)
  )
  small = [
    batches.choose_shapes(3).shapes()[1:] for batches in (with_room, without)
  ]
  assert small[0] == small[1]
  tops = [b.choose_shapes(3).shapes()[0][0][0] for b in (with_room, without)]
  assert tops == [5 * 16, 2 * 16]
  assert np.array(small[0]).max() < 100
