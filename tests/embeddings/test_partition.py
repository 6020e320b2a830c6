"""Every array of a run has a place, and devices take whole shards."""

import re

import jax
from jax.sharding import PartitionSpec as P
import numpy as np
import pytest

from data import loader
from data import program
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from tests.embeddings import tiny

# Where each parameter of an encoder goes, and how many ways each side is cut.
PLACES = {
  "encoder/inputs": {
    "tokens": P(None, "fsdp"),
    "positions": P(None, "fsdp"),
    "types": P(None, "fsdp"),
  },
  "encoder/inputs/norm": {"scale": P(), "offset": P()},
  **{
    f"encoder/layers/attention/{name}": {
      "w": P(None, "fsdp", "tensor"),
      "b": P(None, "tensor"),
    }
    for name in ("query", "key", "value")
  },
  "encoder/layers/attention/output": {
    "w": P(None, "tensor", "fsdp"),
    "b": P(None, None),
  },
  "encoder/layers/attention_norm": {"scale": P(), "offset": P()},
  "encoder/layers/up": {
    "w": P(None, "fsdp", "tensor"),
    "b": P(None, "tensor"),
  },
  "encoder/layers/down": {
    "w": P(None, "tensor", "fsdp"),
    "b": P(None, None),
  },
  "encoder/layers/mlp_norm": {"scale": P(), "offset": P()},
}


@pytest.fixture(scope="module")
def mesh():
  return partition.make_mesh(fsdp=2, tensor=2)


def test_every_parameter_has_its_place(mesh):
  places = partition.shard_state(tiny.params(), mesh)
  assert jax.tree.map(lambda place: place.spec, places) == PLACES
  assert {place.mesh for place in jax.tree.leaves(places)} == {mesh}


def test_a_parameter_without_a_rule_is_named(mesh):
  tree = {"params": {"encoder/layers/gate": {"w": np.zeros((2, 4, 4))}}}
  with pytest.raises(
    ValueError, match=r"params/encoder/layers/gate/w \(2, 4, 4\); add one"
  ):
    partition.shard_state(tree, mesh)


def test_a_state_is_cut_up_on_the_devices(mesh):
  # Read back from the arrays: each device holds what it should and no more.
  state = step_lib.init(
    tiny.model(),
    optimizer.make(optimizer.OptimizerConfig()),
    seed=0,
    mesh=mesh,
  )
  whole = []
  for path, leaf in jax.tree_util.tree_leaves_with_path(state):
    name = jax.tree_util.keystr(path)
    shards = leaf.addressable_shards
    assert len(shards) == 8, name
    sizes = {shard.data.size for shard in shards}
    assert len(sizes) == 1, name
    if leaf.ndim and sizes == {leaf.size}:
      whole.append(name)
  for name in whole:
    assert re.search(r"norm'\]|(output|down)'\]\['b'\]", name), name
  moments = [leaf for leaf in jax.tree.leaves(state.opt) if leaf.ndim]
  assert len(moments) == 2 * len(jax.tree.leaves(state.params))
  assert len(whole) == 3 * (3 * 2 + 2)  # parameters and both moments
  query = state.params["encoder/layers/attention/query"]["w"]
  assert query.shape == (2, 16, 16)
  assert query.addressable_shards[0].data.shape == (2, 8, 8)


@pytest.mark.parametrize(
  ("axes", "changes", "message"),
  [
    ({"fsdp": 8}, {"width": 12}, r"inputs/positions .*into 8 along 12"),
    (
      {"tensor": 4},
      {"mlp_width": 34},
      r"down/w .*into 4 along 34.*mesh\.tensor",
    ),
  ],
)
def test_a_side_that_does_not_divide_is_named(axes, changes, message):
  model = tiny.model(**changes)
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  with pytest.raises(program.BadInput, match=message):
    partition.shard_state(shapes, partition.make_mesh(**axes))


def test_the_data_axis_takes_what_the_others_leave():
  def shape(**axes):
    return tuple(partition.make_mesh(**axes).shape.items())

  assert shape() == (("data", 8), ("fsdp", 1), ("tensor", 1))
  assert shape(tensor=4) == (("data", 2), ("fsdp", 1), ("tensor", 4))
  assert shape(data=4, fsdp=2) == (("data", 4), ("fsdp", 2), ("tensor", 1))
  one = partition.make_mesh(devices=jax.devices()[3:4])
  assert one.devices.ravel().tolist() == jax.devices()[3:4]


@pytest.mark.parametrize(
  ("axes", "wanted"),
  [
    ({"data": 3}, "wants 3 devices and there are 8"),
    ({"fsdp": 3}, "data=2, fsdp=3, tensor=1 wants 6"),
    ({"fsdp": 16}, "data=1, fsdp=16, tensor=1 wants 16"),
    ({"data": 8, "tensor": 2}, "wants 16 devices"),
  ],
)
def test_a_mesh_that_is_not_all_devices_is_refused(axes, wanted):
  with pytest.raises(program.BadInput, match=f"{wanted}.*set config.mesh"):
    partition.make_mesh(**axes)


def test_devices_take_whole_shards_of_a_batch(mesh):
  for shards in (4, 8):
    partition.check_batch(shards, mesh)  # tensor does not count
  for shards in (1, 2, 6):
    with pytest.raises(
      program.BadInput,
      match=f"pack_shards is {shards} .*--config.batch.pack_shards=4",
    ):
      partition.check_batch(shards, mesh)


def test_a_batch_is_spread_over_the_devices(mesh):
  layout = loader.Layout(size=16, max_length=8, pack_shards=8)
  batch = layout.zeros((2,))
  numbers = np.arange(8 * 2 * 8, dtype=np.int32).reshape(8, 2, 8)
  side = batch.sides[0]._replace(tokens=numbers)
  placed = partition.put_batch(batch._replace(sides=(side,)), mesh)
  for leaf in jax.tree.leaves(placed):
    assert {shard.data.shape for shard in leaf.addressable_shards} == {
      (2, *leaf.shape[1:])
    }
  np.testing.assert_array_equal(placed.sides[0].tokens, numbers)
