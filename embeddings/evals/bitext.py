"""Bitext mining: is a text's translation the nearest of all?

A row is [one, other], two texts that say the same in two languages. Each one
looks for its other, and, under "reverse_", each other for its one. Measures are
MTEB's (Muennighoff et al. 2022, arXiv 2210.07316): scikit-learn's over as many
classes as there are rows, weighted by support. With one text a class these are
means over rows, of a row that is found: 1 (accuracy, recall), 1 / n (precision)
and 2 / (n + 1) (F1), where n texts found the same.
"""

import dataclasses
import pathlib

import numpy as np

from embeddings import topk
from embeddings.evals import distinct
from embeddings.evals import means
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

Row = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Bitext:
  """N texts and their translations."""

  rows: list[Row]

  @property
  def main(self) -> str:
    """The field's measure."""
    return "f1"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> means.Means:
    """Finds the nearest of each text, in both directions."""
    ones, others = (
      similarity_lib.comparable(distinct.vectors(encode, texts), similarity)
      for texts in zip(*self.rows, strict=True)
    )
    forth, back = _nearest(ones, others), _nearest(others, ones)
    reverse = _measures(back).items()
    return means.Means(
      _measures(forth) | {f"reverse_{name}": each for name, each in reverse}
    )


def _nearest(
  queries: np.ndarray,  # [N, E]
  documents: np.ndarray,  # [N, E]
) -> np.ndarray:  # int64 [N]
  """Which document is nearest to each query; the earlier of two."""
  _, found = topk.search(queries, documents, 1)
  return found[:, 0]


def _measures(
  nearest: np.ndarray,  # int64 [N]
) -> dict[str, np.ndarray]:  # float64 [N]
  """What each row adds to the means."""
  found = (nearest == np.arange(len(nearest))).astype(np.float64)
  times = np.bincount(nearest, minlength=len(nearest)).clip(1)
  return {
    "f1": 2 * found / (times + 1),
    "accuracy": found,
    "precision": found / times,
    "recall": found,
  }


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder.

  Raises:
    program.BadInput: if there is no such split, or a line of it is wrong.
  """
  return subsets.read(folder, split, Row, lambda _, rows: Bitext(rows))
