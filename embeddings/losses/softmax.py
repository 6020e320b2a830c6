"""What a softmax over similarities needs of them, summed up block by block."""

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

NEVER = -1e30  # a similarity whose exponential is 0


class Sums(NamedTuple):
  """What is known of each of N rows after some columns."""

  largest: jax.Array  # [N], of the scores that count; NEVER if none does
  weight: jax.Array  # [N], of exp(score - largest)
  # Zeros unless the kernel has `totals`.
  total: jax.Array  # [N], of all that count
  count: jax.Array  # [N], how many count
  # Zeros unless the kernel has `positives`.
  positive: jax.Array  # [N], of the positive ones
  positives: jax.Array  # [N], how many are positive


class Softmax(NamedTuple):
  """What is known of each of N rows after all columns; see `Sums`."""

  logsumexp: jax.Array  # [N], NEVER if no score counts
  largest: jax.Array
  total: jax.Array
  count: jax.Array
  positive: jax.Array
  positives: jax.Array


@dataclasses.dataclass(frozen=True)
class Kernel:
  """The log-sum-exp of scores, carried along (Milakov & Gimelshein 2018).

  Attributes:
    totals: whether to sum up all scores as well, for label smoothing.
    positives: whether to sum up the positive ones.
  """

  totals: bool = False
  positives: bool = False

  def start(self, count: int) -> Sums:
    """See blocks.Kernel."""
    none = jnp.zeros(count)
    return Sums(none + NEVER, *[none] * 5)

  def add(
    self,
    sums: Sums,
    scores: jax.Array,
    counts: jax.Array,
    positive: jax.Array | None,
    axis: int,
  ) -> Sums:
    """See blocks.Kernel."""
    masked = jnp.where(counts, scores, NEVER)
    largest = jnp.maximum(sums.largest, masked.max(axis))
    # Where nothing counts, `largest` is NEVER too and the difference 0.
    new = jnp.exp(masked - jnp.expand_dims(largest, axis))
    weight = jnp.where(counts, new, 0).sum(axis)
    weight += sums.weight * jnp.exp(sums.largest - largest)
    sums = sums._replace(largest=largest, weight=weight)
    if self.totals:
      sums = sums._replace(
        total=sums.total + jnp.where(counts, scores, 0).sum(axis),
        count=sums.count + counts.astype(jnp.float32).sum(axis),
      )
    if self.positives and positive is not None:
      sums = sums._replace(
        positive=sums.positive + jnp.where(positive, scores, 0).sum(axis),
        positives=sums.positives + positive.astype(jnp.float32).sum(axis),
      )
    return sums

  def join(self, sums: Sums, axes: tuple[str, ...]) -> Sums:
    """See blocks.Kernel."""
    largest = jax.lax.pmax(sums.largest, axes)
    weight = sums.weight * jnp.exp(sums.largest - largest)
    rest = jax.lax.psum((weight, *sums[2:]), axes)
    return Sums(largest, *rest)

  def finish(self, sums: Sums) -> Softmax:
    """See blocks.Kernel."""
    some = sums.weight != 0  # A nan is some too, and is not hidden.
    log = sums.largest + jnp.log(jnp.where(some, sums.weight, 1))
    return Softmax(jnp.where(some, log, NEVER), sums.largest, *sums[2:])

  def slope(
    self,
    found: Softmax,
    cotangent: Softmax,
    scores: jax.Array,
    counts: jax.Array,
    positive: jax.Array | None,
    axis: int,
  ) -> jax.Array:
    """See blocks.Kernel; `largest` and the counts have no gradient."""
    along = functools.partial(jnp.expand_dims, axis=axis)
    share = jnp.exp(scores - along(found.logsumexp))
    slope = share * along(cotangent.logsumexp)
    if self.totals:
      slope += along(cotangent.total)
    slope = jnp.where(counts, slope, 0)
    if self.positives and positive is not None:
      slope += jnp.where(positive, along(cotangent.positive), 0)
    return slope


def of(
  scores: jax.Array,  # [N]
) -> Softmax:
  """Of each row over one column, which is positive."""
  one = jnp.ones_like(scores)
  return Softmax(scores, scores, scores, one, scores, one)


def joined(some: list[Softmax]) -> Softmax:
  """Of each row over the columns of all of them."""
  first, *others = some
  for other in others:
    first = Softmax(
      jnp.logaddexp(first.logsumexp, other.logsumexp),
      jnp.maximum(first.largest, other.largest),
      *(one + two for one, two in zip(first[2:], other[2:], strict=True)),
    )
  return first
