"""Classification: do few labelled vectors tell the labels of others?

    train.jsonl.gz   {"text": ..., "label": ...} a line
    test.jsonl.gz    the same

As MTEB has it (Muennighoff et al. 2023, arXiv 2210.07316): EXPERIMENTS times a
logistic regression of at most ITERATIONS steps is fitted to SAMPLES vectors of
each label, drawn from the training file, and predicts the labels of all test
texts; a measure is its mean over the experiments. The draws are MTEB's own, so
results are the same as from mteb's AbsTaskClassification. The training file as
a whole is never fitted: published figures are of few samples.
"""

import collections
import dataclasses
import pathlib
import warnings
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import threadpoolctl

from data import json_rows
from data import program
from embeddings.evals import splits
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

EXPERIMENTS = 10
SAMPLES = 8  # of each label
ITERATIONS = 100
SEED = 42


class Row(msgspec.Struct):
  """A line of the files."""

  text: str
  label: str | int


@dataclasses.dataclass(frozen=True)
class Classification:
  """Texts with labels, to learn from and to tell.

  Attributes:
    train: what may be learnt from.
    test: what is predicted.
  """

  train: list[Row]
  test: list[Row]

  @property
  def main(self) -> str:
    """As MTEB's."""
    return "accuracy"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> "ClassificationOutcome":
    """Fits and predicts.

    Args:
      encode: texts and their side to vectors, which are taken as they are.
      similarity: not used: nothing is compared.
    """
    drawn = list(_draws([row.label for row in self.train]))
    used = sorted(set().union(*drawn))
    place = {number: at for at, number in enumerate(used)}
    fitted = encode([self.train[number].text for number in used], "")
    told = encode([row.text for row in self.test], "")
    codes = _codes(self.train)
    labels = np.array([codes[row.label] for row in self.train])
    predicted = [
      _predict(fitted[[place[n] for n in numbers]], labels[numbers], told)
      for numbers in drawn
    ]
    return ClassificationOutcome(
      np.array([codes[row.label] for row in self.test]), np.stack(predicted)
    )


@dataclasses.dataclass(frozen=True)
class ClassificationOutcome:
  """The labels that were predicted.

  Attributes:
    labels: the true ones as numbers, [N].
    predicted: those of each experiment, [X, N].
  """

  labels: np.ndarray
  predicted: np.ndarray

  @property
  def items(self) -> int:
    """The test texts."""
    return len(self.labels)

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """accuracy, and f1: the mean F1 of the labels (macro), as scikit-learn's.

    Args:
      chosen: numbers of test texts, or None for all.
    """
    which = slice(None) if chosen is None else chosen
    labels, predicted = self.labels[which], self.predicted[:, which]
    return {
      "accuracy": float((predicted == labels).mean()),
      "f1": float(np.mean([macro_f1(labels, one) for one in predicted])),
    }


def macro_f1(
  labels: np.ndarray,  # int64 [N]
  predicted: np.ndarray,  # int64 [N]
) -> float:
  """The mean F1 of the labels that are there or were predicted."""
  size = int(max(labels.max(), predicted.max())) + 1
  right = np.bincount(labels[labels == predicted], minlength=size)
  both = np.bincount(labels, minlength=size)
  both = both + np.bincount(predicted, minlength=size)
  return float(np.mean(2 * right[both > 0] / both[both > 0]))


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder, or that of its subsets, each with its own training.

  Raises:
    program.BadInput: if a file is missing or wrong, or a label of the split is
      none of the training file's.
  """
  train, test = splits.files(folder, "train"), splits.files(folder, split)
  if not test.keys() <= train.keys():
    raise program.BadInput(
      f"{folder} has {test[min(test.keys() - train.keys())].name}, but no file "
      "of the split 'train' for it; add one"
    )
  parts = {name: _read(train[name], path) for name, path in test.items()}
  return parts[""] if "" in parts else subsets.Subsets(parts)


def _read(train: pathlib.Path, test: pathlib.Path) -> Classification:
  """The task in two files."""
  found = Classification(json_rows.read(train, Row), json_rows.read(test, Row))
  known = {row.label for row in found.train}
  if len(known) < 2:
    raise program.BadInput(f"{train} has one label; wanted two or more")
  unknown = [row.label for row in found.test if row.label not in known]
  if unknown:
    raise program.BadInput(
      f"{test} has the label {unknown[0]!r}, which {train.name} has not; add "
      "texts of it there or take it out here"
    )
  return found


def _codes(rows: Sequence[Row]) -> dict[str | int, int]:
  """The labels as numbers, in the order in which scikit-learn sorts them."""
  labels = {row.label for row in rows}
  ordered = sorted(labels, key=lambda label: (isinstance(label, str), label))
  return {label: number for number, label in enumerate(ordered)}


def _draws(labels: Sequence[str | int]) -> Iterator[list[int]]:
  """The training texts of each experiment, by number."""
  order = list(range(len(labels)))
  for _ in range(EXPERIMENTS):
    # MTEB starts the generator anew and shuffles what it shuffled before.
    np.random.RandomState(SEED).shuffle(order)
    taken: collections.Counter[str | int] = collections.Counter()
    numbers = []
    for number in order:
      taken[labels[number]] += 1
      if taken[labels[number]] <= SAMPLES:
        numbers.append(number)
    yield numbers


def _predict(
  fitted: np.ndarray,  # [S, E]
  labels: np.ndarray,  # int64 [S]
  told: np.ndarray,  # [N, E]
) -> np.ndarray:  # int64 [N]
  """The labels of `told` by a regression on `fitted`."""
  from sklearn import exceptions  # Here, because they take a second.
  from sklearn import linear_model

  model = linear_model.LogisticRegression(
    max_iter=ITERATIONS, random_state=SEED
  )
  # Steps are so small that threads wait for one another most of the time.
  with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
    # Where it stops is part of the definition.
    warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
    return model.fit(fitted, labels).predict(told)
