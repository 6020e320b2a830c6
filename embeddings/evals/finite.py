"""Tasks whose vectors and results are numbers, or an error that says so.

Measures of vectors that are not finite would be nan, which JSON has no way to
write, or an error of some library that knows nothing of models.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from data import program
from embeddings.evals import task as task_lib


class NotFinite(program.BadInput):
  """A model gives vectors that cannot be compared."""


class Done(NamedTuple):
  """What a model did on a task, and its measures."""

  outcome: task_lib.Outcome
  measures: dict[str, float]


def run(
  name: str,
  task: task_lib.Task,
  encode: task_lib.EncodeFunction,
  similarity: str,
) -> Done:
  """Has a model do a task.

  Args:
    name: of the task.
    task: what is to be done.
    encode: texts and their side to vectors [N, E].
    similarity: "cosine" or "dot", by which the model compares.

  Raises:
    NotFinite: if a vector or a result is not finite.
  """

  def checked(texts: Sequence[str], side: str) -> np.ndarray:
    vectors = encode(texts, side)
    # The sum is not finite if one is not, and needs no second matrix.
    wrong = ~np.isfinite(vectors.sum(axis=1, dtype=np.float64))
    if wrong.any():
      raise NotFinite(
        f"the vectors of {wrong.sum():,} of {len(texts):,} texts of {name} are "
        f"not finite, as that of {texts[int(wrong.argmax())][:40]!r}; wanted a "
        "model that trained well"
      )
    return vectors

  outcome = task.run(checked, similarity)
  done = Done(outcome, outcome.measure())
  check(name, done.measures)
  return done


def check(name: str, results: Mapping[str, float]) -> None:
  """Raises NotFinite if a result of `name` is not finite."""
  for measure, value in results.items():
    if not math.isfinite(value):
      raise NotFinite(
        f"{name}.{measure} is {value}; wanted a model that trained well, whose "
        "vectors are small enough to compare"
      )
