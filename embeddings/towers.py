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
from jax.sharding import Mesh
from jax.sharding import NamedSharding
import jax.numpy as jnp
import numpy as np

from data import batch
from data import program
from embeddings import chunked
from embeddings import dropout
from embeddings import partition
from embeddings import pooling
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import linear
from embeddings.encoders import transformer

Params = Mapping[str, Mapping[str, Any]]  # arrays, on the host or on devices

ACTIVATIONS = {
  "identity": lambda x: x,
  "tanh": jnp.tanh,
  "relu": jax.nn.relu,
  "gelu": lambda x: jax.nn.gelu(x, approximate=False),
  "silu": jax.nn.silu,
  "sigmoid": jax.nn.sigmoid,
}
SIDES = ("query", "document")

_CHOICES = {
  "pooling": tuple(pooling.POOLINGS),
  "similarity": ("cosine", "dot"),
  "towers": ("shared", "two"),
  "dtype": ("float32", "bfloat16", "float16"),
  "remat": tuple(transformer.REMATS),
}


@dataclasses.dataclass(frozen=True)
class Projection:
  """A linear map of each text's vector, and an activation.

  Attributes:
    width: numbers that come out of it.
    activation: a key of ACTIVATIONS.
    biases: whether the map has an additive part.
  """

  width: int
  activation: str = "tanh"
  biases: bool = True

  def __post_init__(self) -> None:
    if self.activation not in ACTIVATIONS:
      raise program.BadInput(
        f"projection activation {self.activation!r} is not known; wanted one "
        f"of {', '.join(ACTIVATIONS)}"
      )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
  """An encoder and what is done with its hidden states.

  Attributes:
    encoder: the transformer.
    pooling: a key of `pooling.POOLINGS`.
    projection: what follows it, or None.
    truncate: how many of the first numbers a vector keeps, 0 for all
      (Matryoshka: Kusupati et al. 2022).
    normalise: whether vectors get length 1.
    similarity: by which vectors are compared, "cosine" or "dot".
    towers: "shared", one encoder for queries and documents, or "two", each
      with parameters of its own (DPR: Karpukhin et al. 2020).
    dtype: of the computation; parameters are float32.
    remat: what the backward pass computes again; see `transformer.REMATS`.
  """

  encoder: config_lib.EncoderConfig
  pooling: str = "mean"
  projection: Projection | None = None
  truncate: int = 0
  normalise: bool = True
  similarity: str = "cosine"
  towers: str = "shared"
  dtype: str = "float32"
  remat: str = "none"

  def __post_init__(self) -> None:
    for field, known in _CHOICES.items():
      value = getattr(self, field)
      if value not in known:
        raise program.BadInput(
          f"{field} {value!r} is not known; wanted one of {', '.join(known)}"
        )
    if not 0 <= self.truncate <= self._projected:
      raise program.BadInput(
        f"vectors of {self._projected} numbers cannot be cut to "
        f"{self.truncate}; wanted 0 (for all) to {self._projected}"
      )

  @property
  def _projected(self) -> int:
    """Numbers in a vector before it is cut."""
    return self.projection.width if self.projection else self.encoder.width

  @property
  def width(self) -> int:
    """E, numbers in a vector."""
    return self.truncate or self._projected

  @property
  def sides(self) -> tuple[str, ...]:
    """The towers' names: SIDES, or one that is "" and serves both."""
    return SIDES if self.towers == "two" else ("",)

  def replace(self, **changes: Any) -> "ModelConfig":
    """The same model but for `changes`."""
    return dataclasses.replace(self, **changes)


def config_of(content: Mapping[str, Any]) -> ModelConfig:
  """The config that `dataclasses.asdict` made plain values of."""
  encoder = config_lib.EncoderConfig(**content["encoder"])
  projection = content["projection"] and Projection(**content["projection"])
  return ModelConfig(
    **{**content, "encoder": encoder, "projection": projection}
  )


