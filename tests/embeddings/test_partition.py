"""Every array of a run has a place, and devices take whole shards."""

import functools
import math
import re

import jax
from jax.sharding import PartitionSpec as P
import numpy as np
import pytest

from data import layout as layout_lib
from data import program
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from tests.embeddings import tiny
from tests.embeddings.encoders import families

# The last axes of each parameter; those before are not cut.
PLACES = {
  "encoder/inputs/tokens": (None, "fsdp"),
  "encoder/inputs/positions": (None, "fsdp"),
  "encoder/inputs/types": (None, "fsdp"),
  "encoder/inputs/projection/w": ("fsdp", None),
  "encoder/relative/buckets": (None, "tensor"),
  **{
    f"encoder/layers/{module}/{name}": axes
    for module in ("attention/query", "attention/key", "attention/value", "up")
    for name, axes in (("w", ("fsdp", "tensor")), ("b", ("tensor",)))
  },
  "encoder/layers/gate/w": ("fsdp", "tensor"),
  "encoder/layers/attention/output/w": ("tensor", "fsdp"),
  "encoder/layers/down/w": ("tensor", "fsdp"),
  "projection/w": ("fsdp", None),
}
# Vectors as wide as a hidden state; all else is cut.
WHOLE = re.compile(
  r"norm/(scale|offset)$|layers/(attention/output|down)/b$|projection/b$"
)
MODELS = {
  **{
    family: towers.ModelConfig(families.twins(family, 2).config)
    for family in families.FAMILIES
  },
  "two towers": towers.ModelConfig(
    families.twins("bert", 2).config,
    towers="two",
    projection=towers.Projection(20),
  ),
}

QUICK = ("albert", "modernbert", "two towers")

every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def mesh():
  return partition.make_mesh(fsdp=2, tensor=2)


def by_path(tree):
  """The leaves of parameters, or of what has their form, by path."""
  leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
  return {
    "/".join(str(getattr(k, "key", getattr(k, "name", ""))) for k in path): leaf
    for path, leaf in leaves
  }


def wanted(path, axes):
  """Where the parameter at a path, with so many axes, should be."""
  path = re.sub("^(query|document)/", "", path)
  last = () if WHOLE.search(path) else PLACES[path]
  return P(*[None] * (axes - len(last)), *last)


@every_model
def test_every_parameter_has_its_place(mesh, name):
  model = towers.Model(MODELS[name])
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  places = by_path(partition.shard_state(shapes, mesh))
  assert {place.mesh for place in places.values()} == {mesh}
  shapes = by_path(shapes)
  assert {path: place.spec for path, place in places.items()} == {
    path: wanted(path, shape.ndim) for path, shape in shapes.items()
  }


def test_every_place_is_some_parameters():
  # Or a rule, or a line above, would be of nothing.
  paths = {
    re.sub("^(query|document)/", "", path)
    for config in MODELS.values()
    for path in by_path(
      jax.eval_shape(towers.Model(config).init, jax.random.key(0))
    )
  }
  assert {path for path in paths if not WHOLE.search(path)} == set(PLACES)
  for pattern, _ in partition.RULES:
    assert any(re.search(pattern, path) for path in paths), pattern


@pytest.mark.parametrize(
  "path",
  ["encoder/layers/extra", "encoder/layers/upper", "encoder/projections"],
)
def test_a_parameter_without_a_rule_is_named(mesh, path):
  tree = {"params": {path: {"w": np.zeros((2, 4, 4))}}}
  with pytest.raises(
    ValueError, match=rf"params/{path}/w \(2, 4, 4\); add one"
  ):
    partition.shard_state(tree, mesh)


@pytest.mark.parametrize(
  "name",
  [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.long)
    for name in MODELS
  ],
)
def test_nothing_but_short_vectors_is_on_every_device(mesh, name):
  # Read from the compiled step: what it takes and what it gives.
  objective = tiny.objective(towers.Model(MODELS[name], mesh), mesh=mesh)
  move = optimizer.make(optimizer.OptimizerConfig())
  state = jax.eval_shape(
    functools.partial(step_lib.init, objective, move, seed=0, mesh=mesh)
  )
  step = step_lib.make(objective, move, seed=0, mesh=mesh, state=state)
  sides = len(MODELS[name].sides)
  layout = layout_lib.Layout(size=8, max_length=8, pack_shards=4, sides=sides)
  compiled = step.lower(state, layout.zeros([(2, 8)] * sides), None).compile()
  (taken, *_), _ = compiled.input_shardings
  given, _ = compiled.output_shardings
  shapes = by_path(state)
  count = len(by_path(state.params))
  for shardings in (by_path(taken), by_path(given)):
    moments = [path for path in shardings if re.search("/(mu|nu)/", path)]
    assert len(moments) == 2 * count
    whole = {
      path
      for path, sharding in shardings.items()
      if sharding.is_fully_replicated and shapes[path].ndim
    }
    assert whole == {path for path in shardings if WHOLE.search(path)}
    for path, sharding in shardings.items():
      cut = math.prod(shapes[path].shape) // math.prod(
        sharding.shard_shape(shapes[path].shape)
      )
      axes = sum(axis is not None for axis in sharding.spec)
      assert cut == 2**axes, path


def test_rows_stay_with_their_batch(mesh):
  # Told where they are, devices send each other parameters alone.
  params = jax.eval_shape(tiny.model().init, jax.random.key(0))
  layout = layout_lib.Layout(size=8, max_length=8, pack_shards=4)
  (packed,) = layout.zeros([(2, 8)]).sides
  spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
  sent = {}
  for told in (None, mesh):
    model = towers.Model(towers.ModelConfig(tiny.encoder_config()), told)
    gradient = jax.grad(lambda *given, m=model: m.embed(*given, 4).sum())
    places = partition.shard_state(params, mesh)
    jitted = jax.jit(gradient, in_shardings=(places, spread))
    text = jitted.lower(params, packed).compile().as_text()
    sent[told] = len(re.findall(r"= \S+ all-(gather|reduce)\(", text))
  assert 0 < sent[mesh] < sent[None]


def test_a_state_is_cut_up_on_the_devices(mesh):
  # Read back from the arrays: each device holds what it should and no more.
  state = step_lib.init(
    tiny.objective(),
    optimizer.make(optimizer.OptimizerConfig()),
    seed=0,
    mesh=mesh,
  )
  for path, leaf in by_path(state).items():
    shards = leaf.addressable_shards
    assert len(shards) == 8, path
    (size,) = {shard.data.size for shard in shards}
    assert (size == leaf.size) == (not leaf.ndim or bool(WHOLE.search(path)))
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
  layout = layout_lib.Layout(size=16, max_length=8, pack_shards=8)
  batch = layout.zeros([(2, 8)])
  numbers = np.arange(8 * 2 * 8, dtype=np.int32).reshape(8, 2, 8)
  side = batch.sides[0]._replace(tokens=numbers)
  placed = partition.put_batch(batch._replace(sides=(side,)), mesh)
  for leaf in jax.tree.leaves(placed):
    assert {shard.data.shape for shard in leaf.addressable_shards} == {
      (2, *leaf.shape[1:])
    }
  np.testing.assert_array_equal(placed.sides[0].tokens, numbers)
