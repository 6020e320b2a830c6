"""Which texts of a batch are negatives of which: false ones are left out."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from embeddings.losses import blocks
from embeddings.losses import pairs as pairs_lib

NEGATIVES_FROM = ("batch", "dataset")
POSITIVES = ("own", "group")


class About(NamedTuple):
  """What is known of N texts of one kind, rows or columns.

  Texts and groups have numbers in place of hashes: equal ones the same. One
  comparison of those takes a sixth of the time of one of hashes, and there are
  several for each similarity.
  """

  pair: jax.Array  # int32 [N], the pair that it belongs to
  there: jax.Array  # bool [N]
  text: jax.Array  # int32 [N], its number
  partner: jax.Array  # int32 [N], that of its query or document
  dataset: jax.Array  # int32 [N]
  group: jax.Array  # int32 [N], of its pair; one of its own if it has none
  threshold: jax.Array | None = None  # [N], see `Relation.filtered`
  guide: jax.Array | None = None  # [N, V], a guide's vectors, of length 1


@dataclasses.dataclass(frozen=True)
class Relation:
  """Which columns are negatives of a row; its own partner is none.

  A text that is equal to one of the row's pair is no negative of it, nor is a
  partner of a text that is equal to the row (d_j = d_i, q_j = q_i or d_j = q_i
  for j != i), nor a text of the row's group.

  Attributes:
    along: whether rows and columns are of one side, queries and queries, and
      not queries and documents.
    hard: whether columns are hard negatives, which have no partner; those of
      the row's own pair count unless `along`.
    negatives_from: "batch", or "dataset" for texts of the row's data set alone.
    positives: "own", or "group" where partners of the row's group count and
      are positive.
    filtered: whether a text counts only up to a threshold of its row, by the
      scores themselves or, where there are such, by a guide's vectors
      (GISTEmbed: Solatorio 2024, arXiv 2402.16829).
  """

  along: bool = False
  hard: bool = False
  negatives_from: str = "batch"
  positives: str = "own"
  filtered: bool = False

  def __call__(
    self,
    row: About,  # [N]
    column: About,  # [K]
    scores: jax.Array,  # [N, K]
  ) -> blocks.Related:
    """Which similarities count; see blocks.Relation."""
    same = equal(row.text, column.text) | equal(row.partner, column.text)
    out, mates = same, None
    if not self.hard:
      same_side = row.partner if self.along else row.text
      mates = equal(row.group, column.group)
      out = same | equal(same_side, column.partner) | mates
    elif self.along:
      out = same | equal(row.pair, column.pair)
    there = jnp.broadcast_to(column.there[None], out.shape)
    if self.negatives_from == "dataset":
      there &= equal(row.dataset, column.dataset)
    rows = columns = there & ~out
    if self.filtered:
      near = scores if row.guide is None else self._guided(row, column)
      assert row.threshold is not None and column.threshold is not None
      # Written so that a nan, which compares with nothing, is not left out.
      rows &= ~(near > row.threshold[:, None])
      columns &= ~(near > column.threshold[None])
    if self.positives == "own" or self.along or mates is None:
      return blocks.Related(rows, columns)
    positive = there & mates & ~same
    return blocks.Related(rows | positive, columns | positive, positive)

  def _guided(self, row: About, column: About) -> jax.Array:  # [N, K]
    """The scores that a guide gives."""
    assert row.guide is not None and column.guide is not None
    return jnp.matmul(row.guide, column.guide.T, precision=blocks.FLOAT32)


def of(pairs: pairs_lib.Pairs) -> list[About]:
  """What is known of each column of a batch; the filter aside."""
  columns, count = pairs.present.shape
  pair = jnp.arange(count)
  numbers = _numbers(pairs.identity.reshape(-1, 2)).reshape(columns, count)
  groups = jnp.where(
    (pairs.group != 0).any(-1), _numbers(pairs.group), -1 - pair
  )
  return [
    About(
      pair=pair,
      there=pairs.present[column],
      text=numbers[column],
      partner=numbers[1 if column == 0 else 0],
      dataset=pairs.dataset,
      group=groups,
    )
    for column in range(columns)
  ]


def equal(
  left: jax.Array,  # [N]
  right: jax.Array,  # [K]
) -> jax.Array:  # bool [N, K]
  """Which numbers are the same."""
  return left[:, None] == right[None]


def _numbers(
  hashes: jax.Array,  # uint32 [N, 2]
) -> jax.Array:  # int32 [N]
  """Numbers from 0, the same for equal hashes alone."""
  order = jnp.lexsort(hashes.T)
  sorted_hashes = hashes[order]
  new = (sorted_hashes[1:] != sorted_hashes[:-1]).any(-1)
  ranks = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(new)])
  return jnp.zeros(len(hashes), jnp.int32).at[order].set(ranks)
