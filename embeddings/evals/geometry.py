"""Vector-space health: how a model's vectors lie, as a whole and up close.

    geometry:FOLDER

takes the texts and pairs of any folder (positives.py), at most LIMIT texts and
as many pairs, evenly spread over it. All measures are of the vectors'
directions (of length 1), whatever the model's similarity is. They depend on the
texts, so compare models on one folder.

pairs
  alignment: the mean squared distance of texts that are alike; lower is better
    (Wang & Isola 2020, arXiv 2005.10242). Where the folder has pairs.
  uniformity: log of the mean of exp(-2 d^2) over all pairs of texts; the lower,
    the more evenly spread over the sphere (the same paper).
global structure
  anisotropy: the mean cosine of two texts; 0 where no direction is preferred
    (Ethayarajh 2019, arXiv 1909.00512).
  anisotropy_centred: the same once the mean vector is taken off: what a common
    shift does not explain.
  first_component: the share of the variance in its main direction.
  effective_rank: the exponential of the entropy of the singular values, as
    shares; how many directions are in use (Roy & Vetterli 2007).
  isoscore: 0 where the variance is in one direction, 1 where it is the same in
    all (Rudman et al. 2022, arXiv 2108.07344).
local structure
  neighbour_cosine: the mean cosine of a text and its NEAREST nearest ones. High
    while anisotropy is low: tight clusters, far apart (Cai et al. 2021).
  hubness: the skewness of how many texts have a text among their NEAREST
    nearest; high where few are near to all (Radovanovic et al. 2010).
  intrinsic_dimension: in how many dimensions the vectors lie locally, by the
    distances to the nearest two (TwoNN; Facco et al. 2017, arXiv 1803.06992).
    Low where texts come in like pairs, whose one distance is much the smaller.
"""

import dataclasses
import pathlib
from typing import TypeVar

import numpy as np

from data import program
from embeddings.evals import neighbours
from embeddings.evals import positives
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import task as task_lib

Value = TypeVar("Value")

LIMIT = 10_000  # texts; their pairs cost the square of it
NEAREST = 10
KEPT = 0.9  # of the ratios that TwoNN fits; the rest are outliers


@dataclasses.dataclass(frozen=True)
class Geometry:
  """Texts, and pairs of them that are alike.

  Attributes:
    texts: those whose vectors are looked at, with their sides.
    pairs: two texts each, with their sides; there may be none.
  """

  texts: list[positives.Text]
  pairs: list[tuple[positives.Text, positives.Text]]

  @property
  def main(self) -> str:
    """The one measure of the whole that needs no pairs."""
    return "uniformity"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> "GeometryOutcome":
    """Encodes the texts and measures.

    Args:
      encode: texts and their side to vectors.
      similarity: not used: directions are looked at.
    """
    every = list(dict.fromkeys([*self.texts, *sum(self.pairs, ())]))
    place = {text: number for number, text in enumerate(every)}
    vectors = similarity_lib.comparable(_encode(encode, every), "cosine")
    chosen = vectors[[place[text] for text in self.texts]]
    found = measures(chosen)
    if self.pairs:
      ends = np.array([[place[text] for text in pair] for pair in self.pairs])
      found["alignment"] = alignment(vectors[ends[:, 0]], vectors[ends[:, 1]])
    return GeometryOutcome(found)


@dataclasses.dataclass(frozen=True)
class GeometryOutcome:
  """The measures. A sample, which repeats texts, would have other distances."""

  found: dict[str, float]

  @property
  def items(self) -> int:
    """None to draw from."""
    return 0

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """See the top of the file."""
    assert chosen is None, "geometry has no samples"
    return dict(self.found)


def measures(
  vectors: np.ndarray,  # float32 [N, E], of length 1
) -> dict[str, float]:
  """All measures that need no pairs; see the top of the file."""
  near = neighbours.find(vectors, min(NEAREST, len(vectors) - 1))
  centred = similarity_lib.comparable(vectors - vectors.mean(axis=0), "cosine")
  variances = variance(vectors)
  return {
    "uniformity": near.uniformity,
    "anisotropy": mean_cosine(vectors),
    "anisotropy_centred": mean_cosine(centred),
    "first_component": first_component(variances),
    "effective_rank": effective_rank(variances),
    "isoscore": isoscore(variances),
    "neighbour_cosine": float(1 - (near.distances**2).mean() / 2),
    "hubness": hubness(near.nearest),
    "intrinsic_dimension": intrinsic_dimension(near.distances[:, :2]),
  }


