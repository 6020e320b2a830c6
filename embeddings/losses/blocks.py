"""Similarities of one device's rows and columns, a block at a time.

`add` sums up a function of them, `add_slopes` its gradient. See blockwise.py.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

# By default TPUs and GPUs round the factors of a product to fewer bits.
FLOAT32 = jax.lax.Precision.HIGHEST


class Texts(NamedTuple):
  """Vectors, and what a relation knows of each: arrays with the same axes."""

  vectors: jax.Array  # float32 [N, E]
  about: Any  # a tree of [N, ...]


class Related(NamedTuple):
  """Which similarities of a block count; all bool [rows, columns]."""

  rows: jax.Array  # for their rows
  columns: jax.Array  # for their columns
  positive: jax.Array | None = None  # which of these should be large


# From what is known of the rows and of the columns of a block, and its scores.
Relation = Callable[[Any, Any, jax.Array], Related]


class Kernel(Protocol):
  """What is summed up over similarities, of each row or each column.

  Sums and results are trees of arrays [N]; `axis` is the one that is summed
  over, 1 of a block for its rows and 0 for its columns.
  """

  def start(self, count: int) -> Any:
    """The sums over nothing."""
    ...

  def add(
    self,
    sums: Any,
    scores: jax.Array,  # [rows, columns]
    counts: jax.Array,  # bool [rows, columns]
    positive: jax.Array | None,  # bool [rows, columns]
    axis: int,
  ) -> Any:
    """The sums with those of a block."""
    ...

  def join(self, sums: Any, axes: tuple[str, ...]) -> Any:
    """The sums of all devices along mesh axes."""
    ...

  def finish(self, sums: Any) -> Any:
    """The results."""
    ...

  def slope(
    self,
    found: Any,
    cotangent: Any,
    scores: jax.Array,  # [rows, columns]
    counts: jax.Array,  # bool [rows, columns]
    positive: jax.Array | None,  # bool [rows, columns]
    axis: int,
  ) -> jax.Array:  # [rows, columns]
    """The gradient by a block's scores; `found` are the results."""
    ...


@dataclasses.dataclass(frozen=True)
class Work:
  """What is done with the similarities; no arrays, it is compiled in."""

  kernel: Kernel
  relation: Relation
  both: bool  # whether columns are summed up too
  block: int  # rows and columns of a block, at most


def add(
  work: Work, rows: Texts, row_sums: Any, columns: Texts, column_sums: Any
) -> tuple[Any, Any]:
  """The sums of rows and columns with those of all their similarities.

  Args:
    work: what is summed up.
    rows: [N].
    row_sums: of the rows so far, trees of [N].
    columns: [K].
    column_sums: of the columns so far, trees of [K]; None unless `work.both`.

  Returns:
    The sums of the rows and of the columns.
  """

  def one(row: Any, column: Any) -> tuple[Any, Any]:
    (of_row, row_sums), (of_column, column_sums) = row.tree, column.tree
    scores, related = _related(work, row, column, of_row, of_column)
    row_sums = work.kernel.add(
      row_sums, scores, related.rows, related.positive, 1
    )
    if work.both:
      column_sums = work.kernel.add(
        column_sums, scores, related.columns, related.positive, 0
      )
    return row_sums, column_sums

  return _each(work.block, one, (rows, row_sums), (columns, column_sums))


