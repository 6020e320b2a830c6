"""Functions of all similarities between rows and columns, never all at once.

Similarities are made block by block and summed up as they come, in the forward
pass and again in the backward pass, whose gradient is written out. So memory is
O(N E) where a matrix of similarities would take O(N^2). Over a mesh each device
has its own rows, and the columns go round (a ring: Cheng et al. 2024, Inf-CL,
arXiv 2410.17243) or are gathered; results are the same.

A kernel says what is summed up (softmax.py), and a relation which columns count
for which rows (relation.py).
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P
import jax.numpy as jnp

from data import program
from embeddings.losses import blocks

EXCHANGES = ("ring", "gather")
_AXES = ("data", "fsdp")  # of a mesh, over which a batch is spread


@dataclasses.dataclass(frozen=True)
class Spread:
  """Over which devices similarities are spread, and in which blocks.

  Attributes:
    mesh: the devices, or None for one.
    exchange: "ring", columns go from device to device, or "gather", each
      device has all of them for a while.
    block: rows and columns of a block, at most.
  """

  mesh: Mesh | None = None
  exchange: str = "ring"
  block: int = 1_024

  def __post_init__(self) -> None:
    if self.exchange not in EXCHANGES or self.block < 1:
      raise program.BadInput(
        f"exchange is {self.exchange!r} and block {self.block}; wanted one of "
        f"{', '.join(EXCHANGES)} and 1 or more"
      )

  @property
  def gathers(self) -> bool:
    """Whether each device has all columns for a while."""
    return self.exchange == "gather" and self.devices > 1

  @property
  def devices(self) -> int:
    """Over how many devices rows and columns are spread."""
    return math.prod(self.mesh.shape[a] for a in _AXES) if self.mesh else 1


ONE_DEVICE = Spread()


@dataclasses.dataclass(frozen=True)
class _Call:
  """What of a call is not an array."""

  work: blocks.Work
  spread: Spread


def similarities(
  kernel: blocks.Kernel,
  relation: blocks.Relation,
  rows: blocks.Texts,
  columns: blocks.Texts,
  *,
  both: bool = False,
  spread: Spread = ONE_DEVICE,
) -> tuple[Any, Any]:
  """Sums up a function of the dot products of all rows with all columns.

  Args:
    kernel: the function.
    relation: which columns count for which rows. Like the kernel it is
      hashable: one that is equal to another compiles once.
    rows: vectors [N, E].
    columns: vectors [C, K, E].
    both: whether each column's sum over the rows is wanted as well.
    spread: over which devices, and in which blocks.

  Returns:
    The kernel's results for the rows, trees of [N], and for the columns, trees
    of [C, K], or None.
  """
  call = _Call(blocks.Work(kernel, relation, both, spread.block), spread)
  return _similarities(call, rows.vectors, columns.vectors, rows, columns)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _similarities(
  call: _Call,
  row: jax.Array,
  column: jax.Array,
  rows: blocks.Texts,
  columns: blocks.Texts,
) -> tuple[Any, Any]:
  """`similarities`; the vectors that have a gradient stand apart."""
  del row, column
  return _on_mesh(_forward, call, (rows,), (columns,))


def _with_residuals(
  call: _Call,
  row: jax.Array,
  column: jax.Array,
  rows: blocks.Texts,
  columns: blocks.Texts,
) -> tuple[Any, Any]:
  """The results, and what the backward pass needs."""
  found: Any = _similarities(call, row, column, rows, columns)
  return found, (rows, columns, found)


def _gradients(
  call: _Call, residuals: Any, cotangents: Any
) -> tuple[jax.Array, jax.Array, None, None]:
  """The gradients by the vectors; a relation has none."""
  rows, columns, found = residuals
  by_row, by_column = _on_mesh(
    _backward,
    call,
    (rows, found[0], cotangents[0]),
    (columns, found[1], cotangents[1]),
  )
  return by_row, by_column, None, None


_similarities.defvjp(_with_residuals, _gradients)


def _on_mesh(
  function: Callable[..., tuple[Any, Any]], call: _Call, rows: Any, columns: Any
) -> tuple[Any, Any]:
  """Calls it on each device with its rows and its columns, as one axis."""

  def local(rows: Any, columns: Any) -> tuple[Any, Any]:
    leading = columns[0].vectors.shape[:2]
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), columns)
    of_rows, of_columns = function(call, rows, flat)
    back = jax.tree.map(lambda x: x.reshape(*leading, *x.shape[1:]), of_columns)
    return of_rows, back

  if call.spread.devices == 1:
    return local(rows, columns)
  specs = (P(_AXES), P(None, _AXES))
  # Unchecked, for the sums start alike on all devices and do not stay so.
  on_each = jax.shard_map(
    local,
    mesh=call.spread.mesh,
    in_specs=specs,
    out_specs=specs,
    check_vma=False,
  )
  return on_each(rows, columns)


def _forward(call: _Call, rows: Any, columns: Any) -> tuple[Any, Any]:
  """The results of this device's rows and columns."""
  work, spread = call.work, call.spread
  (row,), (column,) = rows, columns
  of_rows, count = work.kernel.start(len(row.vectors)), len(column.vectors)
  if spread.gathers:
    everywhere = _gathered(column)
    sums = work.kernel.start(count * spread.devices) if work.both else None
    of_rows, sums = blocks.add(work, row, of_rows, everywhere, sums)
    of_columns = sums and _own(work.kernel.join(sums, _AXES), count)
  else:

    def visit(of_rows: Any, visitor: Any) -> tuple[Any, Any]:
      column, sums = visitor
      of_rows, sums = blocks.add(work, row, of_rows, column, sums)
      return of_rows, (column, sums)

    sums = work.kernel.start(count) if work.both else None
    of_rows, (_, of_columns) = _go_round(spread, visit, of_rows, (column, sums))
  return work.kernel.finish(of_rows), of_columns and work.kernel.finish(
    of_columns
  )


