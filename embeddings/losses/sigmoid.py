"""The sigmoid loss: each query and document are a pair or they are not.

SigLIP (Zhai et al. 2023, arXiv 2303.15343), block by block as the softmax is.
Equal texts are neither, and are left out.
"""

import dataclasses
import math
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from embeddings.losses import blocks
from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import relation as relation_lib
from embeddings.losses import settings
from embeddings.losses import softmax


class Sums(NamedTuple):
  """What is known of each of N rows after some columns."""

  value: jax.Array  # [N], of softplus(score)
  largest: jax.Array  # [N], of the scores that count


@dataclasses.dataclass(frozen=True)
class Kernel:
  """Sums of softplus(score) over those that count: none is a pair."""

  def start(self, count: int) -> Sums:
    """See blocks.Kernel."""
    return Sums(jnp.zeros(count), jnp.full(count, softmax.NEVER))

  def add(
    self,
    sums: Sums,
    scores: jax.Array,
    counts: jax.Array,
    positive: jax.Array | None,
    axis: int,
  ) -> Sums:
    """See blocks.Kernel."""
    del positive
    new = jnp.where(counts, jax.nn.softplus(scores), 0).sum(axis)
    largest = jnp.where(counts, scores, softmax.NEVER).max(axis)
    return Sums(sums.value + new, jnp.maximum(sums.largest, largest))

  def join(self, sums: Sums, axes: tuple[str, ...]) -> Sums:
    """See blocks.Kernel."""
    return Sums(
      jax.lax.psum(sums.value, axes), jax.lax.pmax(sums.largest, axes)
    )

  def finish(self, sums: Sums) -> Sums:
    """See blocks.Kernel."""
    return sums

  def slope(
    self,
    found: Sums,
    cotangent: Sums,
    scores: jax.Array,
    counts: jax.Array,
    positive: jax.Array | None,
    axis: int,
  ) -> jax.Array:
    """See blocks.Kernel; `largest` has no gradient."""
    del found, positive
    slope = jax.nn.sigmoid(scores) * jnp.expand_dims(cotangent.value, axis)
    return jnp.where(counts, slope, 0)


@dataclasses.dataclass(frozen=True)
class Sigmoid(pairs_lib.LossFunction):
  """Logistic regression of which query and document belong together.

  Attributes:
    scale: similarities are multiplied by it.
    max_scale: 0 for a fixed scale and bias; else both are learned, and the
      scale goes up to this.
    bias: is added.
    negatives_from: "batch", or "dataset" for texts of the pair's data set.
  """

  kinds: ClassVar[tuple[str, ...]] = ("pairs", "texts")

  scale: float = 10.0
  max_scale: float = 100.0
  bias: float = -10.0
  negatives_from: str = "batch"

  def __post_init__(self) -> None:
    settings.check_choices(self, negatives_from=relation_lib.NEGATIVES_FROM)
    settings.check_numbers(
      self,
      scale=(1e-6, math.inf),
      max_scale=(0, math.inf),
      bias=(-math.inf, math.inf),
    )
    settings.check_scale(self.scale, self.max_scale)

  def learned(self) -> dict[str, float]:
    """The numbers that it learns."""
    if not self.max_scale:
      return {}
    return {"log_scale": math.log(self.scale), "bias": self.bias}

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over its own pairs in the whole batch."""
    scale = jnp.exp(learned["log_scale"]) if self.max_scale else self.scale
    bias = learned["bias"] if self.max_scale else self.bias
    queries, documents = scale * pairs.vectors[0], pairs.vectors[1]  # [B, E]
    count = len(queries)
    # The bias is one more number of each vector, so that it has a gradient.
    ones = jnp.ones((count, 1))
    query, document = relation_lib.of(pairs)[:2]
    relation = relation_lib.Relation(negatives_from=self.negatives_from)
    others, _ = blockwise.similarities(
      Kernel(),
      relation,
      blocks.Texts(
        jnp.concatenate([queries, bias * ones], 1),
        query,
      ),
      blocks.Texts(
        jnp.concatenate([documents, ones], 1)[None],
        jax.tree.map(lambda x: x[None], document),
      ),
      spread=spread,
    )
    chosen = (queries * documents).sum(-1) + bias  # [B]
    values = jax.nn.softplus(-chosen) + others.value
    first = chosen >= others.largest
    return pairs_lib.Loss(
      pairs_lib.mean(values, pairs.own),
      pairs_lib.mean(first.astype(jnp.float32), pairs.own),
    )
