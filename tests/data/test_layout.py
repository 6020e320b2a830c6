"""Shapes are few, and the chosen ones suit the batches they were chosen for."""

import math

import numpy as np
import pytest

from data import layout as layout_lib
from data import program


def make(**changes):
  """A layout of 4 shards of 8 pairs."""
  return layout_lib.Layout(
    **{"size": 32, "max_length": 50, "pack_shards": 4, **changes}
  )


def test_packed_shapes_differ_in_rows():
  layout = make(ladder=(0.5, 0.3), negatives=1)
  assert layout.shapes() == [((24, 50),), ((12, 50),), ((8, 50),)]


def test_padded_shapes_differ_in_length():
  layout = make(ladder=(0.5, 0.3), packing="padded", sides=2)
  assert layout.shapes() == [
    ((8, query), (8, document))
    for query in (50, 32, 16)
    for document in (50, 32, 16)
  ]


def test_the_least_shape_that_holds_it():
  layout = make(ladder=(0.5, 0.3))
  assert layout.least([(5, 50)]) == ((5, 50),)
  assert layout.least([(6, 50)]) == ((8, 50),)
  assert layout.least([(9, 50)]) == ((16, 50),)
  layout = make(ladder=(0.5, 0.3), packing="padded", sides=2)
  assert layout.least([(8, 17), (8, 3)]) == ((8, 32), (8, 16))


@pytest.mark.parametrize("packing", ["packed", "padded"])
@pytest.mark.parametrize("sides", [1, 2])
def test_chosen_shapes_waste_less_than_fractions(packing, sides):
  random = np.random.default_rng(0)
  layout = make(packing=packing, sides=sides, size=256, ladder=(0.5, 0.2))
  first, top = layout.shapes()[0], layout.shapes()[0]
  sample = [
    tuple(
      (int(random.choice([3, 4, 21])), 50)
      if packing == "packed"
      else (rows, int(random.choice([3, 30, 33])))
      for rows, _ in top
    )
    for _ in range(40)
  ]

  def slots(layout):
    shapes = [side for needed in sample for side in layout.least(needed)]
    return sum(map(math.prod, shapes))

  chosen = layout.choose(sample, len(layout.shapes()))
  assert len(chosen.shapes()) <= len(layout.shapes())
  assert chosen.shapes()[0] == first
  assert slots(chosen) < slots(layout)
  assert len(layout.choose(sample, 1).shapes()) == 1
  if packing == "padded":
    assert {length for shape in chosen.shapes() for _, length in shape} <= {
      *range(8, 50, 8),
      50,
    }


@pytest.mark.parametrize(
  ("changes", "said"),
  [
    ({"size": 10}, r"batch\.size is 10 and batch\.pack_shards 4; wanted"),
    ({"size": 0}, r"batch\.size is 0"),
    ({"packing": "loose"}, r"batch\.packing is 'loose'; wanted one of packed,"),
  ],
)
def test_what_cannot_be_is_named(changes, said):
  with pytest.raises(program.BadInput, match=said):
    make(**changes)
