"""The encoder: inputs, then a stack of equal blocks, scanned.

Parameter paths are an interface (weight import, sharding rules, golden test):

    encoder/inputs                        tokens, positions, types [., D]
    encoder/inputs/norm                   scale, offset [D]
    encoder/layers/attention/query        w [layers, D, D], b [layers, D]
    encoder/layers/attention/{key,value,output}
    encoder/layers/attention_norm         scale, offset [layers, D]
    encoder/layers/up                     w [layers, D, mlp], b [layers, mlp]
    encoder/layers/down                   w [layers, mlp, D], b [layers, D]
    encoder/layers/mlp_norm               scale, offset [layers, D]
"""

import dataclasses
import functools

import haiku as hk
import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import attention
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import linear

_ACTIVATIONS = {
  "gelu": functools.partial(jax.nn.gelu, approximate=False),
  "gelu_new": functools.partial(jax.nn.gelu, approximate=True),
  "relu": jax.nn.relu,
}


@dataclasses.dataclass
class Encoder(hk.Module):
  """A BERT-like encoder over packed rows (Devlin et al. 2019)."""

  config: config_lib.EncoderConfig
  dtype: jnp.dtype
  name: str | None = "encoder"

  def __call__(
    self,
    rows: inputs.Rows,
    keys: jax.Array | None = None,  # [N]
  ) -> jax.Array:  # [N, L, D]
    """The last hidden states.

    Args:
      rows: N packed rows of L tokens.
      keys: one dropout key a row, or None for no dropout.

    Returns:
      Hidden states in the compute dtype; those of padding mean nothing.
    """
    x = inputs.Inputs(self.config, self.dtype, name="inputs")(
      rows, dropout.fold(keys, self.config.layers)
    )

    def block(x: jax.Array, layer: jax.Array) -> tuple[jax.Array, None]:
      layer_keys = dropout.fold(keys, layer)
      return _block(x, rows.text, layer_keys, self.config), None

    layers = self.config.layers
    stack = hk.layer_stack(layers, with_per_layer_inputs=True, name="layers")
    x, _ = stack(block)(x, jnp.arange(layers))
    return x


def _block(
  x: jax.Array,  # [N, L, D]
  text: jax.Array,  # [N, L]
  keys: jax.Array | None,  # [N]
  config: config_lib.EncoderConfig,
) -> jax.Array:  # [N, L, D]
  """One block: attention and MLP, each added and then normalised."""
  site = [dropout.fold(keys, place) for place in range(3)]
  seen = attention.Attention(config, name="attention")(x, text, site[0])
  seen = dropout.dropout(seen, config.dropout, site[1])
  x = linear.Norm(config.norm_eps, name="attention_norm")(x + seen)
  up = linear.Linear(config.mlp_width, config.init_range, name="up")
  down = linear.Linear(config.width, config.init_range, name="down")
  y = down(_ACTIVATIONS[config.activation](up(x)))
  y = dropout.dropout(y, config.dropout, site[2])
  return linear.Norm(config.norm_eps, name="mlp_norm")(x + y)
