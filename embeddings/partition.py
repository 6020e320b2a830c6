"""Where arrays live: one mesh, and rules from parameter path to axes.

The mesh has axes `data` (copies of the model), `fsdp` (parameters and
optimiser state cut up, batch too) and `tensor` (heads and MLP width cut up).
The pack shards of a batch are spread over `data` and `fsdp`.
"""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import jax
from jax.sharding import AxisType
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from data import batch as batch_lib
from data import program

_Tree = TypeVar("_Tree")

AXES = ("data", "fsdp", "tensor")
BATCH = P(("data", "fsdp"))

# From a parameter's path to its axes; the first pattern that matches counts. A
# rule speaks of an array's last axes: those before, as the layers of a stack,
# are not cut. Two towers have theirs in front of each path.
RULES: tuple[tuple[str, P], ...] = (
  (r"encoder/inputs/(tokens|positions|types)$", P(None, "fsdp")),
  (r"encoder/relative/buckets$", P(None, "tensor")),
  (r"layers/attention/(query|key|value)/w$", P("fsdp", "tensor")),
  (r"layers/attention/(query|key|value)/b$", P("tensor")),
  (r"layers/(up|gate)/w$", P("fsdp", "tensor")),
  (r"layers/(up|gate)/b$", P("tensor")),
  (r"layers/(attention/output|down)/w$", P("tensor", "fsdp")),
  (r"layers/(attention/output|down)/b$", P(None)),
  (r"projection/w$", P("fsdp", None)),
  (r"projection/b$", P(None)),
  (r"norm/(scale|offset)$", P(None)),
)


def make_mesh(
  *,
  data: int = -1,
  fsdp: int = 1,
  tensor: int = 1,
  devices: Sequence[Any] | None = None,
) -> Mesh:
  """A mesh of all devices; `data` -1 takes what the others leave.

  Args:
    data, fsdp, tensor: the sizes of the axes.
    devices: which devices; all by default.

  Raises:
    program.BadInput: if the axes do not multiply to the device count.
  """
  count = len(devices) if devices is not None else jax.device_count()
  if data == -1:
    data = max(count // (fsdp * tensor), 1)
  if data * fsdp * tensor != count:
    raise program.BadInput(
      f"a mesh of data={data}, fsdp={fsdp}, tensor={tensor} wants "
      f"{data * fsdp * tensor} devices and there are {count}; set config.mesh"
    )
  auto = (AxisType.Auto,) * len(AXES)
  return jax.make_mesh((data, fsdp, tensor), AXES, auto, devices=devices)


def of_this_host() -> Mesh | None:
  """A mesh of all devices of this host; None if it has only one."""
  devices = jax.local_devices()
  return make_mesh(devices=devices) if len(devices) > 1 else None


def batch_shards(mesh: Mesh) -> int:
  """Over how many devices a batch is spread."""
  return mesh.shape["data"] * mesh.shape["fsdp"]


def check_batch(pack_shards: int, mesh: Mesh) -> None:
  """Raises BadInput unless devices can take whole shards of a batch."""
  over = batch_shards(mesh)
  if pack_shards % over:
    raise program.BadInput(
      f"batch.pack_shards is {pack_shards} and the mesh spreads a batch over "
      f"{over} devices (data x fsdp); wanted a multiple of {over}: set "
      f"--config.batch.pack_shards={over}, and batch.size a multiple of that"
    )


def shard_state(tree: Any, mesh: Mesh) -> Any:
  """The sharding of each array of a training state, by the rules.

  Args:
    tree: arrays or shapes; optimiser state has the parameters' paths within.
    mesh: the devices.

  Returns:
    The same tree of NamedShardings; numbers without axes are on each device.

  Raises:
    ValueError: names a parameter that no rule matches.
  """
  return jax.tree_util.tree_map_with_path(
    lambda path, leaf: NamedSharding(mesh, _spec(path, leaf, mesh)), tree
  )


def shards_here(mesh: Mesh, pack_shards: int) -> list[int]:
  """The pack shards of a batch that this process's devices hold."""
  places = NamedSharding(mesh, BATCH).addressable_devices_indices_map(
    (pack_shards,)
  )
  numbers = range(pack_shards)
  held = (numbers[index[0]] for index in places.values() if index)
  return sorted({number for some in held for number in some})


def put_batch(
  batch: batch_lib.Batch, mesh: Mesh, pack_shards: int | None = None
) -> batch_lib.Batch:
  """One global batch on the mesh, of which each process gives its part.

  Args:
    batch: the pack shards that `shards_here` names.
    mesh: the devices.
    pack_shards: G, of the global batch; by default this is all of it.

  Returns:
    The global batch; its arrays have G pack shards.
  """
  return put_shards(batch, mesh, pack_shards or len(batch.present))


def put_shards(tree: _Tree, mesh: Mesh, shards: int) -> _Tree:
  """Arrays of shards on the mesh, of which each process gives its part.

  Args:
    tree: arrays with the shards that `shards_here` names.
    mesh: the devices.
    shards: G, of the whole.

  Returns:
    The same tree of global arrays, which have G shards.
  """
  sharding = NamedSharding(mesh, BATCH)
  here = np.array(shards_here(mesh, shards))

  def put(array: np.ndarray) -> jax.Array:
    def part(index: Any) -> np.ndarray:  # a slice for each axis
      wanted = np.arange(shards)[index[0]]
      return array[np.searchsorted(here, wanted)]

    assert len(array) == len(here), (array.shape, here)
    shape = (shards, *array.shape[1:])
    return jax.make_array_from_callback(shape, sharding, part)

  return jax.tree.map(put, tree)


def replicated(mesh: Mesh) -> NamedSharding:
  """On every device, whole."""
  return NamedSharding(mesh, P())


def _spec(path: tuple[Any, ...], leaf: Any, mesh: Mesh) -> P:
  """The axes of one array."""
  shape = np.shape(leaf)
  if not shape:
    return P()
  # Names alone: of dict keys, and of the fields of optimiser states.
  name = "/".join(
    str(getattr(key, "key", getattr(key, "name", ""))) for key in path
  )
  for pattern, rule in RULES:
    if re.search(pattern, name):
      assert len(rule) <= len(shape), (name, shape, rule)
      spec = P(*[None] * (len(shape) - len(rule)), *rule)
      _check_cuts(name, shape, spec, mesh)
      return spec
  raise ValueError(
    f"no rule of embeddings/partition.py matches the parameter {name} "
    f"{shape}; add one to RULES"
  )


def _check_cuts(name: str, shape: tuple[int, ...], spec: P, mesh: Mesh) -> None:
  """Raises BadInput unless each side that is cut divides by its axis."""
  for size, axis in zip(shape, spec, strict=True):
    if axis is not None and size % mesh.shape[axis]:
      raise program.BadInput(
        f"parameter {name} {shape} cannot be cut into {mesh.shape[axis]} along "
        f"{size}; wanted a --config.mesh.{axis} that divides it"
      )
