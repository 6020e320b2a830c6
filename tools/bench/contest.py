"""Contenders on the same batches: that they agree, and how long each takes."""

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from data import program


class Contender(Protocol):
  """Something that makes vectors of batches, and gradients.

  Attributes:
    name: what the table calls it.
    slots: tokens of all batches, padding included, by mode.
    compile_seconds: by mode, once prepared; None where nothing is compiled.
  """

  name: str
  slots: dict[str, int]
  compile_seconds: dict[str, float | None]

  def prepare(self, mode: str) -> None:
    """Gets ready for a mode, "forward" or "training"."""
    ...

  def members(self, batch: int) -> np.ndarray:
    """The numbers of the texts whose vectors `forward` gives."""
    ...

  def forward(self, batch: int) -> np.ndarray:
    """Vectors of a batch, float32 [T, D]."""
    ...

  def training(self, batch: int) -> None:
    """The gradient of the sum of the squares of a batch's vectors."""
    ...

  def gradient_norm(self) -> float:
    """The length of the last gradient."""
    ...

  def peak_bytes(self, mode: str) -> int | None:
    """What the last batch takes beside parameters, None if unknown."""
    ...


def difference(
  contenders: Sequence[Contender], mode: str, batches: int
) -> float:
  """The largest difference of a contender from the first.

  Args:
    contenders: prepared for the mode.
    mode: "forward" compares the vectors of all texts, by absolute values;
      "training" the gradients' lengths on the first batch, by their ratio.
    batches: W.
  """
  if mode == "training":
    lengths = []
    for one in contenders:
      one.training(0)
      lengths.append(one.gradient_norm())
    return float(np.abs(np.array(lengths) / lengths[0] - 1).max())
  vectors = []
  for one in contenders:
    numbers = np.concatenate([one.members(b) for b in range(batches)])
    found = np.concatenate([one.forward(b) for b in range(batches)])
    vectors.append(found[np.argsort(numbers)])
  return float(np.abs(np.array(vectors) - vectors[0]).max())


class Timed(Protocol):
  """What has a name and, called like a mode, something to be timed."""

  name: str


def seconds(
  contenders: Sequence[Timed], mode: str, *, batches: int, rounds: int
) -> dict[str, float]:
  """Seconds for all batches: the sum of each batch's median over rounds."""
  found = times(contenders, mode, batches=batches, rounds=rounds)
  return {name: np.median(of, axis=0).sum() for name, of in found.items()}


def times(
  contenders: Sequence[Timed], mode: str, *, batches: int, rounds: int
) -> dict[str, np.ndarray]:
  """Seconds of each call, [rounds, batches], by contender.

  Contenders alternate batch by batch, and who begins changes, because the
  speed of a machine that others use drifts.
  """
  took: dict[str, list[float]] = {one.name: [] for one in contenders}
  with program.progress(
    rounds * batches, unit="batches", label=mode
  ) as progress:
    for turn in range(rounds * batches):
      first = turn % len(contenders)
      for one in (*contenders[first:], *contenders[:first]):
        began = time.perf_counter()
        getattr(one, mode)(turn % batches)
        took[one.name].append(time.perf_counter() - began)
      progress.advance()
  return {
    name: np.array(of).reshape(rounds, batches) for name, of in took.items()
  }
