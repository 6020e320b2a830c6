"""What a run minimises: the losses of a batch as a function of parameters."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from data import batch as batch_lib
from embeddings import towers
from embeddings.losses import blockwise
from embeddings.losses import pairs
from embeddings.losses import terms as terms_lib


@dataclasses.dataclass(frozen=True)
class Objective:
  """The model and what it is to learn.

  Attributes:
    model: what is trained.
    terms: the losses.
    teacher: a model that embeds the same texts in the same step, if any; it
      reads the same tokens.
    spread: over which devices similarities are spread.
    chunk_rows: rows of a shard that are encoded at a time, 0 for all.
    freeze: stops the gradient by parameters that do not move.
  """

  model: towers.Model
  terms: tuple[terms_lib.Term, ...]
  teacher: towers.Model | None = None
  spread: blockwise.Spread = blockwise.ONE_DEVICE
  chunk_rows: int = 0
  freeze: Callable[[towers.Params], towers.Params] = lambda params: params

  def __call__(
    self,
    params: towers.Params,
    batch: batch_lib.Batch,
    key: jax.Array | None = None,
    teacher: towers.Params | None = None,
  ) -> terms_lib.Total:
    """The losses of a whole batch.

    Args:
      params: of the model, and what the losses learn.
      batch: the global batch.
      key: of this step's dropout, or None for none.
      teacher: its parameters.
    """
    params = self.freeze(params)
    vectors = vectors_of(self.model, params, batch, key, self.chunk_rows)
    target = None
    if self.teacher is not None:
      assert teacher is not None, "a teacher without parameters"
      target = jax.lax.stop_gradient(
        vectors_of(self.teacher, teacher, batch, None, self.chunk_rows)
      )
    return terms_lib.total(
      self.terms,
      pairs.pairs_of(vectors, batch, target),
      jnp.asarray(batch.objective).reshape(-1),
      params,
      similarity=self.model.config.similarity,
      spread=self.spread,
    )

  def replace(self, **changes: object) -> "Objective":
    """The same but for `changes`."""
    return dataclasses.replace(self, **changes)


def vectors_of(
  model: towers.Model,
  params: towers.Params,
  batch: batch_lib.Batch,
  key: jax.Array | None,
  chunk_rows: int = 0,
) -> jax.Array:  # float32 [G, T, E]
  """The vectors of all texts of a batch, each by the tower of its side."""
  texts = batch.present.shape[1]
  if len(batch.sides) == 1:
    (packed,) = batch.sides
    return model.embed(params, packed, texts, key, chunk_rows=chunk_rows)
  # Queries come first among a shard's texts, one a pair.
  queries = batch.dataset.shape[1]
  keys = (None, None) if key is None else jax.random.split(key)
  query, document = (
    model.embed(params, packed, texts, key, side, chunk_rows)
    for packed, key, side in zip(batch.sides, keys, towers.SIDES, strict=True)
  )
  return jnp.concatenate([query[:, :queries], document[:, queries:]], 1)
