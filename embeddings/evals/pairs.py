"""Pair classification: does a threshold tell like pairs from unlike ones?

A row is {"s1", "s2", "label"}, the label 1 for alike and 0 for not. Measures
are those of sentence-transformers' BinaryClassificationEvaluator: the average
precision of the similarities, and what the best threshold gives, chosen for F1
or for accuracy on these very pairs. Thresholds of distances are distances.
"""

import dataclasses
import pathlib
from typing import Literal

import msgspec
import numpy as np
from sklearn import metrics

from data import program
from embeddings.evals import distinct
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

_DISTANCES = ("euclidean", "manhattan")


class Row(msgspec.Struct):
  """Two texts, and whether they are alike."""

  s1: str
  s2: str
  label: Literal[0, 1]


@dataclasses.dataclass(frozen=True)
class PairsOutcome:
  """The similarities of all pairs.

  Attributes:
    similarities: float32 [N] by each way of comparing.
    labels: int64 [N], 1 for alike.
  """

  similarities: dict[str, np.ndarray]
  labels: np.ndarray

  @property
  def items(self) -> int:
    """N pairs."""
    return len(self.labels)

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """Average precision, best F1 and accuracy by each way of comparing."""
    found = {}
    for name, scores in self.similarities.items():
      labels = self.labels
      if chosen is not None:
        scores, labels = scores[chosen], labels[chosen]
      of_one = _measure_one(scores, labels)
      if name in _DISTANCES:
        of_one["f1_threshold"] *= -1
        of_one["accuracy_threshold"] *= -1
      found |= {f"{name}_{key}": value for key, value in of_one.items()}
    return found


@dataclasses.dataclass(frozen=True)
class Pairs:
  """N pairs of texts and their labels."""

  ones: list[str]
  others: list[str]
  labels: list[int]

  @property
  def main(self) -> str:
    """The field's measure."""
    return "cosine_ap"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> PairsOutcome:
    """Compares the texts of each pair, in all ways."""
    vectors = distinct.vectors(encode, [*self.ones, *self.others])
    halves = np.split(vectors, 2)
    return PairsOutcome(
      {
        name: of_pairs(*halves)
        for name, of_pairs in similarity_lib.OF_PAIRS.items()
      },
      np.array(self.labels),
    )


def _measure_one(
  scores: np.ndarray,  # float32 [N]
  labels: np.ndarray,  # int64 [N]
) -> dict[str, float]:
  """The measures of one way of comparing."""
  order = np.argsort(-scores, kind="stable")
  scores, labels = scores[order], labels[order]
  # A threshold takes all pairs of one score; these are the last of each.
  last = np.append(np.flatnonzero(scores[1:] != scores[:-1]), len(scores) - 1)
  taken, right = last + 1, labels.cumsum()[last]
  alike = right[-1]
  precision, recall = right / taken, right / max(alike, 1)
  both = precision + recall
  f1 = 2 * precision * recall / np.where(both > 0, both, 1)
  best = int(f1.argmax())
  # Of accuracy, a threshold above all pairs is one more.
  unlike = len(labels) - alike
  accuracy = np.append(unlike, 2 * right - taken + unlike) / len(labels)
  most = int(accuracy.argmax())
  above = float(np.nextafter(scores[0], np.float32(np.inf)))
  return {
    "ap": float(metrics.average_precision_score(labels, scores))
    if alike
    else 0.0,
    "f1": float(f1[best]),
    "f1_threshold": _threshold(scores, last[best]),
    "precision": float(precision[best]),
    "recall": float(recall[best]),
    "accuracy": float(accuracy[most]),
    "accuracy_threshold": _threshold(scores, last[most - 1]) if most else above,
  }


def _threshold(scores: np.ndarray, last: int) -> float:
  """The middle between a score and the next smaller one, if there is one."""
  if last + 1 == len(scores):
    return float(scores[last])
  middle = (scores[last] + scores[last + 1]) / 2
  # Rounding must not take the next ones in.
  return float(scores[last] if middle == scores[last + 1] else middle)


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder.

  Raises:
    program.BadInput: if there is no such split, or a line of it is wrong.
  """
  return subsets.read(folder, split, Row, _task)


def _task(path: pathlib.Path, rows: list[Row]) -> Pairs:
  """The task of a file's rows."""
  labels: list[int] = [row.label for row in rows]
  if len(set(labels)) < 2:
    raise program.BadInput(
      f"{path} has no label but {labels[0]}; wanted pairs of both, 0 and 1"
    )
  return Pairs([row.s1 for row in rows], [row.s2 for row in rows], labels)
