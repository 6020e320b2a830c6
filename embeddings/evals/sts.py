"""Semantic textual similarity: do similarities rise with people's scores?

A row is {"s1", "s2", "score"}, the score on any scale. The measure of the
field is Spearman's rank correlation of scores and cosines (Reimers & Gurevych
2019, arXiv 1908.10084); equal values have their ranks' mean, as in scipy.
Distances are negated, so that all correlations are positive for a good model.
A correlation with values that are all the same is 0 here (scipy: nan).
"""

import dataclasses
import pathlib

import msgspec
import numpy as np
from scipy import stats

from data import program
from embeddings.evals import distinct
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import subsets
from embeddings.evals import task as task_lib


class Row(msgspec.Struct):
  """Two texts, and how alike people say that they are."""

  s1: str
  s2: str
  score: float


@dataclasses.dataclass(frozen=True)
class StsOutcome:
  """The similarities of all pairs.

  Attributes:
    similarities: float64 [S, N], by each way of comparing.
    scores: float64 [N], by people.
  """

  similarities: np.ndarray
  scores: np.ndarray

  @property
  def items(self) -> int:
    """N pairs."""
    return len(self.scores)

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """Spearman's and Pearson's correlation by each way of comparing."""
    found, scores = self.similarities, self.scores
    if chosen is not None:
      found, scores = found[:, chosen], scores[chosen]
    spearman = correlations(
      stats.rankdata(found, axis=1), stats.rankdata(scores)
    )
    pearson = correlations(found, scores)
    measures = {}
    for number, name in enumerate(similarity_lib.OF_PAIRS):
      measures[f"{name}_spearman"] = float(spearman[number])
      measures[f"{name}_pearson"] = float(pearson[number])
    return measures


@dataclasses.dataclass(frozen=True)
class Sts:
  """N pairs of texts and their scores."""

  ones: list[str]
  others: list[str]
  scores: list[float]

  @property
  def main(self) -> str:
    """The field's measure."""
    return "cosine_spearman"

  def run(self, encode: task_lib.EncodeFunction, similarity: str) -> StsOutcome:
    """Compares the texts of each pair, in all ways."""
    vectors = distinct.vectors(encode, [*self.ones, *self.others])
    halves = np.split(vectors, 2)
    return StsOutcome(
      np.stack(
        [of_pairs(*halves) for of_pairs in similarity_lib.OF_PAIRS.values()]
      ).astype(np.float64),
      np.array(self.scores, np.float64),
    )


def correlations(
  rows: np.ndarray,  # float64 [S, N]
  scores: np.ndarray,  # float64 [N]
) -> np.ndarray:  # float64 [S]
  """Pearson's correlation of each row with scores; 0 where one is constant."""
  varied = (rows != rows[:, :1]).any(1) & (scores != scores[0]).any()
  rows = rows - rows.mean(1, keepdims=True)
  scores = scores - scores.mean()
  scale = np.linalg.norm(rows, axis=1) * np.linalg.norm(scores)
  return np.where(varied, rows @ scores / np.where(varied, scale, 1), 0.0)


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder.

  Raises:
    program.BadInput: if there is no such split, or a line of it is wrong.
  """
  return subsets.read(folder, split, Row, _task)


def _task(path: pathlib.Path, rows: list[Row]) -> Sts:
  """The task of a file's rows."""
  scores = [row.score for row in rows]
  if len(set(scores)) < 2:
    raise program.BadInput(
      f"{path} has no score but {scores[0]}; wanted scores that differ, for "
      "similarities to rise with"
    )
  return Sts([row.s1 for row in rows], [row.s2 for row in rows], scores)
