"""Of the candidates of each pair, those that become its negatives.

Only numbers: how they were found and scored is others' to know.
"""

import collections
from typing import NamedTuple

import numpy as np

from data import permutation
from embeddings.mining import rules as rules_lib


class Candidates(NamedTuple):
  """The documents that a negative may be among, of each of P pairs.

  Attributes:
    documents: int64 [P, C], -1 where there is none.
    scores: float32 [P, C], in any order.
  """

  documents: np.ndarray
  scores: np.ndarray


class Chosen(NamedTuple):
  """What became of them.

  Attributes:
    documents: int64 [P, M], best first; -1 where there are too few.
    scores: float32 [P, M]; 0 there.
    dropped: how many candidates were left out, by reason.
  """

  documents: np.ndarray
  scores: np.ndarray
  dropped: collections.Counter[str]


def choose(
  found: Candidates,
  positives: np.ndarray,  # [P]
  pairs: np.ndarray,  # [P]
  rules: rules_lib.Rules,
) -> Chosen:
  """Chooses by the rules.

  Args:
    found: the candidates.
    positives: float32 [P], the score that margins are measured from.
    pairs: int64 [P], a number of each pair's own, for drawing.
    rules: which.

  Returns:
    The negatives of each pair; the same whatever pairs stand beside it.
  """
  scores = np.where(found.documents < 0, -np.inf, found.scores)
  scores, dropped = _fitting(scores, positives, rules)
  order = np.argsort(-scores, axis=1, kind="stable")
  order = order[:, rules.range_min : rules.range_max]
  scores = np.take_along_axis(scores, order, 1)
  documents = np.take_along_axis(found.documents, order, 1)
  if rules.sampling == "random":
    drawn = _drawn(documents, np.isfinite(scores), pairs, rules)
    scores = np.take_along_axis(scores, drawn, 1)
    documents = np.take_along_axis(documents, drawn, 1)
  missing = max(rules.num_negatives - scores.shape[1], 0)
  scores, documents = (
    np.pad(x, ((0, 0), (0, missing)), constant_values=fill)
    for x, fill in ((scores, -np.inf), (documents, -1))
  )
  scores = scores[:, : rules.num_negatives]
  is_there = np.isfinite(scores)
  return Chosen(
    np.where(is_there, documents[:, : rules.num_negatives], -1),
    np.where(is_there, scores, 0).astype(np.float32),
    dropped,
  )


def _fitting(
  scores: np.ndarray,  # [P, C]
  positives: np.ndarray,  # [P]
  rules: rules_lib.Rules,
) -> tuple[np.ndarray, collections.Counter[str]]:
  """The scores with -inf where a rule is broken, and how many by which."""
  dropped: collections.Counter[str] = collections.Counter()
  own = positives.astype(np.float32)[:, None]

  def leave_out(broken: np.ndarray, reason: str) -> None:
    nonlocal scores
    dropped[reason] += int((broken & np.isfinite(scores)).sum())
    scores = np.where(broken, -np.inf, scores)

  if rules.absolute_margin is not None:
    margin = np.float32(rules.absolute_margin)
    leave_out(scores + margin > own, "absolute_margin")
  if rules.relative_margin is not None:
    # Of the positive's size, so that a negative score moves down as well.
    most = own - np.abs(own) * np.float32(rules.relative_margin)
    leave_out(scores > most, "relative_margin")
  if rules.max_score is not None:
    leave_out(scores > rules.max_score, "max_score")
  if rules.min_score is not None:
    leave_out(scores < rules.min_score, "min_score")
  return scores, dropped


def _drawn(
  documents: np.ndarray,  # [P, C]
  fits: np.ndarray,  # [P, C]
  pairs: np.ndarray,  # [P]
  rules: rules_lib.Rules,
) -> np.ndarray:  # [P, M]
  """Which columns are drawn, in their order: by a hash of pair and document."""
  keys = permutation.mix_arrays(rules.seed, pairs[:, None], documents)
  keys = np.where(fits, keys >> np.uint64(1), ~np.uint64(0))
  drawn = np.argsort(keys, axis=1, kind="stable")[:, : rules.num_negatives]
  return np.sort(drawn, axis=1)
