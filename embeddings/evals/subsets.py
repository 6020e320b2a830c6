"""Several files of a split, each a task of its own: subsets.

    task = subsets.read(folder, "test", Row, make)
    task.run(encode, "cosine").measure()
    # {"f1": 0.5, "en-fra.f1": 0.6, "en-deu.f1": 0.4}

A measure without a subset's name is the mean over the subsets.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from data import json_rows
from embeddings.evals import splits
from embeddings.evals import task as task_lib

Row = TypeVar("Row")


@dataclasses.dataclass(frozen=True)
class SubsetsOutcome:
  """The outcomes of all subsets, by name."""

  parts: Mapping[str, task_lib.Outcome]

  @property
  def items(self) -> int:
    """Those of all subsets, or 0 if one of them cannot be measured again."""
    counts = [part.items for part in self.parts.values()]
    return sum(counts) if all(counts) else 0

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """The means over subsets, then the measures of each.

    Args:
      chosen: numbers of items, the subsets' one after another. A subset of
        which none was drawn, e^-n of the times if it has n, counts whole.
    """
    each, start = {}, 0
    for name, part in self.parts.items():
      drawn = None
      if chosen is not None:
        inside = (chosen >= start) & (chosen < start + part.items)
        drawn = chosen[inside] - start if inside.any() else None
      each[name] = part.measure(drawn)
      start += part.items
    means = {
      measure: float(np.mean([values[measure] for values in each.values()]))
      for measure in next(iter(each.values()))
    }
    return means | {
      f"{name}.{measure}": value
      for name, values in each.items()
      for measure, value in values.items()
    }


@dataclasses.dataclass(frozen=True)
class Subsets:
  """Tasks of one type that are measured as one."""

  parts: Mapping[str, task_lib.Task]

  @property
  def main(self) -> str:
    """The mean of the subsets' main measure."""
    return next(iter(self.parts.values())).main

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> SubsetsOutcome:
    """Runs one subset after another."""
    return SubsetsOutcome(
      {name: part.run(encode, similarity) for name, part in self.parts.items()}
    )


def read(
  folder: pathlib.Path,
  split: str,
  schema: type[Row],
  make: Callable[[pathlib.Path, list[Row]], task_lib.Task],
) -> task_lib.Task:
  """The task of a split, which has subsets if it has several files.

  Args:
    folder: an evaluation folder.
    split: the split.
    schema: of a row.
    make: a task of a file's rows.

  Raises:
    program.BadInput: if there is no such split, or a line of it is wrong.
  """
  files = splits.files(folder, split)
  parts = {
    name: make(path, json_rows.read(path, schema))
    for name, path in files.items()
  }
  return parts[""] if "" in parts else Subsets(parts)
