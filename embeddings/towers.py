"""The model: from packed texts to their vectors. Haiku is transformed here.

model = towers.Model(towers.ModelConfig(encoder=..., pooling="mean"))
params = model.init(jax.random.key(0))
vectors = model.embed(params, packed, texts)  # [G, T, E]
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

from data import batch
from data import program
from embeddings import dropout
from embeddings import pooling
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import transformer

Params = Mapping[str, Mapping[str, Any]]  # arrays, on the host or on devices

DTYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
  """An encoder and what is done with its hidden states.

  Attributes:
    encoder: the transformer.
    pooling: a key of `pooling.POOLINGS`.
    normalise: whether vectors get length 1.
    dtype: of the computation; parameters are float32.
  """

  encoder: config_lib.EncoderConfig
  pooling: str = "mean"
  normalise: bool = True
  dtype: str = "float32"

  def __post_init__(self) -> None:
    if self.pooling not in pooling.POOLINGS or self.dtype not in DTYPES:
      raise program.BadInput(
        f"pooling {self.pooling!r} or dtype {self.dtype!r} is not known; "
        f"wanted one of {', '.join(pooling.POOLINGS)} and of "
        f"{', '.join(DTYPES)}"
      )


class Model:
  """One shared encoder for queries and documents."""

  def __init__(self, config: ModelConfig):
    self.config = config
    self._transformed = hk.without_apply_rng(hk.transform(self._hidden))

  def init(self, key: jax.Array) -> Params:
    """New parameters, float32."""
    nothing = jnp.zeros((1, 1), jnp.int32)
    return self._transformed.init(key, inputs.Rows(nothing, nothing, nothing))

  def embed(
    self,
    params: Params,
    packed: batch.Packed,
    texts: int,
    key: jax.Array | None = None,
  ) -> jax.Array:  # float32 [G, T, E]
    """The vectors of packed texts.

    Args:
      params: as `init` makes them.
      packed: texts in rows, [G, R, L].
      texts: T, the texts of a shard.
      key: of this step's dropout, or None for none.

    Returns:
      A vector for each text; those of absent texts mean nothing.
    """
    shards, rows, length = packed.tokens.shape
    flat = inputs.Rows(
      *(jnp.reshape(field, (shards * rows, length)) for field in packed)
    )
    keys = None if key is None else dropout.row_keys(key, shards * rows)
    hidden = self._transformed.apply(params, flat, keys)  # [G R, L, D]
    hidden = hidden.reshape(shards, rows, length, -1)
    pool = pooling.POOLINGS[self.config.pooling]
    vectors = jax.vmap(lambda h, t: pool(h, t, texts))(hidden, packed.text)
    return normalise(vectors) if self.config.normalise else vectors

  def _hidden(
    self, rows: inputs.Rows, keys: jax.Array | None = None
  ) -> jax.Array:  # [N, L, D]
    """Hidden states of packed rows."""
    dtype = jnp.dtype(self.config.dtype)
    return transformer.Encoder(self.config.encoder, dtype)(rows, keys)


def normalise(
  vectors: jax.Array,  # [..., E]
) -> jax.Array:  # [..., E]
  """Vectors of length 1; a vector of zeros stays one, gradient included."""
  squared = jnp.square(vectors).sum(-1, keepdims=True)
  inverse = jax.lax.rsqrt(jnp.maximum(squared, 1e-24))
  # Without the `where` a vector of zeros has a gradient 1e12 times too large.
  return jnp.where(squared > 1e-24, vectors * inverse, 0.0)


def count(params: Params) -> int:
  """How many numbers the parameters are."""
  return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
