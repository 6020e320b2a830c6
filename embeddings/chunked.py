"""The rows of a batch encoded a few at a time, as if they were all at once.

Activations of one chunk of rows live at a time, forward and backward: memory
falls with the chunk, for one more forward pass. The loss is still that of the
whole batch, exactly (GradCache: Gao et al. 2021, arXiv 2101.06983).
"""

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import jax.numpy as jnp

from data import batch as batch_lib

# From parameters, rows [G, c, L], their dropout keys [G, c] and the sharding of
# the shards, if they are spread, to [G, T, D].
Encode = Callable[
  [Any, batch_lib.Packed, jax.Array | None, NamedSharding | None], jax.Array
]


def add_up(
  encode: Encode,
  params: Any,
  packed: batch_lib.Packed,
  keys: jax.Array | None,  # [G, R]
  chunk_rows: int,
  sharding: NamedSharding | None = None,
) -> jax.Array:  # float32 [G, T, D]
  """The sum of `encode` over chunks of the rows.

  Args:
    encode: gives 0 for a text that is not in the rows; each text is in one.
    params: its first argument.
    packed: texts in rows, [G, R, L].
    keys: of dropout, one a row of the whole batch, or None.
    chunk_rows: how many rows of each shard a chunk has at most.
    sharding: of the shards over devices, if they are spread.

  Returns:
    What `encode` would give for all rows.
  """

  def of_shards(
    params: Any,
    packed: batch_lib.Packed,
    keys: jax.Array | None,
    sharding: NamedSharding | None = None,
  ) -> jax.Array:
    pieces = cut(packed, keys, chunk_rows, sharding)

    def of_piece(params: Any, piece: Any) -> jax.Array:
      rows, keys = piece
      return encode(params, rows, keys, sharding)

    return _sum(of_piece, params, pieces)

  if (
    sharding is None
    or sharding.mesh.size == 1
    or sharding.mesh.size > sharding.mesh.shape["data"]
  ):
    return of_shards(params, packed, keys, sharding)
  # Each device has all parameters and goes through its shards by itself, so
  # gradients are summed over devices once; left to itself, the compiler does so
  # after each chunk. Where parameters are cut up it has to: to let parts of a
  # mesh go by themselves fails a check in XLA (jaxlib 0.10).
  each = jax.shard_map(
    of_shards,
    mesh=sharding.mesh,
    in_specs=(P(), sharding.spec, sharding.spec),
    out_specs=sharding.spec,
    check_vma=False,
  )
  return each(params, packed, keys)


def _sum(
  encode: Callable[[Any, Any], jax.Array], params: Any, pieces: Any
) -> jax.Array:  # float32 [G, T, D]
  """The sum of `encode` over pieces, which are stacked, one at a time."""
  # Loops keep the two passes apart by themselves. The sum stands outside: it
  # would be kept for the backward pass, once a chunk.
  again = jax.checkpoint(encode, prevent_cse=False)

  def add(total: jax.Array, piece: Any) -> tuple[jax.Array, None]:
    return total + again(params, piece), None

  first = jax.tree.map(lambda x: x[0], pieces)
  shape = jax.eval_shape(encode, params, first)
  total, _ = jax.lax.scan(add, jnp.zeros(shape.shape, shape.dtype), pieces)
  return total


def cut(
  packed: batch_lib.Packed,
  keys: jax.Array | None,  # [G, R]
  chunk_rows: int,
  sharding: NamedSharding | None = None,
) -> tuple[batch_lib.Packed, jax.Array | None]:
  """Rows in n chunks of c, as equal as can be: [n, G, c, L] and [n, G, c].

  The last chunk is filled up with rows that hold no text.
  """
  rows = packed.tokens.shape[1]
  size = rows_of(rows, chunks_of(rows, chunk_rows))
  chunks = chunks_of(rows, size)

  def split(values: jax.Array) -> Any:
    shards, _, *rest = values.shape
    values = jnp.moveaxis(values.reshape(shards, chunks, size, *rest), 1, 0)
    if sharding is None:
      return values
    spread = NamedSharding(sharding.mesh, P(None, *sharding.spec))
    return jax.lax.with_sharding_constraint(values, spread)

  def fill(field: Any, empty: int) -> Any:
    more = ((0, 0), (0, chunks * size - rows), (0, 0))
    return split(jnp.pad(field, more, constant_values=empty))

  pieces = batch_lib.Packed(
    fill(packed.tokens, 0), fill(packed.text, -1), fill(packed.position, 0)
  )
  if keys is None:
    return pieces, None
  # What a row without text draws does not matter.
  numbers = jnp.minimum(jnp.arange(chunks * size), rows - 1)
  return pieces, split(keys[:, numbers])


def chunks_of(rows: int, chunk_rows: int) -> int:
  """How many chunks R rows make, of so many rows at most.

  >>> chunks_of(10, 4)
  3
  """
  return -(-rows // chunk_rows)


def rows_of(rows: int, chunks: int) -> int:
  """How many rows the largest of so many chunks needs to have.

  >>> rows_of(10, 4)
  3
  """
  return -(-rows // chunks)
