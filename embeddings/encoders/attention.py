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
    if keys is not None and config.attention_dropout:
      found = _with_dropout(
        query, key, value, view, config.attention_dropout, keys
      )
    else:
      found = jax.nn.dot_product_attention(
        query, key, value, bias=view.bias, mask=view.seen
      )
    return self._map("output")(found.reshape(x.shape))

  @hk.transparent
  def _map(self, name: str) -> linear.Linear:
    """One of the four maps from D to D."""
    config = self.config
    return linear.Linear(config.width, config.init_range, config.biases, name)


def _with_dropout(
  query: jax.Array,  # [N, L, H, K]
  key: jax.Array,  # [N, L, H, K]
  value: jax.Array,  # [N, L, H, K]
  view: View,
  rate: float,
  keys: jax.Array,  # [N]
) -> jax.Array:  # [N, L, H, K]
  """Attention with dropout on its weights, which no fused kernel offers."""
  scores = jnp.einsum(
    "nqhk,nshk->nhqs", query, key, preferred_element_type=jnp.float32
  )
  scores = scores / jnp.sqrt(jnp.float32(query.shape[-1]))
  if view.bias is not None:
    scores += view.bias
  scores = jnp.where(view.seen, scores, -1e30)
  weights = jax.nn.softmax(scores)  # in float32
  weights = dropout.dropout(weights, rate, keys).astype(value.dtype)
  return jnp.einsum("nhqs,nshk->nqhk", weights, value)
