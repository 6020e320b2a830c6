"""The arrays of a checkpoint, one at a time, without a model to put them in.

What is known of them comes from Orbax, their numbers straight from TensorStore,
so that two checkpoints of any size are compared in little memory.
"""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from etils import epath
import jax
import numpy as np
import orbax.checkpoint as ocp
import tensorstore

ITEMS = ("params", "average", "opt")


class Saved(NamedTuple):
  """An array of a checkpoint.

  Attributes:
    item: "params", "average" or "opt".
    name: its path in that.
    place: the folder that holds it.
    shape: of the whole array.
    dtype: its name.
    sharding: how it lay on the devices that it was saved from.
  """

  item: str
  name: str
  place: str
  shape: tuple[int, ...]
  dtype: str
  sharding: str

  @property
  def path(self) -> str:
    """Its path in the step."""
    return f"{self.item}/{self.name}"

  @property
  def bytes(self) -> int:
    """What its numbers take, uncompressed."""
    count = int(np.prod(self.shape, dtype=np.int64))
    return count * jax.numpy.dtype(self.dtype).itemsize

  def read(self) -> np.ndarray:
    """Its numbers."""
    place = self.place if "://" in self.place else f"file://{self.place}"
    base = {"driver": "ocdbt", "base": f"{place}/"}
    spec = {"driver": "zarr", "kvstore": base | {"path": f"{self.name}/"}}
    return tensorstore.open(spec, open=True).result().read().result()


class Difference(NamedTuple):
  """How two arrays of one name differ; see `compare`."""

  path: str
  identical: bool
  greatest: float | None
  why: str


def arrays(step: epath.Path) -> Iterator[Saved]:
  """The arrays of a step, in the order of their paths.

  Args:
    step: its folder.
  """
  for item in ITEMS:
    if not (step / item).exists():
      continue
    # A checkpointer would warn of a file that not every item has.
    handler: Any = ocp.StandardCheckpointHandler()
    tree = handler.metadata(step / item).tree
    for found in jax.tree.leaves(tree):
      yield Saved(
        item,
        found.name,
        os.fspath(step / item),
        tuple(found.shape),
        str(jax.numpy.dtype(found.dtype)),
        _sharding(found.sharding),
      )


def compare(one: Saved, two: Saved) -> Difference:
  """Whether two arrays are the same to the bit, and else how far apart.

  Args:
    one: an array.
    two: another.

  Returns:
    The greatest difference of two numbers, None where shapes differ; numbers
    are compared across dtypes, which are then the reason.
  """
  if one.shape != two.shape:
    why = f"shape {list(one.shape)} and {list(two.shape)}"
    return Difference(one.path, False, None, why)
  first, second = one.read(), two.read()
  same = one.dtype == two.dtype and first.tobytes() == second.tobytes()
  if same:
    return Difference(one.path, True, 0.0, "")
  apart = np.abs(first.astype(np.float64) - second.astype(np.float64))
  why = "" if one.dtype == two.dtype else f"{one.dtype} and {two.dtype}"
  return Difference(one.path, False, float(apart.max(initial=0.0)), why)


def _sharding(found: Any) -> str:
  """A sharding in a few words: the axes of the mesh, and how an array lies."""
  axes = getattr(found, "axis_names", None)
  if axes is None:
    return "one device"
  sizes = zip(axes, np.ravel(found.shape), strict=True)
  mesh = " ".join(f"{axis}={int(size)}" for axis, size in sizes)
  parts = ", ".join(
    "+".join(p) if isinstance(p, tuple | list) else str(p or "-")
    for p in found.partition_spec
  )
  return f"({parts or 'whole'}) of {mesh}"
