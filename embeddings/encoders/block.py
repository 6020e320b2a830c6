"""One block: attention and MLP, each added to what went in."""

import functools

import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import attention
from embeddings.encoders import config as config_lib
from embeddings.encoders import linear

_tanh_gelu = functools.partial(jax.nn.gelu, approximate=True)
_ACTIVATIONS = {
  "gelu": functools.partial(jax.nn.gelu, approximate=False),
  "gelu_new": _tanh_gelu,
  "gelu_pytorch_tanh": _tanh_gelu,
  "relu": jax.nn.relu,
  "silu": jax.nn.silu,
}


def block(
  x: jax.Array,  # [N, L, D]
  view: attention.View,
  layer: jax.Array,  # int32 []
  keys: jax.Array | None,  # [N]
  config: config_lib.EncoderConfig,
) -> jax.Array:  # [N, L, D]
  """Block number `layer`; `keys` are its dropout's."""
  site = [dropout.fold(keys, place) for place in range(3)]
  attend = attention.Attention(config, name="attention")
  attention_norm = _norm("attention_norm", config)
  mlp_norm = _norm("mlp_norm", config)
  if config.pre_norm:
    # What enters the first block has just been normalised (ModernBERT).
    ready = jnp.where(layer == 0, x, attention_norm(x))
    x += dropout.dropout(attend(ready, view, site[0]), config.dropout, site[1])
    return x + dropout.dropout(
      _mlp(mlp_norm(x), config), config.dropout, site[2]
    )
  found = dropout.dropout(attend(x, view, site[0]), config.dropout, site[1])
  x = attention_norm(x + found)
  return mlp_norm(x + dropout.dropout(_mlp(x, config), config.dropout, site[2]))


def _mlp(
  x: jax.Array,  # [N, L, D]
  config: config_lib.EncoderConfig,
) -> jax.Array:  # [N, L, D]
  """Up, activation, down; gated where the family is (Shazeer 2020)."""

  def to(name: str, size: int) -> linear.Linear:
    return linear.Linear(size, config.init_range, config.biases, name)

  hidden = _ACTIVATIONS[config.activation](to("up", config.mlp_width)(x))
  if config.gated:
    hidden *= to("gate", config.mlp_width)(x)
  return to("down", config.width)(hidden)


def _norm(name: str, config: config_lib.EncoderConfig) -> linear.Norm:
  """A layer norm of the family."""
  return linear.Norm(config.norm_eps, config.biases, name)
