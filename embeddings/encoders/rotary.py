"""Positions as turns of queries and keys (Su et al. 2021, arXiv 2104.09864)."""

import jax
import jax.numpy as jnp


def angles(
  position: jax.Array,  # int32 [N, L]
  width: int,
  base: float | jax.Array,
) -> tuple[jax.Array, jax.Array]:  # float32 [N, L, 1, K / 2], twice
  """Cosine and sine of each token's turns.

  Args:
    position: of each token in its text.
    width: K, of a head.
    base: the longest wave is 2 pi times nearly this.

  Returns:
    Cosines and sines; the axis of size 1 stands for the heads.
  """
  step = jnp.arange(0, width, 2, dtype=jnp.float32) / width
  turns = position[..., None].astype(jnp.float32) / jnp.power(base, step)
  return jnp.cos(turns)[:, :, None], jnp.sin(turns)[:, :, None]


def rotate(
  x: jax.Array,  # [N, L, H, K]
  cosine: jax.Array,  # [N, L, 1, K / 2]
  sine: jax.Array,  # [N, L, 1, K / 2]
) -> jax.Array:  # [N, L, H, K]
  """Turns number i and number i + K / 2 of each head together, in float32."""
  first, second = jnp.split(x.astype(jnp.float32), 2, axis=-1)
  turned = (first * cosine - second * sine, second * cosine + first * sine)
  return jnp.concatenate(turned, axis=-1).astype(x.dtype)
