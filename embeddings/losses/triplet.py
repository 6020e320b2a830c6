"""The triplet loss: a negative is to be further away by a margin."""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from embeddings import towers
from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import settings


def cosine(
  one: jax.Array,  # [..., E]
  other: jax.Array,  # [..., E]
) -> jax.Array:  # [...]
  """1 less the cosine."""
  return 1 - (towers.normalise(one) * towers.normalise(other)).sum(-1)


def euclidean(
  one: jax.Array,  # [..., E]
  other: jax.Array,  # [..., E]
) -> jax.Array:  # [...]
  """The distance; between equal vectors it is 0 and has no gradient."""
  squared = jnp.square(one - other).sum(-1)
  apart = squared != 0  # A nan is, and is not hidden.
  return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1)), 0)


DISTANCES = {"euclidean": euclidean, "cosine": cosine}


@dataclasses.dataclass(frozen=True)
class Triplet(pairs_lib.LossFunction):
  """max(0, d(query, document) - d(query, negative) + margin), averaged.

  The average is over all negatives that there are (Schroff et al. 2015,
  arXiv 1503.03832; Reimers & Gurevych 2019, arXiv 1908.10084).

  Attributes:
    margin: by how much a negative is to be further away.
    distance: a key of DISTANCES, between vectors as the model compares them.
  """

  kinds: ClassVar[tuple[str, ...]] = ("triplets", "scored_triplets")

  margin: float = 5.0
  distance: str = "euclidean"

  def __post_init__(self) -> None:
    settings.check_choices(self, distance=tuple(DISTANCES))
    settings.check_numbers(self, margin=(0, math.inf))

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over the negatives of its own pairs."""
    del learned, spread
    distance = DISTANCES[self.distance]
    query, document, negatives = (
      pairs.vectors[0],
      pairs.vectors[1],
      pairs.vectors[2:],
    )
    near, far = distance(query, document), distance(query, negatives)  # [M, B]
    counts = pairs.present[2:] & pairs.own
    values = jax.nn.relu(near - far + self.margin)
    return pairs_lib.Loss(
      pairs_lib.mean(values, counts),
      pairs_lib.mean((near <= far).astype(jnp.float32), counts),
    )
