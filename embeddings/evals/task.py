"""What an evaluation is: a task that a model does, and what came out.

    outcome = task.run(encode, "cosine")
    outcome.measure()           # {"cosine_spearman": 0.82, ...}, of all items
    outcome.measure(chosen)     # the same of a sample, for intervals

A task knows no model: it is given a function that makes vectors, and by which
similarity these are compared.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

# Texts, and their side ("query", "document" or "" for neither), to vectors
# [N, E] as the model gives them, normalised or not.
EncodeFunction = Callable[[Sequence[str], str], np.ndarray]


class Outcome(Protocol):
  """What a model did on a task, which can be measured again on a sample."""

  @property
  def items(self) -> int:
    """How many items there are to draw from: queries, pairs, or texts; 0 where
    a sample of them cannot be measured."""
    ...

  def measure(
    self,
    chosen: np.ndarray | None = None,  # int64 [S]
  ) -> dict[str, float]:
    """The measures, all between -1 and 1 where the field has them so.

    Args:
      chosen: numbers of items, each as often as it was drawn; None for all.
    """
    ...


class Task(Protocol):
  """An evaluation, with its texts."""

  @property
  def main(self) -> str:
    """The measure that stands for the task."""
    ...

  def run(self, encode: EncodeFunction, similarity: str) -> Outcome:
    """Has a model do the task.

    Args:
      encode: texts and their side to vectors.
      similarity: "cosine" or "dot", by which the model compares.
    """
    ...
