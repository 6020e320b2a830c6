"""From token ids to the vectors that enter the first block."""

import dataclasses
from typing import NamedTuple

import haiku as hk
import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import config as config_lib
from embeddings.encoders import linear


class Rows(NamedTuple):
  """Packed rows as an encoder takes them; N rows of L tokens."""

  tokens: jax.Array  # int32 [N, L]
  text: jax.Array  # int32 [N, L], equal within a text, -1 in padding
  position: jax.Array  # int32 [N, L], counted from 0 in each text


@dataclasses.dataclass
class Inputs(hk.Module):
  """Token, position and type embeddings, summed and normalised (BERT)."""

  config: config_lib.EncoderConfig
  dtype: jnp.dtype
  name: str | None = None

  def __call__(
    self,
    rows: Rows,
    keys: jax.Array | None,  # [N]
  ) -> jax.Array:  # [N, L, D]
    config = self.config
    tokens = self._table("tokens", config.vocab_size)[rows.tokens]
    positions = self._table("positions", config.max_positions)[rows.position]
    token_type = self._table("types", config.type_vocab_size)[0]
    x = (tokens + positions + token_type).astype(self.dtype)
    x = linear.Norm(config.norm_eps, name="norm")(x)
    return dropout.dropout(x, config.dropout, keys)

  def _table(self, name: str, size: int) -> jax.Array:
    """An embedding table, [size, D]."""
    init = hk.initializers.TruncatedNormal(self.config.init_range)
    shape = [size, self.config.width]
    return hk.get_parameter(name, shape, jnp.float32, init=init)
