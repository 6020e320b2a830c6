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
  """Token, position and type embeddings, summed and normalised (BERT).

  Rotary encoders have no position table (ModernBERT); where the tables are
  narrower than the encoder, a linear map follows (ALBERT).
  """

  config: config_lib.EncoderConfig
  dtype: jnp.dtype
  name: str | None = None

  def __call__(
    self,
    rows: Rows,
    keys: jax.Array | None,  # [N]
  ) -> jax.Array:  # [N, L, D]
    config = self.config
    x = self._table("tokens", config.vocab_size)[rows.tokens]
    if not config.rotary:
      size = config.first_position + config.max_positions
      x += self._table("positions", size)[table_rows(rows, config)]
    if config.type_vocab_size:
      x += self._table("types", config.type_vocab_size)[0]
    norm = linear.Norm(config.norm_eps, config.biases, name="norm")
    x = norm(x.astype(self.dtype))
    x = dropout.dropout(x, config.dropout, keys)
    if config.input_width:
      x = linear.Linear(config.width, config.init_range, name="projection")(x)
    return x

  def _table(self, name: str, size: int) -> jax.Array:
    """An embedding table, [size, D]."""
    config = self.config
    init = hk.initializers.TruncatedNormal(config.init_range)
    shape = [size, config.input_width or config.width]
    return hk.get_parameter(name, shape, jnp.float32, init=init)


def table_rows(
  rows: Rows, config: config_lib.EncoderConfig
) -> jax.Array:  # int32 [N, L]
  """Which row of the position table each token takes.

  RoBERTa's positions count the tokens that are not padding, from the padding
  id + 1 on (Hugging Face's create_position_ids_from_input_ids): a padding
  token that stands in a text has the padding's row and is not counted.
  """
  if not config.first_position:
    return rows.position
  padding = config.first_position - 1
  is_padding = (rows.tokens == padding).astype(jnp.int32)
  before = jnp.cumsum(is_padding, axis=1) - is_padding  # in the row so far
  start = jnp.arange(rows.tokens.shape[1]) - rows.position
  before -= jnp.take_along_axis(before, start, axis=1)  # in the text so far
  counted = rows.position - before + config.first_position
  return jnp.where(is_padding, padding, counted)
