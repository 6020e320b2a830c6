"""Losses on pairs with a score: how alike two texts are.

Similarities are cosines, whatever the model compares by.
"""

import dataclasses
import math
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from embeddings import towers
from embeddings.losses import blocks
from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import settings
from embeddings.losses import softmax

_KINDS = ("scored",)


@dataclasses.dataclass(frozen=True)
class Cosine(pairs_lib.LossFunction):
  """The squared error of the cosine (Reimers & Gurevych 2019)."""

  kinds: ClassVar[tuple[str, ...]] = _KINDS

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over its own pairs in the whole batch."""
    del learned, spread
    error = jnp.square(cosine(pairs) - pairs.score[:, 0])
    return pairs_lib.Loss.of(pairs_lib.mean(error, pairs.own))


@dataclasses.dataclass(frozen=True)
class CoSent(pairs_lib.LossFunction):
  """A pair with the higher score is to have the higher cosine (Su 2022).

  The loss is log(1 + sum of exp(scale (s_i - s_j))) over all two pairs of which
  j has the higher score. It is no average: more pairs, more to put in order.

  Attributes:
    scale: differences of similarities are multiplied by it.
  """

  kinds: ClassVar[tuple[str, ...]] = _KINDS

  scale: float = 20.0

  def __post_init__(self) -> None:
    settings.check_numbers(self, scale=(1e-6, math.inf))

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss over its own pairs in the whole batch."""
    del learned
    similar = self.scale * self.similarity(pairs)  # [B]
    one = jnp.ones_like(similar)
    about = _Scored(pairs.own, pairs.score[:, 0])
    # Products of these are the differences of all two similarities.
    found, _ = blockwise.similarities(
      softmax.Kernel(),
      _higher,
      blocks.Texts(jnp.stack([similar, one], 1), about),
      blocks.Texts(
        jnp.stack([one, -similar], 1)[None],
        jax.tree.map(lambda x: x[None], about),
      ),
      spread=spread,
    )
    value = jnp.logaddexp(jax.nn.logsumexp(found.logsumexp), 0.0)
    return pairs_lib.Loss.of(value)

  def similarity(self, pairs: pairs_lib.Pairs) -> jax.Array:  # [B]
    """By what two texts are alike."""
    return cosine(pairs)


@dataclasses.dataclass(frozen=True)
class Angle(CoSent):
  """CoSENT by the angle of complex numbers (Li & Li 2024, arXiv 2309.12871).

  The halves of a vector are real and imaginary parts.
  """

  def similarity(self, pairs: pairs_lib.Pairs) -> jax.Array:  # [B]
    """The absolute sum of the real and imaginary part of the product."""
    first, second = towers.normalise(pairs.vectors[:2])  # [B, E]
    if first.shape[-1] % 2:  # The middle one has no partner.
      first, second = (
        jnp.pad(x, [(0, 0), (0, 1)]) for x in (first, second)
      )  # fmt: skip
    real, imaginary = jnp.split(first, 2, -1)
    other_real, other_imaginary = jnp.split(second, 2, -1)
    sine = (imaginary * other_real - real * other_imaginary).sum(-1)
    return jnp.abs((first * second).sum(-1) + sine)


class _Scored(NamedTuple):
  """What is known of N scored pairs."""

  own: jax.Array  # bool [N]
  score: jax.Array  # [N]


def _higher(row: _Scored, column: _Scored, _: jax.Array) -> blocks.Related:
  """Which columns have a higher score than the row."""
  higher = row.score[:, None] < column.score[None]
  counts = higher & row.own[:, None] & column.own[None]
  return blocks.Related(counts, counts)


def cosine(pairs: pairs_lib.Pairs) -> jax.Array:  # [B]
  """The cosine of each query and its document."""
  first, second = towers.normalise(pairs.vectors[:2])
  return (first * second).sum(-1)
