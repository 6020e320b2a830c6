"""Clustering: do vectors fall into the groups that their labels name?

    test.jsonl.gz   {"text": ..., "label": ...} a line

As MTEB has it (AbsTaskClustering, which was AbsTaskClusteringFast; Enevoldsen
et al. 2025, arXiv 2502.13595): EXPERIMENTS times DRAWN texts are drawn, with
repetition, and their vectors put into as many clusters as there are labels by
mini-batch k-means (Sculley 2010). The measure is the mean V-measure (Rosenberg
& Hirschberg 2007): the harmonic mean of homogeneity, 1 where a cluster holds
one label, and completeness, 1 where a label is in one cluster. The draws are
MTEB's own, so are the results. All texts are drawn from, and so encoded: MTEB
takes fewer only of large sets, task by task. Time is bounded by
EXPERIMENTS x DRAWN vectors.
"""

import dataclasses
import pathlib
import random

import msgspec
import numpy as np
import threadpoolctl

from data import program
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

EXPERIMENTS = 10
DRAWN = 16_384  # texts of an experiment
BATCH = 512  # vectors in a step of k-means
SEED = 42


class Row(msgspec.Struct):
  """A line of the file."""

  text: str
  label: str | int


@dataclasses.dataclass(frozen=True)
class Clustering:
  """Texts with the labels of their groups."""

  rows: list[Row]

  @property
  def main(self) -> str:
    """As MTEB's."""
    return "v_measure"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> "ClusteringOutcome":
    """Draws and clusters.

    Args:
      encode: texts and their side to vectors, which are taken as they are.
      similarity: not used: k-means knows distances only.
    """
    vectors = encode([row.text for row in self.rows], "")
    given = [row.label for row in self.rows]
    # In their order, for sums to be the same to the last bit in every process.
    names = {label: n for n, label in enumerate(dict.fromkeys(given))}
    labels = np.array([names[label] for label in given])
    generator = random.Random(SEED)
    texts = range(len(self.rows))
    drawn = [
      np.array(generator.choices(texts, k=DRAWN)) for _ in range(EXPERIMENTS)
    ]
    clusters = [_cluster(vectors[numbers], len(names)) for numbers in drawn]
    return ClusteringOutcome(labels, np.stack(drawn), np.stack(clusters))


@dataclasses.dataclass(frozen=True)
class ClusteringOutcome:
  """The clusters that were found.

  Attributes:
    labels: of the texts, as numbers, [N].
    drawn: the texts of each experiment, by number, [X, S].
    clusters: where they were put, [X, S].
  """

  labels: np.ndarray
  drawn: np.ndarray
  clusters: np.ndarray

  @property
  def items(self) -> int:
    """The texts."""
    return len(self.labels)

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """v_measure, as scikit-learn's.

    Args:
      chosen: numbers of texts, or None for all; clusters stay as they are, and
        a text counts as often as it was chosen.
    """
    weights = np.ones(self.items)
    if chosen is not None:
      weights = np.bincount(chosen, minlength=self.items).astype(float)
    found = [
      v_measure(self.labels[numbers], clusters, weights[numbers])
      for numbers, clusters in zip(self.drawn, self.clusters, strict=True)
    ]
    return {"v_measure": float(np.mean(found))}


def v_measure(
  labels: np.ndarray,  # int64 [N]
  clusters: np.ndarray,  # int64 [N]
  weights: np.ndarray,  # [N]
) -> float:
  """How well clusters and labels agree, 0 to 1."""
  width = int(clusters.max()) + 1
  size = (int(labels.max()) + 1) * width
  counts = np.bincount(labels * width + clusters, weights, size)
  shares = counts.reshape(-1, width) / weights.sum()
  of_labels, of_clusters = (_entropy(shares.sum(axis)) for axis in (1, 0))
  mutual = of_labels + of_clusters - _entropy(shares.ravel())
  homogeneity = mutual / of_labels if of_labels else 1.0
  completeness = mutual / of_clusters if of_clusters else 1.0
  total = homogeneity + completeness
  return 2 * homogeneity * completeness / total if total else 0.0


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder.

  Raises:
    program.BadInput: if there is no such split, a line of it is wrong, or all
      have one label.
  """
  return subsets.read(folder, split, Row, _task)


def _task(path: pathlib.Path, rows: list[Row]) -> Clustering:
  """The task of a file's rows."""
  if len({row.label for row in rows}) < 2:
    raise program.BadInput(
      f"{path} has no label but {rows[0].label!r}; wanted two or more"
    )
  return Clustering(rows)


def _entropy(shares: np.ndarray) -> float:
  """The entropy of shares that sum to 1, in nats."""
  there = shares[shares > 0]
  return float(-(there * np.log(there)).sum())


def _cluster(vectors: np.ndarray, count: int) -> np.ndarray:  # int64 [S]
  """The cluster of each vector."""
  from sklearn import cluster  # Here, because it takes a second.

  model = cluster.MiniBatchKMeans(
    n_clusters=count,
    batch_size=BATCH,
    init="k-means++",
    n_init=1,  # pyright: ignore[reportArgumentType]: it knows "auto" only
    random_state=SEED,
  )
  # Steps are so small that threads wait for one another most of the time.
  with threadpoolctl.threadpool_limits(1):
    return model.fit_predict(vectors)
