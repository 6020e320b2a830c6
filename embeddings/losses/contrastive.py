"""In-batch contrastive learning, exact over the global batch.

Each query is to find its document among all documents of the batch, hard
negatives included (InfoNCE: van den Oord et al. 2018, arXiv 1807.03748;
MultipleNegativesRankingLoss: Henderson et al. 2017, arXiv 1705.00652). Texts
that are equal are known by their hash and never count as negatives. The matrix
of similarities is never there at once; see blockwise.py.
"""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from embeddings import towers
from embeddings.losses import blocks
from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import relation as relation_lib
from embeddings.losses import settings
from embeddings.losses import softmax

PARTITIONS = ("directions", "joint")
CONTRASTS = ("", "queries", "documents", "queries,documents")
FILTERS = ("", "absolute", "relative")
GUIDES = ("model", "teacher")


@dataclasses.dataclass(frozen=True)
class InBatch(pairs_lib.LossFunction):
  """Cross entropy of each pair over the texts of the batch.

  Attributes:
    scale: similarities are multiplied by it (the inverse temperature).
    max_scale: 0 for a fixed scale; else it is learned, from `scale` on and up
      to this (CLIP: Radford et al. 2021, arXiv 2103.00020).
    symmetric: whether each document is to find its query as well.
    contrast: "queries" for queries that are negatives of each other as well,
      "documents" for documents, or both with a comma (Li et al. 2023, GTE,
      arXiv 2308.03281); both are among what the query is to pass by.
    partition: "directions", a softmax for each direction, averaged; or "joint",
      one softmax over all that a pair has to pass by, in which the pair itself
      is once for each direction (GTE).
    label_smoothing: share of the target that all candidates have alike.
    positives: "own", or "group": all documents of a query's group are to be
      found, each with the same share of the target (Khosla et al. 2020, L_out,
      arXiv 2004.11362).
    negatives_from: "batch", or "dataset" for texts of the pair's data set.
    filter: negatives nearer to a query or document than its own partner less a
      margin are left out: "absolute", or "relative" to the partner's
      similarity; "" for none.
    filter_margin: that margin.
    guide: by whose similarities, the "model"'s or a "teacher"'s (GISTEmbed:
      Solatorio 2024, arXiv 2402.16829).
  """

  kinds: ClassVar[tuple[str, ...]] = (
    "pairs",
    "triplets",
    "texts",
    "grouped",
    "scored_triplets",
  )

  scale: float = 20.0
  max_scale: float = 0.0
  symmetric: bool = True
  contrast: str = ""
  partition: str = "directions"
  label_smoothing: float = 0.0
  positives: str = "own"
  negatives_from: str = "batch"
  filter: str = ""
  filter_margin: float = 0.0
  guide: str = "model"

  def __post_init__(self) -> None:
    settings.check_choices(
      self,
      contrast=CONTRASTS,
      partition=PARTITIONS,
      positives=relation_lib.POSITIVES,
      negatives_from=relation_lib.NEGATIVES_FROM,
      filter=FILTERS,
      guide=GUIDES,
    )
    settings.check_switches(self, "symmetric")
    settings.check_numbers(
      self,
      scale=(1e-6, math.inf),
      max_scale=(0, math.inf),
      label_smoothing=(0, 1),
      filter_margin=(-math.inf, math.inf),
    )
    settings.check_scale(self.scale, self.max_scale)
    if self.max_scale and self.filter:
      raise settings.mismatch(
        f"max_scale={self.max_scale:g} (a scale that is learned) and "
        f"filter={self.filter!r}",
        "a scale that moves would move what is filtered",
        "set max_scale=0 or filter=''",
      )
    if self.filter_margin and not self.filter:
      raise settings.mismatch(
        f"filter_margin={self.filter_margin:g} and no filter",
        "the margin is that of a filter",
        "set filter=absolute or relative, or filter_margin=0",
      )
    if self.guide == "teacher" and not self.filter:
      raise settings.mismatch(
        "guide='teacher' and no filter",
        "a guide says which negatives to leave out",
        "set filter=absolute or guide=model",
      )

  @property
  def of_teacher(self) -> str:
    """What it wants of a teacher."""
    return "vectors" if self.guide == "teacher" else ""

  def learned(self) -> dict[str, float]:
    """The numbers that it learns."""
    return {"log_scale": math.log(self.scale)} if self.max_scale else {}

  def __call__(
    self,
    pairs: pairs_lib.Pairs,
    learned: pairs_lib.Learned,
    spread: blockwise.Spread,
  ) -> pairs_lib.Loss:
    """The loss, averaged over its own pairs in the whole batch."""
    scale = jnp.exp(learned["log_scale"]) if self.max_scale else self.scale
    queries, documents = pairs.vectors[0], pairs.vectors[1]  # [B, E]
    chosen: jax.Array = scale * _own(queries, documents)  # [B]
    candidates = _Candidates(self, pairs, scale, chosen, spread)
    forward, backward = candidates.across()
    asides = candidates.along()
    first = chosen >= forward.largest
    own = softmax.of(chosen)
    directions = [softmax.joined([own, forward, *asides])]
    if backward:
      directions.append(softmax.joined([own, backward]))
    if self.partition == "joint":
      directions = [softmax.joined(directions)]
    values = jnp.stack([*map(self._cross_entropy, directions)]).mean(0)
    return pairs_lib.Loss(
      pairs_lib.mean(values, pairs.own),
      pairs_lib.mean(first.astype(jnp.float32), pairs.own),
    )

  def _cross_entropy(
    self,
    found: softmax.Softmax,  # [B]
  ) -> jax.Array:  # [B]
    """Of the positive ones, which have the same share of the target each."""
    target = found.positive / found.positives
    if self.label_smoothing:
      even = found.total / found.count
      target += self.label_smoothing * (even - target)
    return found.logsumexp - target


