"""Dropout whose draws depend on the row, not on who computes it.

A key folds step, layer, place in the layer and packed row, so that a chunk or
a shard of a batch draws what the whole would (threefry).
"""

import jax
import jax.numpy as jnp


def row_keys(key: jax.Array, rows: int) -> jax.Array:
  """One key a row: [rows]."""
  return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(rows))


def fold(
  keys: jax.Array | None,  # [N]
  place: int | jax.Array,
) -> jax.Array | None:
  """The rows' keys for one place of the network; None stays None."""
  if keys is None:
    return None
  return jax.vmap(jax.random.fold_in, (0, None))(keys, place)


def dropout(
  values: jax.Array,  # [N, ...]
  rate: float,
  keys: jax.Array | None,  # [N]
) -> jax.Array:
  """Zeroes a share `rate` of the values of each row and scales the others.

  Args:
    values: rows first.
    rate: share to drop, below 1.
    keys: one a row, or None where nothing is dropped.

  Returns:
    Values of the same shape and dtype.
  """
  if keys is None or not rate:
    return values
  shape = values.shape[1:]
  kept = jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, shape))(keys)
  return jnp.where(kept, values / (1 - rate), jnp.zeros_like(values))
