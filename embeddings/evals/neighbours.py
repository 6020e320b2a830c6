"""Every vector beside every other, in blocks.

Of N vectors there are N x N similarities, of which BLOCK x N are in memory.
"""

import dataclasses

import numpy as np

BLOCK = 512


@dataclasses.dataclass(frozen=True)
class Neighbours:
  """What the similarities of N unit vectors give.

  Attributes:
    nearest: the k others that are nearest to each, nearest first, [N, k].
    distances: how far they are (Euclidean), float64 [N, k].
    uniformity: the logarithm of the mean of exp(-2 d^2) over all pairs of
      distance d.
  """

  nearest: np.ndarray
  distances: np.ndarray
  uniformity: float


def find(
  vectors: np.ndarray,  # [N, E], of length 1
  k: int,
) -> Neighbours:
  """Goes through all pairs of vectors, less than N of them nearest."""
  count = len(vectors)
  assert k < count, (k, count)
  nearest, distances, total = [], [], 0.0
  for start in range(0, count, BLOCK):
    block = vectors[start : start + BLOCK]
    like = block @ vectors.T  # [block, N]
    rows = np.arange(len(block))
    like[rows, start + rows] = -np.inf  # exp gives 0: no pair
    total += np.exp(4 * like - 4, dtype=np.float64).sum()
    found = np.argpartition(-like, k - 1, axis=1)[:, :k]
    # By differences: near 0, 2 - 2 cos has lost its digits.
    apart = vectors[found].astype(np.float64) - block[:, None]
    length = np.linalg.norm(apart, axis=2)
    order = np.argsort(length, axis=1, kind="stable")
    nearest.append(np.take_along_axis(found, order, axis=1))
    distances.append(np.take_along_axis(length, order, axis=1))
  return Neighbours(
    np.concatenate(nearest),
    np.concatenate(distances),
    float(np.log(total / (count * (count - 1)))),
  )
