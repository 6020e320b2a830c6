"""One vector a text, out of its tokens' hidden states."""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def mean(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  position: jax.Array,  # int32 [R, L], counted from 0 in each text
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The mean over each text's tokens (Reimers & Gurevych 2019).

  Args:
    hidden: hidden states of packed rows.
    text: the number of the text that each token belongs to.
    position: the place of each token in its text.
    texts: T, how many texts there are.

  Returns:
    Their means, summed in float32; 0 for a text that has no tokens here.
  """
  return _weighted(hidden, text, jnp.ones_like(position, jnp.float32), texts)


def weighted_mean(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  position: jax.Array,  # int32 [R, L]
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The mean with weights 1, 2, 3, ... (SGPT: Muennighoff 2022); see `mean`."""
  return _weighted(hidden, text, 1 + position.astype(jnp.float32), texts)


def cls(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  position: jax.Array,  # int32 [R, L]
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The hidden state of each text's first token; see `mean` for Args."""
  return mean(hidden, jnp.where(position == 0, text, -1), position, texts)


def last(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  position: jax.Array,  # int32 [R, L]
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The hidden state of each text's last token; see `mean` for Args."""
  after = jnp.pad(text, ((0, 0), (0, 1)), constant_values=-1)[:, 1:]
  return mean(hidden, jnp.where(text != after, text, -1), position, texts)


def maximum(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  position: jax.Array,  # int32 [R, L]
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The largest of each number over a text's tokens; see `mean` for Args."""
  del position
  flat = hidden.astype(jnp.float32).reshape(-1, hidden.shape[-1])
  largest = jax.ops.segment_max(flat, _numbers(text, texts), texts + 1)[:texts]
  return jnp.where(jnp.isneginf(largest), 0.0, largest)  # a text of no tokens


def _weighted(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  weight: jax.Array,  # float32 [R, L]
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """Each text's weighted mean over its tokens."""
  numbers, weight = _numbers(text, texts), weight.ravel()
  flat = hidden.astype(jnp.float32).reshape(-1, hidden.shape[-1])
  sums = jax.ops.segment_sum(flat * weight[:, None], numbers, texts + 1)
  weights = jax.ops.segment_sum(weight, numbers, texts + 1)
  return (sums / jnp.maximum(weights, 1)[:, None])[:texts]


def _numbers(text: jax.Array, texts: int) -> jax.Array:  # int32 [R L]
  """The text of each token; padding goes to one more, T."""
  return jnp.where(text < 0, texts, text).ravel()


Pooling = Callable[[jax.Array, jax.Array, jax.Array, int], jax.Array]

POOLINGS: dict[str, Pooling] = {
  "mean": mean,
  "cls": cls,
  "max": maximum,
  "last": last,
  "weighted_mean": weighted_mean,
}
