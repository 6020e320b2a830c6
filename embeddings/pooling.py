"""One vector a text, out of its tokens' hidden states."""

import jax
import jax.numpy as jnp


def mean(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The mean over each text's tokens (Reimers & Gurevych 2019).

  Args:
    hidden: hidden states of packed rows.
    text: the number of the text that each token belongs to.
    texts: T, how many texts there are.

  Returns:
    Their means, summed in float32; 0 for a text that has no tokens here.
  """
  numbers = jnp.where(text < 0, texts, text).ravel()  # padding goes to row T
  flat = hidden.astype(jnp.float32).reshape(-1, hidden.shape[-1])
  sums = jax.ops.segment_sum(flat, numbers, num_segments=texts + 1)
  counts = jax.ops.segment_sum(
    jnp.ones_like(numbers, jnp.float32), numbers, num_segments=texts + 1
  )
  return (sums / jnp.maximum(counts, 1)[:, None])[:texts]


def cls(
  hidden: jax.Array,  # [R, L, D]
  text: jax.Array,  # int32 [R, L], -1 in padding
  texts: int,
) -> jax.Array:  # float32 [T, D]
  """The hidden state of each text's first token; see `mean` for Args."""
  before = jnp.pad(text, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
  first = (text >= 0) & (text != before)
  return mean(hidden, jnp.where(first, text, -1), texts)


POOLINGS = {"mean": mean, "cls": cls}