def add_slopes(
  work: Work, rows: Any, by_rows: jax.Array, columns: Any, by_columns: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """The gradients by vectors with those of all their similarities.

  Args:
    work: what was summed up.
    rows: `Texts`, results and their cotangents, [N].
    by_rows: [N, E], the gradient so far.
    columns: the same [K]; results are None unless `work.both`.
    by_columns: [K, E].

  Returns:
    The gradients by the rows' vectors and by the columns'.
  """

  def one(row: Any, column: Any) -> tuple[Any, Any]:
    (of_row, *row_found), by_rows = row.tree
    (of_column, *column_found), by_columns = column.tree
    scores, related = _related(work, row, column, of_row, of_column)
    positive = related.positive
    found, cotangent = row_found
    slope = work.kernel.slope(
      found, cotangent, scores, related.rows, positive, 1
    )
    if work.both:
      found, cotangent = column_found
      slope += work.kernel.slope(
        found, cotangent, scores, related.columns, positive, 0
      )
    return (
      by_rows + jnp.matmul(slope, of_column.vectors, precision=FLOAT32),
      by_columns + jnp.matmul(slope.T, of_row.vectors, precision=FLOAT32),
    )

  return _each(work.block, one, (rows, by_rows), (columns, by_columns))


class _Block(NamedTuple):
  """Some rows or columns."""

  tree: Any  # a tree of [block, ...], and what is carried on
  there: jax.Array | None  # bool [block]; None where all are


def _related(
  work: Work, row: _Block, column: _Block, of_row: Texts, of_column: Texts
) -> tuple[jax.Array, Related]:
  """The scores of a block, and which count."""
  scores = jnp.matmul(
    of_row.vectors, of_column.vectors.T, precision=FLOAT32
  )  # [rows, columns]
  related = work.relation(of_row.about, of_column.about, scores)
  there = [
    part[axis]
    for part, axis in (
      (row.there, (slice(None), None)),
      (column.there, (None, slice(None))),
    )
    if part is not None
  ]
  for mask in there:
    related = jax.tree.map(lambda counts, mask=mask: counts & mask, related)
  return scores, related


def _each(
  block: int,
  one: Callable[[_Block, _Block], tuple[Any, Any]],
  rows: tuple[Any, Any],
  columns: tuple[Any, Any],
) -> tuple[Any, Any]:
  """Calls `one` with each block of rows and each of columns.

  Args:
    block: rows and columns of a block, at most.
    one: from two blocks, each with what stands still and what is carried on,
      to what is carried on of both.
    rows: what stands still, and what is carried on, trees of [N, ...].
    columns: the same, trees of [K, ...].

  Returns:
    What was carried on, of the rows and of the columns.
  """
  still_rows, rows_there = _cut(rows[0], block)
  still_columns, columns_there = _cut(columns[0], block)
  carried_rows, carried_columns = (
    _cut(side[1], block)[0] for side in (rows, columns)
  )

  def of_row(state: tuple[Any, Any], i: jax.Array) -> tuple[Any, None]:
    carried_rows, carried_columns = state
    still_row, there = _at((still_rows, rows_there), i)

    def of_block(state: tuple[Any, Any], j: jax.Array) -> tuple[Any, None]:
      carried_row, carried_columns = state
      still_column, column_there = _at((still_columns, columns_there), j)
      carried_row, carried_column = one(
        _Block((still_row, carried_row), there),
        _Block((still_column, _at(carried_columns, j)), column_there),
      )
      return (carried_row, _put(carried_columns, carried_column, j)), None

    (carried_row, carried_columns), _ = jax.lax.scan(
      of_block, (_at(carried_rows, i), carried_columns), _numbers(still_columns)
    )
    return (_put(carried_rows, carried_row, i), carried_columns), None

  # Carried from block to block, they are changed in place.
  (carried_rows, carried_columns), _ = jax.lax.scan(
    of_row, (carried_rows, carried_columns), _numbers(still_rows)
  )
  return _joined(carried_rows, rows[0]), _joined(carried_columns, columns[0])


def _at(tree: Any, index: jax.Array) -> Any:
  """One block of leaves [blocks, n, ...]."""
  return jax.tree.map(
    lambda leaf: jax.lax.dynamic_index_in_dim(leaf, index, keepdims=False), tree
  )


def _put(tree: Any, block: Any, index: jax.Array) -> Any:
  """Leaves [blocks, n, ...] with another block."""
  return jax.tree.map(
    lambda leaf, new: jax.lax.dynamic_update_index_in_dim(leaf, new, index, 0),
    tree,
    block,
  )


def _numbers(tree: Any) -> jax.Array:  # int32 [blocks]
  """The numbers of the blocks."""
  return jnp.arange(len(jax.tree.leaves(tree)[0]))


def _cut(tree: Any, block: int) -> tuple[Any, jax.Array | None]:
  """Leaves [N, ...] as [blocks, n, ...], and which of them are real.

  Blocks are as even as they can be, so that few or none are made up.
  """
  leaves = jax.tree.leaves(tree)
  if not leaves:
    return tree, None
  count = len(leaves[0])
  blocks = -(-count // block)
  size = -(-count // blocks)
  more = blocks * size - count

  def cut(leaf: jax.Array) -> jax.Array:
    if more:
      leaf = jnp.pad(leaf, [(0, more), *[(0, 0)] * (leaf.ndim - 1)])
    return leaf.reshape(blocks, size, *leaf.shape[1:])

  there = cut(jnp.ones(count, bool)) if more else None
  return jax.tree.map(cut, tree), there


def _joined(tree: Any, like: Any) -> Any:
  """Leaves [blocks, n, ...] as [N, ...] again, where `like` has N."""
  count = len(jax.tree.leaves(like)[0])
  return jax.tree.map(
    lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:count], tree
  )
