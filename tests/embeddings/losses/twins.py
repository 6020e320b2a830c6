"""Losses that sentence-transformers has too, and how they are called there."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sentence_transformers import util
from sentence_transformers.sentence_transformer import losses as theirs
from torch import nn

from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import distillation
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import scored
from embeddings.losses import triplet
from tests.embeddings.losses import cases

IN_BATCH = contrastive.InBatch
BOTH_WAYS = ("query_to_doc", "doc_to_query")
ALL_WAYS = ("query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc")


def _scores(pairs: pairs_lib.Pairs) -> torch.Tensor:
  """A score of each pair, or of each of its texts."""
  found = torch.tensor(np.asarray(pairs.score))
  return found[:, 0] if found.shape[1] == 1 else found


def _targets(pairs: pairs_lib.Pairs) -> torch.Tensor:
  """A teacher's vectors of the queries."""
  return torch.tensor(np.asarray(pairs.target[0]))


@dataclasses.dataclass(frozen=True)
class Twin:
  """A loss of ours and the same of theirs.

  Attributes:
    loss: ours.
    theirs: from a model, and a guide, to theirs.
    negatives: that the loss is compared with.
    labels: what theirs learns from.
    similarity: of the model; "dot" where theirs takes vectors as they are.
    widths: Matryoshka's, with their weights.
  """

  loss: Any
  theirs: Callable[[Any, Any], nn.Module]
  negatives: int = 0
  labels: Callable[[pairs_lib.Pairs], torch.Tensor] = _scores
  similarity: str = "cosine"
  widths: tuple[tuple[float, float], ...] = ()

  def ours(self, pairs: pairs_lib.Pairs) -> tuple[float, np.ndarray]:
    """Our value, and our gradient by the vectors of the columns there are."""
    columns = 2 + self.negatives
    pairs = pairs._replace(
      **{
        field: getattr(pairs, field)[:columns]
        for field in ("vectors", "identity", "present", "target")
      },
      score=pairs.score[:, : columns - 1],
    )
    width = pairs.vectors.shape[-1]
    widths = tuple((int(part * width), weight) for part, weight in self.widths)
    case = cases.Case(self.loss, _no_formula, (), widths, self.similarity)
    call = cases.compiled(case.term, self.similarity, blockwise.ONE_DEVICE)
    (value, _), (gradient, _) = call(
      pairs.vectors, {}, pairs._replace(vectors=None)
    )
    return float(value), np.asarray(gradient)

  def value(
    self, model: Any, guide: Any, features: list[Any], pairs: pairs_lib.Pairs
  ) -> torch.Tensor:
    """Their value of the columns that there are."""
    columns = 2 + self.negatives
    loss = self.theirs(model, guide)
    if self.widths:
      width = model.get_embedding_dimension()
      loss = theirs.MatryoshkaLoss(
        model,
        loss,
        [int(part * width) for part, _ in self.widths],
        [weight for _, weight in self.widths],
      )
    cut = pairs._replace(score=pairs.score[:, : columns - 1])
    return loss(features[:columns], self.labels(cut))


def _no_formula(*given: Any) -> tuple[float, float]:
  raise NotImplementedError("their loss stands for the formula")


def _gist(**settings: Any) -> Callable[[Any, Any], nn.Module]:
  return lambda model, guide: theirs.GISTEmbedLoss(model, guide, **settings)


def _ranking(**settings: Any) -> Callable[[Any, Any], nn.Module]:
  return lambda model, _: theirs.MultipleNegativesRankingLoss(model, **settings)


def _cached(**settings: Any) -> Callable[[Any, Any], nn.Module]:
  return lambda model, _: theirs.CachedMultipleNegativesRankingLoss(
    model, mini_batch_size=3, **settings
  )


TWINS = {
  "ranking": Twin(IN_BATCH(symmetric=False), _ranking(), 2),
  "ranking by dot products": Twin(
    IN_BATCH(symmetric=False, scale=1),
    _ranking(similarity_fct=util.dot_score, scale=1.0),
    similarity="dot",
  ),
  "both ways": Twin(
    IN_BATCH(),
    _ranking(directions=BOTH_WAYS, partition_mode="per_direction"),
    2,
  ),
  "both ways in one": Twin(
    IN_BATCH(partition="joint"), _ranking(directions=BOTH_WAYS), 1
  ),
  "all ways in one": Twin(
    IN_BATCH(partition="joint", contrast="queries,documents", scale=10),
    _ranking(directions=ALL_WAYS, scale=10.0),
    2,
  ),
  "cached": Twin(IN_BATCH(symmetric=False), _cached(), 1),
  "cached, all ways": Twin(
    IN_BATCH(partition="joint", contrast="queries,documents"),
    _cached(directions=ALL_WAYS),
    1,
  ),
  "GIST": Twin(
    IN_BATCH(
      scale=10,
      symmetric=False,
      contrast="queries,documents",
      filter="absolute",
      guide="teacher",
    ),
    _gist(temperature=0.1),
  ),
  "GIST with a negative": Twin(
    IN_BATCH(
      scale=10,
      symmetric=False,
      contrast="queries",
      filter="relative",
      filter_margin=0.1,
      guide="teacher",
    ),
    _gist(
      temperature=0.1,
      margin_strategy="relative",
      margin=0.1,
      contrast_positives=False,
    ),
    1,
  ),
  "CoSENT": Twin(scored.CoSent(), lambda model, _: theirs.CoSENTLoss(model)),
  "AnglE": Twin(scored.Angle(), lambda model, _: theirs.AnglELoss(model)),
  "cosine": Twin(
    scored.Cosine(), lambda model, _: theirs.CosineSimilarityLoss(model)
  ),
  "triplet": Twin(
    triplet.Triplet(),
    lambda model, _: theirs.TripletLoss(model),
    1,
    similarity="dot",
  ),
  "cosine triplet": Twin(
    triplet.Triplet(margin=0.3, distance="cosine"),
    lambda model, _: theirs.TripletLoss(
      model, theirs.TripletDistanceMetric.COSINE, 0.3
    ),
    1,
  ),
  "margin MSE": Twin(
    distillation.MarginMse(),
    lambda model, _: theirs.MarginMSELoss(model),
    2,
    similarity="dot",
  ),
  "KL": Twin(
    distillation.Divergence(temperature=2.0, teacher_temperature=0.5),
    lambda model, _: theirs.DistillKLDivLoss(
      model, student_temperature=2.0, teacher_temperature=0.5
    ),
    2,
    similarity="dot",
  ),
  "vector MSE": Twin(
    distillation.VectorMse(),
    lambda model, _: theirs.MSELoss(model),
    labels=_targets,
  ),
  "Matryoshka": Twin(
    IN_BATCH(symmetric=False), _ranking(), 1, widths=((1.0, 1.0), (0.5, 0.3))
  ),
}
