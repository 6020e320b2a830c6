"""Losses that make a model do as a teacher does.

A teacher is known by its scores in the data, or by its vectors of the batch's
texts, which were computed beforehand or are computed in the step.
"""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import settings
from embeddings.losses import softmax

TEACHERS = ("scores", "vectors")


@dataclasses.dataclass(frozen=True)
class MarginMse(pairs_lib.LossFunction):
  """The squared error of s(query, document) - s(query, negative).

  Hofstaetter et al. 2020, arXiv 2010.02666. Averaged over all negatives that
  there are; `s` is the dot product of vectors as the model compares them.

  Attributes:
    teacher: "scores" of the data, or its "vectors".
  """

  kinds: ClassVar[tuple[str, ...]] = ("triplets", "scored_triplets")

  teacher: str = "scores"

  def __post_init__(self) -> None:
    settings.check_choices(self, teacher=TEACHERS)

  @property
  def of_teacher(self) -> str:
    """What it wants of a teacher."""
    return self.teacher

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over the negatives of its own pairs."""
    del learned, spread
    student, teacher = _scores(pairs.vectors), _teacher(pairs, self.teacher)
    error = (student[0] - student[1:]) - (teacher[0] - teacher[1:])  # [M, B]
    counts = pairs.present[2:] & pairs.own
    return pairs_lib.Loss(
      pairs_lib.mean(jnp.square(error), counts),
      pairs_lib.mean((student[0] >= student[1:]).astype(jnp.float32), counts),
    )


@dataclasses.dataclass(frozen=True)
class Divergence(pairs_lib.LossFunction):
  """How far a query's softmax over its texts is from the teacher's (KL).

  Over the document and the negatives that there are (Lin et al. 2020,
  arXiv 2010.11386), times the squared temperature (Hinton et al. 2015).

  Attributes:
    teacher: "scores" of the data, or its "vectors".
    temperature: scores are divided by it.
    teacher_temperature: the teacher's scores are divided by it; 0 for the same.
  """

  kinds: ClassVar[tuple[str, ...]] = ("triplets", "scored_triplets")

  teacher: str = "scores"
  temperature: float = 1.0
  teacher_temperature: float = 0.0

  def __post_init__(self) -> None:
    settings.check_choices(self, teacher=TEACHERS)
    settings.check_numbers(
      self, temperature=(1e-6, math.inf), teacher_temperature=(0, math.inf)
    )

  @property
  def of_teacher(self) -> str:
    """What it wants of a teacher."""
    return self.teacher

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over its own pairs."""
    del learned, spread
    there = pairs.present[1:]  # [1 + M, B]

    def log_softmax(scores: jax.Array, temperature: float) -> jax.Array:
      scores = jnp.where(there, scores / temperature, softmax.NEVER)
      return jax.nn.log_softmax(scores, axis=0)

    scores = _scores(pairs.vectors)
    student = log_softmax(scores, self.temperature)
    teacher = log_softmax(
      _teacher(pairs, self.teacher),
      self.teacher_temperature or self.temperature,
    )
    apart = jnp.where(there, jnp.exp(teacher) * (teacher - student), 0).sum(0)
    first = scores[0] >= jnp.where(there, scores, softmax.NEVER).max(0)
    return pairs_lib.Loss(
      self.temperature**2 * pairs_lib.mean(apart, pairs.own),
      pairs_lib.mean(first.astype(jnp.float32), pairs.own),
    )


@dataclasses.dataclass(frozen=True)
class VectorMse(pairs_lib.LossFunction):
  """Query and document are both to have the teacher's vector of the query.

  With a text and its translation the model learns the teacher's space for
  another language (Reimers & Gurevych 2020, arXiv 2004.09813).
  """

  kinds: ClassVar[tuple[str, ...]] = ("pairs", "scored", "texts", "grouped")
  vectors: ClassVar[str] = "raw"

  @property
  def of_teacher(self) -> str:
    """What it wants of a teacher."""
    return "vectors"

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over the texts of its own pairs, and over numbers."""
    del learned, spread
    error = jnp.square(pairs.vectors[:2] - pairs.target[0]).mean(-1)  # [2, B]
    return pairs_lib.Loss.of(pairs_lib.mean(error.mean(0), pairs.own))


def _scores(
  vectors: jax.Array,  # [2 + M, B, E]
) -> jax.Array:  # [1 + M, B]
  """The dot products of queries with their documents and negatives."""
  return (vectors[0] * vectors[1:]).sum(-1)


def _teacher(pairs: pairs_lib.Pairs, teacher: str) -> jax.Array:  # [1 + M, B]
  """The same scores as a teacher gives them."""
  return pairs.score.T if teacher == "scores" else _scores(pairs.target)
