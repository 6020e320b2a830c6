"""What every loss takes and gives."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import jax
from jax.typing import ArrayLike
import jax.numpy as jnp

from data import batch as batch_lib
from embeddings.losses import blockwise

Learned = Mapping[str, jax.Array]  # by name, numbers []


class Pairs(NamedTuple):
  """The texts of a global batch, column by column.

  Column 0 is the queries, 1 the documents, 2 and on the hard negatives.
  """

  vectors: jax.Array  # float32 [2 + M, B, E]
  identity: jax.Array  # uint32 [2 + M, B, 2]
  present: jax.Array  # bool [2 + M, B]
  score: jax.Array  # float32 [B, 1 + M]
  dataset: jax.Array  # int32 [B]
  group: jax.Array  # uint32 [B, 2], zeros for none
  target: jax.Array  # float32 [2 + M, B, V], a teacher's; zeros for none
  own: jax.Array  # bool [B], those that the loss is averaged over


class Loss(NamedTuple):
  """A loss and what is worth reporting beside it."""

  value: jax.Array  # []
  accuracy: jax.Array  # [], share of queries whose document comes first

  @classmethod
  def of(cls, value: jax.Array) -> "Loss":
    """A loss that has no accuracy: nan."""
    return cls(value, jnp.full((), jnp.nan))


class LossFunction:
  """A loss: losses are frozen dataclasses of their settings.

  Attributes:
    kinds: of the data sets that it can learn from.
    vectors: "compared", vectors, a teacher's too, whose dot product is the
      model's similarity; or "raw", as they come.
  """

  kinds: ClassVar[tuple[str, ...]]
  vectors: ClassVar[str] = "compared"

  @property
  def of_teacher(self) -> str:
    """What it wants of a teacher: "", "scores" or "vectors"."""
    return ""

  def learned(self) -> dict[str, float]:
    """The numbers that it learns, as they begin."""
    return {}

  def __call__(
    self, pairs: Pairs, learned: Learned, spread: blockwise.Spread
  ) -> Loss:
    """The loss, averaged over its own pairs in the whole batch.

    Args:
      pairs: of the whole batch.
      learned: what `learned` names, as it is now.
      spread: over which devices similarities are spread.
    """
    raise NotImplementedError


def pairs_of(
  vectors: jax.Array,  # [G, T, E]
  batch: batch_lib.Batch,
  target: jax.Array | None = None,  # [G, T, V]; the batch's own if None
) -> Pairs:
  """The texts of all shards side by side; all pairs are own."""
  shards, pairs = batch.dataset.shape
  columns = vectors.shape[1] // pairs

  def by_column(values: jax.Array) -> jax.Array:  # [2 + M, B, ...]
    rest = values.shape[2:]
    values = values.reshape(shards, columns, pairs, *rest).swapaxes(0, 1)
    return values.reshape(columns, shards * pairs, *rest)

  def by_pair(values: ArrayLike) -> jax.Array:  # [B, ...]
    values = jnp.asarray(values)
    return values.reshape(shards * pairs, *values.shape[2:])

  return Pairs(
    vectors=by_column(vectors),
    identity=by_column(jnp.asarray(batch.identity)),
    present=by_column(jnp.asarray(batch.present)),
    score=by_pair(batch.score),
    dataset=by_pair(batch.dataset),
    group=by_pair(batch.group),
    target=by_column(jnp.asarray(batch.target if target is None else target)),
    own=jnp.ones(shards * pairs, bool),
  )


def mean(
  values: jax.Array,  # [B, ...]
  counts: jax.Array,  # bool [B, ...]
) -> jax.Array:  # []
  """The mean of the values that count; 0 if none does."""
  return jnp.where(counts, values, 0).sum() / jnp.maximum(counts.sum(), 1)