class Model:
  """One shared encoder for queries and documents, or one for each.

  Args:
    config: what is computed.
    mesh: the devices that `embed` finds its shards spread over, if any.
  """

  def __init__(self, config: ModelConfig, mesh: Mesh | None = None):
    self.config, self._mesh = config, mesh
    # The whole makes the parameters; its parts apply them to chunks.
    self._tower, self._pooled, self._head = (
      hk.without_apply_rng(hk.transform(part))
      for part in (self._vectors, self._pool, self._finish)
    )

  def init(self, key: jax.Array) -> Params:
    """New parameters, float32; two towers have the same ones at first."""
    nothing = np.zeros((1, 1, 1), np.int32)
    packed = batch.Packed(nothing, nothing, nothing)
    params = self._tower.init(key, packed, 1, None, None)
    return join(dict.fromkeys(self.config.sides, params))

  def embed(
    self,
    params: Params,
    packed: batch.Packed,
    texts: int,
    key: jax.Array | None = None,
    side: str = "",
    chunk_rows: int = 0,
  ) -> jax.Array:  # float32 [G, T, E]
    """The vectors of packed texts.

    Args:
      params: as `init` makes them.
      packed: texts in rows, [G, R, L].
      texts: T, the texts of a shard.
      key: of this step's dropout, or None for none.
      side: which of two towers, one of SIDES; a shared one serves both.
      chunk_rows: how many rows of a shard are encoded at a time, 0 for all:
        less memory for a gradient, one forward pass more; see chunked.py.

    Returns:
      A vector for each text; those of absent texts mean nothing. They do not
      depend on `chunk_rows`, dropout included.
    """
    if self.config.towers == "shared":
      side = ""
    elif side not in SIDES:
      raise ValueError(
        f"side {side!r} of a model with two towers; wanted one of {SIDES}"
      )
    spread = self._mesh and NamedSharding(self._mesh, partition.BATCH)
    tower = tower_of(params, side)
    shards, rows, _ = packed.tokens.shape
    keys = None
    if key is not None:
      keys = dropout.row_keys(key, shards * rows).reshape(shards, rows)
    if not 0 < chunk_rows < rows:
      return self._tower.apply(tower, packed, texts, keys, spread)

    def encode(
      tower: Params,
      rows: batch.Packed,
      keys: jax.Array | None,
      spread: NamedSharding | None,
    ) -> jax.Array:  # float32 [G, T, D]
      return self._pooled.apply(tower, rows, texts, keys, spread)

    pooled = chunked.add_up(encode, tower, packed, keys, chunk_rows, spread)
    return self._head.apply(tower, pooled)

  def _vectors(
    self,
    packed: batch.Packed,
    texts: int,
    keys: jax.Array | None,  # [G, R]
    sharding: NamedSharding | None,
  ) -> jax.Array:  # float32 [G, T, E]
    """One tower: encoder, pooling, and what follows it."""
    return self._finish(self._pool(packed, texts, keys, sharding))

  def _pool(
    self,
    packed: batch.Packed,
    texts: int,
    keys: jax.Array | None,  # [G, R]
    sharding: NamedSharding | None,
  ) -> jax.Array:  # float32 [G, T, D]
    """The encoder and the pooling; 0 for a text that is not in the rows."""
    config = self.config
    shards, rows, length = packed.tokens.shape
    flat = inputs.Rows(
      *(jnp.reshape(field, (shards * rows, length)) for field in packed)
    )
    keys = None if keys is None else keys.reshape(-1)
    dtype = jnp.dtype(config.dtype)
    encoder = transformer.Encoder(config.encoder, dtype, config.remat)
    hidden = encoder(flat, keys, sharding).reshape(shards, rows, length, -1)
    pool = pooling.POOLINGS[config.pooling]
    return jax.vmap(lambda h, t, p: pool(h, t, p, texts))(
      hidden, jnp.asarray(packed.text), jnp.asarray(packed.position)
    )

  def _finish(
    self,
    vectors: jax.Array,  # float32 [G, T, D]
  ) -> jax.Array:  # float32 [G, T, E]
    """What follows pooling."""
    config = self.config
    if config.projection:
      vectors = _project(vectors, config.projection, config.encoder.init_range)
    vectors = vectors[..., : config.width]
    return normalise(vectors) if config.normalise else vectors


def _project(
  vectors: jax.Array,  # float32 [G, T, D]
  projection: Projection,
  init_range: float,
) -> jax.Array:  # float32 [G, T, E]
  """The map that follows pooling, in float32."""
  project = linear.Linear(
    projection.width, init_range, projection.biases, name="projection"
  )
  return ACTIVATIONS[projection.activation](project(vectors))


def tower_of(params: Params, side: str) -> Params:
  """The parameters of one tower under the names that a shared one has."""
  if not side:
    return params
  start = f"{side}/"
  return {
    name.removeprefix(start): values
    for name, values in params.items()
    if name.startswith(start)
  }


def join(towers: Mapping[str, Params]) -> Params:
  """The parameters of a model out of those of its towers, by side."""
  return {
    f"{side}/{name}" if side else name: values
    for side, params in towers.items()
    for name, values in params.items()
  }


def normalise(
  vectors: jax.Array,  # [..., E]
) -> jax.Array:  # [..., E]
  """Vectors of length 1; a vector of zeros stays one, gradient included."""
  squared = jnp.square(vectors).sum(-1, keepdims=True)
  inverse = jax.lax.rsqrt(jnp.maximum(squared, 1e-24))
  # Without the `where` a vector of zeros has a gradient 1e12 times too large.
  # Written so that a nan, which compares with nothing, stays one.
  return jnp.where(squared <= 1e-24, 0.0, vectors * inverse)


def count(params: Params) -> int:
  """How many numbers the parameters are."""
  return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