def alignment(one: np.ndarray, other: np.ndarray) -> float:
  """The mean squared distance of vectors in pairs, each [N, E]."""
  return float(np.square(one - other, dtype=np.float64).sum(axis=1).mean())


def mean_cosine(vectors: np.ndarray) -> float:
  """The mean cosine of all pairs of N vectors of length 1, [N, E]."""
  count = len(vectors)
  # The dot products of all with all are the square of the sum.
  square = np.square(vectors.sum(axis=0, dtype=np.float64)).sum()
  own = np.square(vectors, dtype=np.float64).sum()
  return float((square - own) / (count * (count - 1)))


def variance(vectors: np.ndarray) -> np.ndarray:  # float64 [E]
  """The variances of vectors [N, E] in their main directions, ascending."""
  covariance = np.cov(vectors.T, dtype=np.float64)
  return np.linalg.eigvalsh(np.atleast_2d(covariance)).clip(0)


def first_component(variances: np.ndarray) -> float:
  """The share of the largest; where there is no variance, all of it."""
  total = variances.sum()
  return float(variances[-1] / total) if total else 1.0


def effective_rank(variances: np.ndarray) -> float:
  """Roy & Vetterli's; singular values are the roots of the variances."""
  singular = np.sqrt(variances)
  shares = singular[singular > 0] / singular.sum()
  return float(np.exp(-(shares * np.log(shares)).sum()))


def isoscore(variances: np.ndarray) -> float:
  """Rudman et al.'s, in a shorter form.

  Their defect from the unit covariance comes to the participation ratio
  P = (sum v)^2 / sum v^2, a number of directions: the score is (P - 1) /
  (E - 1).
  """
  square = np.square(variances).sum()
  ratio = variances.sum() ** 2 / square if square else 1.0
  return float((ratio - 1) / (len(variances) - 1))


def hubness(nearest: np.ndarray) -> float:
  """The skewness of how often each is among the nearest of others, [N, k]."""
  counts = np.bincount(nearest.ravel(), minlength=len(nearest))
  off = counts - counts.mean()
  spread = np.sqrt(np.square(off).mean())
  return float((off**3).mean() / spread**3) if spread else 0.0


def intrinsic_dimension(
  distances: np.ndarray,  # [N, 2]
) -> float:
  """TwoNN: by how much further the second nearest is than the nearest.

  The share of points with a ratio below m is 1 - m^-d; d is the slope of the
  line through the origin that fits -log(1 - share) by log m, without the
  largest ratios, which noise moves most. Points with an equal one are left out.
  """
  apart = distances[distances[:, 0] > 0]
  logs = np.sort(np.log(apart[:, 1] / apart[:, 0]))
  kept = int(KEPT * len(logs))
  share = np.arange(1, kept + 1) / max(len(logs), 1)
  steep = np.square(logs[:kept]).sum()
  return (
    float(-(logs[:kept] * np.log1p(-share)).sum() / steep) if steep else 0.0
  )


def read(folder: pathlib.Path, split: str) -> Geometry:
  """The task of a folder.

  Raises:
    program.BadInput: if there is no such split, or hardly a text in it.
  """
  found = positives.read(folder, split)
  if len(found.texts) < 3:
    raise program.BadInput(
      f"{folder} has {len(found.texts)} texts; wanted 3 or more"
    )
  return Geometry(_spread(found.texts), _spread(found.pairs))


def _spread(values: list[Value]) -> list[Value]:
  """LIMIT of the values, evenly spread, or all if they are fewer."""
  kept = min(len(values), LIMIT)
  return [values[number * len(values) // kept] for number in range(kept)]


def _encode(
  encode: task_lib.EncodeFunction, texts: list[positives.Text]
) -> np.ndarray:  # float32 [N, E]
  """The vectors of texts, each with its side."""
  vectors: np.ndarray | None = None
  for side in dict.fromkeys(side for _, side in texts):
    of_side = [n for n, (_, given) in enumerate(texts) if given == side]
    found = encode([texts[n][0] for n in of_side], side)
    if vectors is None:
      vectors = np.zeros((len(texts), found.shape[1]), np.float32)
    vectors[of_side] = found
  assert vectors is not None, "no texts"
  return vectors
