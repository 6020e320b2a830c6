"""Self-attention within each text of a packed row (Vaswani et al. 2017)."""

import dataclasses

import haiku as hk
import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import config as config_lib
from embeddings.encoders import linear


@dataclasses.dataclass
class Attention(hk.Module):
  """Multi-head attention; a token sees the tokens of its own text."""

  config: config_lib.EncoderConfig
  name: str | None = None

  def __call__(
    self,
    x: jax.Array,  # [N, L, D]
    text: jax.Array,  # [N, L]
    keys: jax.Array | None,  # [N]
  ) -> jax.Array:  # [N, L, D]
    config = self.config
    split = (*x.shape[:-1], config.heads, config.width // config.heads)
    query, key, value = (
      linear.Linear(config.width, config.init_range, name=name)(x)
      for name in ("query", "key", "value")
    )
    query, key, value = (z.reshape(split) for z in (query, key, value))
    # Padding sees padding: its rows stay finite, and nothing pools them.
    same_text = text[:, None, :, None] == text[:, None, None, :]  # [N, 1, L, L]
    if keys is not None and config.attention_dropout:
      seen = _with_dropout(
        query, key, value, same_text, config.attention_dropout, keys
      )
    else:
      seen = jax.nn.dot_product_attention(query, key, value, mask=same_text)
    output = linear.Linear(config.width, config.init_range, name="output")
    return output(seen.reshape(x.shape))


def _with_dropout(
  query: jax.Array,  # [N, L, H, K]
  key: jax.Array,  # [N, L, H, K]
  value: jax.Array,  # [N, L, H, K]
  mask: jax.Array,  # [N, 1, L, L]
  rate: float,
  keys: jax.Array,  # [N]
) -> jax.Array:  # [N, L, H, K]
  """Attention with dropout on its weights, which no fused kernel offers."""
  scores = jnp.einsum(
    "nqhk,nshk->nhqs", query, key, preferred_element_type=jnp.float32
  )
  scores = scores / jnp.sqrt(jnp.float32(query.shape[-1]))
  weights = jax.nn.softmax(jnp.where(mask, scores, -1e30))  # in float32
  weights = dropout.dropout(weights, rate, keys).astype(value.dtype)
  return jnp.einsum("nhqs,nshk->nqhk", weights, value)
