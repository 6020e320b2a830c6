"""Each loss is its formula, however its similarities are cut and spread."""

import dataclasses
import functools
import math

import numpy as np
import pytest

from embeddings import partition
from embeddings.losses import blockwise
from embeddings.losses import table
from tests.embeddings.losses import cases
from tests.embeddings.losses import formulas

WORLD = cases.world()
SMALL = blockwise.Spread(block=6)  # 16 in three blocks of 6, 5 and 5
MESHES = {
  "8": {"data": 8},
  "2 x 2 x 2": {"data": 2, "fsdp": 2, "tensor": 2},
  "4 x 2 x 1": {"data": 4, "fsdp": 2},
}


# What these do, another case does among other things.
LONG = (
  "joint",
  "queries",
  "documents",
  "GTE",
  "smoothed",
  "dot products",
  "relative filter",
)
NAMES = [
  pytest.param(name, marks=[pytest.mark.long] * (name in LONG))
  for name in cases.CASES
]


def spread_over(mesh, exchange, block=1):
  """Eight devices; a block is smaller than what is on one."""
  return blockwise.Spread(partition.make_mesh(**MESHES[mesh]), exchange, block)


def slopes(case, world, directions):
  """How a formula changes along directions: central differences, float64."""
  learned, step = dict(case.learned), 1e-5

  def change(vectors, learned):
    return case.plain(world, vectors, learned)[0] / (2 * step)

  along = [
    change(world.vectors + step * direction, learned)
    - change(world.vectors - step * direction, learned)
    for direction in directions
  ]
  by_learned = {
    name: change(world.vectors, {**learned, name: number + step})
    - change(world.vectors, {**learned, name: number - step})
    for name, number in case.learned
  }
  return along, by_learned


def taken(world, order):
  """The batch of these pairs of a world."""
  by_column = ("vectors", "names", "target")
  return formulas.World(
    **{
      field.name: np.take(
        getattr(world, field.name), order, axis=int(field.name in by_column)
      )
      for field in dataclasses.fields(world)
    }
  )


def assert_same(one, other, **tolerance):
  """Value, accuracy and gradients are those of another run."""
  assert one[0] == pytest.approx(other[0], rel=2e-6)
  assert one[1] == pytest.approx(other[1], nan_ok=True)
  np.testing.assert_allclose(one[2], other[2], rtol=2e-5, atol=2e-6)
  assert one[3] == pytest.approx(other[3], rel=2e-5)


def test_every_loss_and_setting_is_in_the_table():
  losses = [case.loss for case in cases.CASES.values()]
  assert {type(loss) for loss in losses} == set(table.LOSSES.values())
  for loss in table.LOSSES.values():
    some = [one for one in losses if type(one) is loss]
    for field in dataclasses.fields(loss):
      values = {getattr(one, field.name) for one in some}
      assert values - {field.default}, field
  assert {case.similarity for case in cases.CASES.values()} == {"cosine", "dot"}
  assert any(case.widths for case in cases.CASES.values())


def test_the_world_has_all_that_there_may_be():
  counts = (WORLD.names[2:] > 0).sum(0)
  assert set(counts) == {0, 1, 2}
  assert 0 < WORLD.own.sum() < cases.B
  assert len(set(WORLD.dataset)) == 2
  # Equal texts stand on different devices of each mesh.
  devices = np.arange(cases.B) // (cases.B // 4)
  apart = [devices[a] != devices[b] for (_, a), (_, b) in cases.EQUAL]
  assert sum(apart) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradients_are_the_formulas(name):
  case = cases.CASES[name]
  world = case.world
  value, accuracy, by_vectors, by_learned = cases.run(case, world, SMALL)
  wanted, share = case.plain(world, world.vectors, dict(case.learned))
  assert value == pytest.approx(wanted, rel=5e-6)
  assert accuracy == pytest.approx(share, nan_ok=True)
  random = np.random.default_rng(2)
  directions = random.normal(size=(24, *world.vectors.shape))
  directions *= (world.names > 0)[..., None]
  slope, by_number = slopes(case, world, directions)
  along = np.tensordot(directions, by_vectors.astype(float), 3)
  np.testing.assert_allclose(along, slope, rtol=1e-4, atol=1e-5)
  assert by_learned == pytest.approx(by_number, rel=1e-4)
  # Texts that are not there, and those that no loss reads, have no gradient.
  assert not by_vectors[world.names == 0].any()


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_batch_changes_nothing(name):
  case = cases.CASES[name]
  order = np.random.default_rng(1).permutation(cases.B)
  other = taken(case.world, order)
  one, two = (cases.run(case, world, SMALL) for world in (case.world, other))
  assert_same((one[0], one[1], one[2][:, order], one[3]), two)


@functools.cache
def on_one(name):
  """The run on one device in one block: the dense loss."""
  return cases.run(cases.CASES[name], cases.CASES[name].world)


@pytest.mark.parametrize(
  "block", [4, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 6, 11))]
)
@pytest.mark.parametrize(
  "name",
  [
    "all at once",
    "cosent",
    *(
      pytest.param(name, marks=pytest.mark.long)
      for name in cases.CASES
      if name not in ("all at once", "cosent")
    ),
  ],
)
def test_blocks_are_the_whole(name, block):
  found = cases.run(
    cases.CASES[name], cases.CASES[name].world, blockwise.Spread(block=block)
  )
  assert_same(found, on_one(name))


@pytest.mark.parametrize(
  ("mesh", "exchange"), [("8", "ring"), ("2 x 2 x 2", "gather")]
)
@pytest.mark.parametrize("name", ["all at once", "sigmoid", "cosent"])
def test_eight_devices_are_one(name, mesh, exchange):
  spread = spread_over(mesh, exchange)
  assert_same(
    cases.run(cases.CASES[name], cases.CASES[name].world, spread), on_one(name)
  )


@pytest.mark.long
@pytest.mark.parametrize(
  ("mesh", "exchange"),
  [
    ("8", "gather"),
    ("2 x 2 x 2", "ring"),
    ("4 x 2 x 1", "ring"),
    ("4 x 2 x 1", "gather"),
  ],
)
@pytest.mark.parametrize("name", cases.CASES)
def test_eight_devices_are_one_for_all(name, mesh, exchange):
  spread = spread_over(mesh, exchange)
  assert_same(
    cases.run(cases.CASES[name], cases.CASES[name].world, spread), on_one(name)
  )


@pytest.mark.parametrize("name", ["cosine", "margin_mse", "triplet", "kl"])
def test_a_batch_that_comes_twice_has_the_same_loss(name):
  # A mean over pairs: no factor of their number, nor of the devices.
  case = cases.CASES[name]
  found = cases.run(case, taken(case.world, np.arange(2 * cases.B) % cases.B))
  assert found[0] == pytest.approx(on_one(name)[0], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_nan_is_not_hidden(name):
  # In a query, or where there are such in the loss, in a hard negative.
  case = cases.CASES[name]
  reads = cases.run(case, case.world, SMALL)[2].any((1, 2))
  for place in ((0, 0), (3, 1)):
    if not reads[place[0]]:
      continue
    vectors = case.world.vectors.copy()
    vectors[place] = math.nan
    world = dataclasses.replace(case.world, vectors=vectors)
    assert math.isnan(cases.run(case, world, SMALL)[0]), place
