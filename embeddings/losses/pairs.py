"""What every loss takes and gives."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from data import batch as batch_lib


class Pairs(NamedTuple):
  """The texts of a global batch, column by column.

  Column 0 is the queries, 1 the documents, 2 and on the hard negatives.
  """

  vectors: jax.Array  # float32 [2 + M, B, E]
  identity: jax.Array  # uint32 [2 + M, B, 2]
  present: jax.Array  # bool [2 + M, B]
  score: jax.Array  # float32 [B, 1 + M]


class Loss(NamedTuple):
  """A loss and what is worth reporting beside it."""

  value: jax.Array  # []
  accuracy: jax.Array  # [], share of queries whose document comes first


def pairs_of(
  vectors: jax.Array,  # [G, T, E]
  batch: batch_lib.Batch,
) -> Pairs:
  """The texts of all shards side by side."""
  shards, pairs = batch.dataset.shape
  columns = vectors.shape[1] // pairs

  def by_column(values: jax.Array) -> jax.Array:  # [2 + M, B, ...]
    rest = values.shape[2:]
    values = values.reshape(shards, columns, pairs, *rest).swapaxes(0, 1)
    return values.reshape(columns, shards * pairs, *rest)

  return Pairs(
    vectors=by_column(vectors),
    identity=by_column(jnp.asarray(batch.identity)),
    present=by_column(jnp.asarray(batch.present)),
    score=jnp.asarray(batch.score).reshape(shards * pairs, -1),
  )