def _backward(call: _Call, rows: Any, columns: Any) -> tuple[Any, Any]:
  """The gradients by this device's rows and columns."""
  work, spread = call.work, call.spread
  by_row = jnp.zeros_like(rows[0].vectors)
  if spread.gathers:
    everywhere = _gathered(columns)
    by_column = jnp.zeros_like(everywhere[0].vectors)
    by_row, by_column = blocks.add_slopes(
      work, rows, by_row, everywhere, by_column
    )
    return by_row, jax.lax.psum_scatter(by_column, _AXES, tiled=True)

  def visit(by_row: Any, visitor: Any) -> tuple[Any, Any]:
    columns, by_column = visitor
    by_row, by_column = blocks.add_slopes(
      work, rows, by_row, columns, by_column
    )
    return by_row, (columns, by_column)

  start = columns, jnp.zeros_like(columns[0].vectors)
  by_row, (_, by_column) = _go_round(spread, visit, by_row, start)
  return by_row, by_column


def _go_round(
  spread: Spread,
  visit: Callable[[Any, Any], tuple[Any, Any]],
  host: Any,
  visitor: Any,
) -> tuple[Any, Any]:
  """Sends each device's visitor to all devices in turn, and home."""
  if spread.devices == 1:
    return visit(host, visitor)
  to_next = [(i, (i + 1) % spread.devices) for i in range(spread.devices)]

  def hop(state: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
    host, visitor = visit(*state)
    return (host, jax.lax.ppermute(visitor, _AXES, to_next)), None

  state, _ = jax.lax.scan(hop, (host, visitor), length=spread.devices)
  return state


def _gathered(tree: Any) -> Any:
  """What all devices hold, on each."""
  return jax.lax.all_gather(tree, _AXES, tiled=True)


def _own(tree: Any, count: int) -> Any:
  """The `count` of this device out of those of all."""
  start = jax.lax.axis_index(_AXES) * count
  return jax.tree.map(
    lambda x: jax.lax.dynamic_slice_in_dim(x, start, count), tree
  )