def _own(
  queries: jax.Array,  # [B, E]
  documents: jax.Array,  # [B, E]
) -> jax.Array:  # [B]
  """The similarity of each pair; a product with ones in place of a sum.

  For a sum along rows XLA on CPUs copies both factors first (JAX 0.10.2): the
  loss and its gradient then take 484 in place of 301 MiB of temporaries at
  65,536 pairs of 384 numbers.
  """
  ones = jnp.ones(queries.shape[-1])
  return jnp.matmul(queries * documents, ones, precision=blocks.FLOAT32)


class _Candidates:
  """What each pair of a batch has to pass by."""

  def __init__(
    self,
    loss: InBatch,
    pairs: pairs_lib.Pairs,
    scale: jax.Array | float,
    chosen: jax.Array,
    spread: blockwise.Spread,
  ):
    self._loss, self._pairs, self._spread = loss, pairs, spread
    self._scale, self._chosen = scale, jax.lax.stop_gradient(chosen)
    self._abouts = relation_lib.of(pairs)
    self._kernel = softmax.Kernel(
      totals=loss.label_smoothing > 0, positives=loss.positives == "group"
    )

  def across(self) -> tuple[softmax.Softmax, softmax.Softmax | None]:
    """Documents and hard negatives of queries; and queries of documents."""
    forward, backward = self._sum(0, slice(1, 2), both=self._loss.symmetric)
    if len(self._pairs.vectors) > 2:
      hard, _ = self._sum(0, slice(2, None))
      forward = softmax.joined([forward, hard])
    if backward is not None:
      backward = jax.tree.map(lambda x: x[0], backward)
    return forward, backward

  def along(self) -> list[softmax.Softmax]:
    """Queries beside queries, and documents beside documents."""
    found = []
    if "queries" in self._loss.contrast:
      found.append(self._sum(0, slice(0, 1))[0])
    if "documents" in self._loss.contrast:
      found.append(self._sum(1, slice(1, 2))[0])
      if len(self._pairs.vectors) > 2:
        found.append(self._sum(1, slice(2, None))[0])
    return found

  def _sum(
    self, row: int, columns: slice, *, both: bool = False
  ) -> tuple[softmax.Softmax, softmax.Softmax | None]:
    """Sums up the similarities of a column of the batch with others."""
    loss = self._loss
    hard = columns.start > 1
    relation = relation_lib.Relation(
      along=row == (1 if hard else columns.start),
      hard=hard,
      negatives_from=loss.negatives_from,
      positives=loss.positives,
      filtered=bool(loss.filter),
    )
    abouts = [self._about(c) for c in range(len(self._pairs.vectors))[columns]]
    return blockwise.similarities(
      self._kernel,
      relation,
      blocks.Texts(self._scale * self._pairs.vectors[row], self._about(row)),
      blocks.Texts(
        self._pairs.vectors[columns],
        jax.tree.map(lambda *x: jnp.stack(x), *abouts),
      ),
      both=both,
      spread=self._spread,
    )

  def _about(self, column: int) -> relation_lib.About:
    """What the relation knows of a column of the batch."""
    pairs = self._pairs
    threshold = guide = None
    if self._loss.filter and self._loss.guide == "teacher":
      guide = towers.normalise(pairs.target)
      threshold = self._threshold((guide[0] * guide[1]).sum(-1), 1.0)
      guide = guide[column]
    elif self._loss.filter:
      threshold = self._threshold(self._chosen, self._scale)
    return self._abouts[column]._replace(threshold=threshold, guide=guide)

  def _threshold(
    self, own: jax.Array, scale: jax.Array | float
  ) -> jax.Array:  # [B]
    """The greatest similarity that a negative may have."""
    margin = self._loss.filter_margin
    if self._loss.filter == "relative":
      return own - jnp.abs(own) * margin
    return own - margin * scale
