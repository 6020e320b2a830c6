"""Made-up vectors of texts, as an encode function gives them."""

import json
import pathlib

import numpy as np


class Table:
  """Texts and their vectors, and what was asked of it.

  Attributes:
    asked: the texts and side of each call.
  """

  def __init__(self, texts: list[str], vectors: np.ndarray):
    self.vectors = dict(zip(texts, vectors, strict=True))
    self.asked: list[tuple[list[str], str]] = []

  def __call__(self, texts, side):
    self.asked.append((list(texts), side))
    return np.stack([self.vectors[text] for text in texts])


def groups(
  count: int, labels: int, width: int = 6, spread: float = 1.0
) -> tuple[list[str], np.ndarray, np.ndarray]:
  """Texts, their vectors, and which of so many heaps each vector is of."""
  random = np.random.default_rng(0)
  of = random.integers(0, labels, count)
  vectors = random.normal(size=(labels, width))[of]
  vectors += spread * random.normal(size=(count, width))
  return (
    [f"text {number}" for number in range(count)],
    vectors.astype(np.float32),
    of,
  )


def write(path: pathlib.Path, rows: list) -> None:
  """A file of JSON lines."""
  path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
