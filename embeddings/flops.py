"""Floating-point operations that a training step needs, by formula.

What model FLOPs utilisation is made of (PaLM: Chowdhery et al. 2022, appendix
B, arXiv 2204.02311): a multiplication and an addition are two, products of
matrices alone count, and the backward pass is two forward ones. Only real
tokens count: what padding costs, and what is computed again to save memory
(remat, chunks, blocks of similarities), is not needed. Frozen parameters are
counted as if they moved.
"""

import jax
import jax.numpy as jnp

from data import batch as batch_lib
from embeddings import objective as objective_lib
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.losses import contrastive
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import sigmoid


def of_step(
  objective: objective_lib.Objective, batch: batch_lib.Batch
) -> jax.Array:  # float32 []
  """What one step needs, forward and backward; a teacher, forward.

  Args:
    objective: what is minimised.
    batch: the global batch.

  Returns:
    Floating-point operations, of all devices together.
  """
  found = 3 * (
    of_texts(objective.model.config, batch) + _of_losses(objective, batch)
  )
  if objective.teacher is not None:
    found += of_texts(objective.teacher.config, batch)
  return found


def of_texts(
  model: towers.ModelConfig, batch: batch_lib.Batch
) -> jax.Array:  # float32 []
  """What the vectors of a batch's texts need, forward."""
  encoder = model.encoder
  found = jnp.zeros(())
  for side in batch.sides:
    found += a_token(encoder) * _count(jnp.asarray(side.text) >= 0)
    found += 4 * encoder.width * _seen(encoder, side)
  if model.projection:
    a_text = 2 * encoder.width * model.projection.width
    found += a_text * _count(jnp.asarray(batch.present))
  return found


def a_token(encoder: config_lib.EncoderConfig) -> int:
  """What one token needs, forward, but for the products of attention.

  >>> a_token(config_lib.EncoderConfig())  # MiniLM-L6: 2 x 10.6 million weights
  21233664
  """
  maps = 3 if encoder.gated else 2
  block = 4 * encoder.width**2 + maps * encoder.width * encoder.mlp_width
  enter = encoder.input_width * encoder.width
  return 2 * (encoder.layers * block + enter)


def _seen(
  encoder: config_lib.EncoderConfig, side: batch_lib.Packed
) -> jax.Array:  # float32 []
  """How many tokens all tokens see, in all layers together.

  A text of n tokens has n^2, the sum of 2 p + 1 over its positions p; within a
  window of w to each side, the sum of 2 min(p, w) + 1.
  """
  text, position = jnp.asarray(side.text), jnp.asarray(side.position)
  whole = -(-encoder.layers // encoder.global_every)  # layers

  def of(position: jax.Array) -> jax.Array:  # int32 [G, R, L]
    by_row = jnp.where(text >= 0, 2 * position + 1, 0).sum(-1)
    return by_row.sum(dtype=jnp.float32)  # 2^31 may not suffice

  found = whole * of(position)
  if whole < encoder.layers:
    near = jnp.minimum(position, encoder.local_attention // 2)
    found += (encoder.layers - whole) * of(near)
  return found


def _of_losses(
  objective: objective_lib.Objective, batch: batch_lib.Batch
) -> jax.Array:  # float32 []
  """What the similarities of pairs with all texts of the batch need, forward.

  Of the pairs that a loss is of; losses that compare a pair's own texts alone
  need next to nothing.
  """
  model = objective.model.config
  shards, pairs = batch.dataset.shape
  present = jnp.asarray(batch.present).reshape(shards, -1, pairs)
  there = present.sum((0, 2), dtype=jnp.float32)  # [2 + M]
  found = jnp.zeros(())
  for term in objective.terms:
    own = jnp.isin(jnp.asarray(batch.objective), jnp.array(term.objectives))
    products = _count(own) * _compared(term.loss, there)
    found += 2 * sum(term.widths or (model.width,)) * products
  return found


def _compared(
  loss: pairs_lib.LossFunction,
  there: jax.Array,  # [2 + M], texts of each column
) -> jax.Array:  # []
  """With how many vectors those of a pair are multiplied."""
  if isinstance(loss, sigmoid.Sigmoid):
    return there[1]
  if not isinstance(loss, contrastive.InBatch):
    return jnp.zeros(())
  documents = there[1:].sum()
  along = "queries" in loss.contrast, "documents" in loss.contrast
  return documents + along[0] * there[0] + along[1] * documents


def _count(
  which: jax.Array,  # bool [...]
) -> jax.Array:  # float32 []
  """How many are true."""
  return which.sum().astype(jnp.float32)
