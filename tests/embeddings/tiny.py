"""A model that compiles in a second, and batches of the tests' own pairs."""

import functools
from typing import Any

import haiku as hk
import jax
from jax.sharding import Mesh
import jax.numpy as jnp
import numpy as np

from data import assemble
from data import batch as batch_lib
from data import layout as layout_lib
from data import packing
from data import tokenised
from data import tokens
from embeddings import objective as objective_lib
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import transformer
from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import terms


def encoder_config(**changes: Any) -> config_lib.EncoderConfig:
  """A small BERT; its weights are large, so that attention attends."""
  return config_lib.EncoderConfig(
    vocab_size=400,
    width=16,
    layers=2,
    heads=2,
    mlp_width=32,
    max_positions=64,
    init_range=0.3,
  ).replace(**changes)


def model(**changes: Any) -> towers.Model:
  """A model with that encoder; `changes` are the encoder's."""
  return towers.Model(towers.ModelConfig(encoder_config(**changes)))


_model = model  # where an argument has its name


@functools.cache
def _init() -> Any:
  """Makes the first parameters of `model()`."""
  return jax.jit(model().init)


@functools.cache
def params(seed: int = 0) -> towers.Params:
  """The first parameters of `model()`."""
  return _init()(jax.random.key(seed))


def objective(
  model: towers.Model | None = None,
  loss: Any = None,
  mesh: Mesh | None = None,
  **changes: Any,
) -> objective_lib.Objective:
  """One loss of a model, InfoNCE and `model()` where none are given."""
  return objective_lib.Objective(
    model or _model(),
    (terms.Term("in_batch", loss or contrastive.InBatch()),),
    spread=blockwise.Spread(mesh),
    **changes,
  )


def noisy(params: towers.Params, seed: int = 0) -> towers.Params:
  """Parameters none of which is 0 or 1 any more, so that each has its part."""
  random = np.random.default_rng(seed)
  return jax.tree.map(
    lambda x: np.asarray(x) + 0.1 * random.normal(size=x.shape).astype("f"),
    params,
  )


@functools.partial(jax.jit, static_argnames=("config", "dtype"))
def hidden(
  config: config_lib.EncoderConfig,
  params: towers.Params,
  rows: inputs.Rows,
  keys: jax.Array | None = None,
  dtype: str = "float32",
) -> jax.Array:
  """An encoder's hidden states, as a function of parameters and rows."""

  def run(rows, keys):
    return transformer.Encoder(config, jnp.dtype(dtype))(rows, keys)

  transformed = hk.without_apply_rng(hk.transform(run))
  return transformed.apply(params, rows, keys)


def pack(texts: list[np.ndarray], length: int) -> batch_lib.Packed:
  """Texts side by side in as few rows as they need, [R, L]."""
  lengths = np.array([len(text) for text in texts])
  row, offset, rows = packing.best_fit(lengths, length)
  numbers = np.arange(len(texts))
  return packing.fill(
    np.concatenate(texts), lengths, numbers, row, offset, shape=(rows, length)
  )


def pad(texts: list[np.ndarray], length: int) -> batch_lib.Packed:
  """One text a row, [T, L]."""
  lengths = np.array([len(text) for text in texts])
  numbers = np.arange(len(texts))
  shape = (len(texts), length)
  return packing.fill(
    np.concatenate(texts), lengths, numbers, numbers, 0 * numbers, shape=shape
  )


def batch(
  texts: list[list[str]], tokenizer: tokens.Tokenizer, layout: layout_lib.Layout
) -> batch_lib.Batch:
  """The batch of these texts: B lists of query, document and negatives."""
  score = np.zeros((len(texts), layout.columns - 1), np.float32)
  data_set = np.zeros(len(texts), np.int32)
  counts = np.array([[len(pair)] for pair in texts])
  there = np.arange(layout.columns) < counts
  flat = [text for pair in texts for text in pair]
  cut = tokenised.tokenise(texts, flat, score, tokenizer, there)
  return assemble.assemble(cut, data_set, layout)
