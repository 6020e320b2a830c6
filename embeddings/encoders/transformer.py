"""The encoder: inputs, then a stack of equal blocks.

Parameter paths are an interface (weight import, sharding rules, golden test).
Every encoder has

    encoder/inputs                        tokens, positions, types [., D]
    encoder/inputs/norm                   scale, offset [D]
    encoder/layers/attention/query        w [layers, D, D], b [layers, D]
    encoder/layers/attention/{key,value,output}
    encoder/layers/attention_norm         scale, offset [layers, D]
    encoder/layers/up                     w [layers, D, mlp], b [layers, mlp]
    encoder/layers/down                   w [layers, mlp, D], b [layers, D]
    encoder/layers/mlp_norm               scale, offset [layers, D]

less what its config leaves out, and families add

    encoder/inputs/projection             w [input_width, D], b [D]   ALBERT
    encoder/relative                      buckets [buckets, H]        MPNet
    encoder/layers/gate                   as up                       ModernBERT
    encoder/norm                          scale [D]                   ModernBERT

Shared blocks (ALBERT) have the same paths without the axis of the layers.
"""

import dataclasses
import functools
from collections.abc import Callable

import haiku as hk
import jax
import jax.numpy as jnp

from embeddings import dropout
from embeddings.encoders import block as block_lib
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import linear
from embeddings.encoders import views

_Step = Callable[[jax.Array, jax.Array], tuple[jax.Array, None]]

_MOST_UNROLLED = 12  # layers

# What the backward pass computes again: nothing, all but the products with
# parameters, or everything within a block.
REMATS: dict[str, Callable[[_Step], _Step]] = {
  "none": lambda step: step,
  "dots": functools.partial(
    hk.remat,
    prevent_cse=False,
    policy=jax.checkpoint_policies.dots_with_no_batch_dims_saveable,
  ),
  "full": functools.partial(hk.remat, prevent_cse=False),
}


@dataclasses.dataclass
class Encoder(hk.Module):
  """A transformer encoder over packed rows (Devlin et al. 2019, and after).

  Attributes:
    config: its shape and family.
    dtype: of the computation.
    remat: a key of REMATS.
  """

  config: config_lib.EncoderConfig
  dtype: jnp.dtype
  remat: str = "none"
  name: str | None = "encoder"

  def __call__(
    self,
    rows: inputs.Rows,
    keys: jax.Array | None = None,  # [N]
    sharding: jax.sharding.Sharding | None = None,
  ) -> jax.Array:  # [N, L, D]
    """The last hidden states.

    Args:
      rows: N packed rows of L tokens.
      keys: one dropout key a row, or None for no dropout.
      sharding: of the rows over devices, or None to leave it to the compiler.

    Returns:
      Hidden states in the compute dtype; those of padding mean nothing.
    """
    config = self.config
    enter = inputs.Inputs(config, self.dtype, name="inputs")
    x = enter(rows, dropout.fold(keys, config.layers))
    if sharding is not None:
      # Else the look-up in a table that is cut along its width leaves the rows
      # cut along theirs, and twice as much is sent between devices.
      x = jax.lax.with_sharding_constraint(x, sharding)
    view = views.views(rows, config)

    # As a module, a block has one set of parameters however often it runs.
    share = hk.to_module(block_lib.block)
    block = share("layers") if config.shared_layers else block_lib.block

    def run(x: jax.Array, layer: jax.Array) -> tuple[jax.Array, None]:
      layer_keys = dropout.fold(keys, layer)
      return block(x, view(layer), layer, layer_keys, config), None

    step = REMATS[self.remat](run)
    layers = jnp.arange(config.layers)
    if config.shared_layers:
      x, _ = hk.scan(step, x, layers)
    else:
      scan = hk.layer_stack(
        config.layers,
        with_per_layer_inputs=True,
        unroll=_unrolled(config.layers, self.remat),
        name="layers",
      )
      x, _ = scan(step)(x, layers)
    if config.pre_norm:
      x = linear.Norm(config.norm_eps, config.biases, name="norm")(x)
    return x


def _unrolled(layers: int, remat: str) -> int:
  """How many layers are compiled one by one.

  On a CPU a scan copies each layer's activations in and out, a tenth of a step
  of six layers. A deep stack would take long to compile, and what is computed
  again has to be within a scan: elsewhere XLA would keep it after all.
  """
  few = layers <= _MOST_UNROLLED and remat == "none"
  return layers if few and jax.default_backend() == "cpu" else 1
