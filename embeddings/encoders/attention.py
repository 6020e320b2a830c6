"""Self-attention within each text of a packed row (Vaswani et al. 2017)."""

import dataclasses
from typing import NamedTuple

import haiku as hk
import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import config as config_lib
from embeddings.encoders import linear
from embeddings.encoders import rotary


BLOCK = 512  # queries whose scores are in memory at once


class View(NamedTuple):
  """Which tokens a layer's tokens see, and what it knows of their places."""

  seen: jax.Array  # bool [N, 1, L, L]
  bias: jax.Array | None  # float32 [1, H, L, L], added to the scores
  turns: tuple[jax.Array, jax.Array] | None  # see `rotary.angles`


@dataclasses.dataclass
class Attention(hk.Module):
  """Multi-head attention; a token sees tokens of its own text alone."""

  config: config_lib.EncoderConfig
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [N, L, D]
    view: View,
    keys: jax.Array | None,  # [N]
  ) -> jax.Array:  # [N, L, D]
    config = self.config
    split = (*x.shape[:-1], config.heads, config.head_width)
    query, key, value = (
      self._map(name)(x).reshape(split) for name in ("query", "key", "value")
    )
    if view.turns is not None:
      query, key = (rotary.rotate(z, *view.turns) for z in (query, key))
    found = attend(query, key, value, view, config.attention_dropout, keys)
    return self._map("output")(found.reshape(x.shape))

  @hk.transparent
  def _map(self, name: str) -> linear.Linear:
    """One of the four maps from D to D."""
    config = self.config
    return linear.Linear(config.width, config.init_range, config.biases, name)


def attend(
  query: jax.Array,  # [N, L, H, K]
  key: jax.Array,  # [N, L, H, K]
  value: jax.Array,  # [N, L, H, K]
  view: View,
  rate: float = 0.0,
  keys: jax.Array | None = None,  # [N]
) -> jax.Array:  # [N, L, H, K]
  """Softmax attention; scores, softmax and sums in float32.

  Rows of more than BLOCK tokens take their queries block by block, and again
  in the backward pass, so that [L, L] scores never stand in memory; with
  dropout on the weights they do.

  `jax.nn.dot_product_attention` takes twice as long on a CPU (measured at rows
  of 128 and 12 heads of 32), and has no dropout: here heads come before
  tokens, and weights are divided by their sum after the product with values.

  Args:
    query, key, value: by head.
    view: which tokens each sees.
    rate: of dropout on the weights.
    keys: of dropout, one a row, or None for none.

  Returns:
    Each token's mean of values, in the dtype of `value`.
  """
  query, key, value = (z.swapaxes(1, 2) for z in (query, key, value))
  length = query.shape[2]
  if length <= BLOCK or length % BLOCK or (rate and keys is not None):
    found = _attend(query, key, value, view.seen, view.bias, rate, keys)
    return found.swapaxes(1, 2)

  def of_block(start: jax.Array) -> jax.Array:  # [N, H, BLOCK, K]
    def cut(z: jax.Array) -> jax.Array:
      return jax.lax.dynamic_slice_in_dim(z, start, BLOCK, axis=2)

    bias = None if view.bias is None else cut(view.bias)
    return _attend(cut(query), key, value, cut(view.seen), bias, 0.0, None)

  starts = jnp.arange(0, length, BLOCK)
  found = jax.lax.map(jax.checkpoint(of_block), starts)
  # [L / BLOCK, N, H, BLOCK, K] -> [N, L, H, K]
  found = found.transpose(1, 0, 3, 2, 4)
  return found.reshape(found.shape[0], length, *found.shape[3:])


def _attend(
  query: jax.Array,  # [N, H, Q, K]
  key: jax.Array,  # [N, H, L, K]
  value: jax.Array,  # [N, H, L, K]
  seen: jax.Array,  # bool [N, 1, Q, L]
  bias: jax.Array | None,  # float32 [1, H, Q, L]
  rate: float,
  keys: jax.Array | None,  # [N]
) -> jax.Array:  # [N, H, Q, K]
  """Attention of some queries, heads first."""
  scores = jnp.einsum(
    "nhqk,nhsk->nhqs", query, key, preferred_element_type=jnp.float32
  )
  scores *= query.shape[-1] ** -0.5
  if bias is not None:
    scores += bias
  scores = jnp.where(seen, scores, -1e30)
  most = jax.lax.stop_gradient(scores.max(-1, keepdims=True))
  weights = jnp.exp(scores - most)  # [N, H, Q, L]
  total = weights.sum(-1, keepdims=True)
  weights = dropout.dropout(weights, rate, keys).astype(value.dtype)
  found = jnp.einsum(
    "nhqs,nhsk->nhqk", weights, value, preferred_element_type=jnp.float32
  )
  return (found / total).astype(value.dtype)
