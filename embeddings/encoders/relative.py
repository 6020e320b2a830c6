"""What attention adds for the distance of two tokens (MPNet; T5's buckets).

Near distances have a bucket each, far ones share buckets whose width grows
with the logarithm (Raffel et al. 2020, arXiv 1910.10683; Song et al. 2020,
arXiv 2004.09297). A text is contiguous in its row, so that the distance in the
row is the distance in the text.
"""

import dataclasses

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

_FARTHEST = 128  # from here on there is one bucket


@dataclasses.dataclass
class RelativeBias(hk.Module):
  """One number a head and bucket, for all layers."""

  heads: int
  buckets: int
  init_range: float
  name: str | None = None

  def __call__(self, length: int) -> jax.Array:  # float32 [1, H, L, L]
    """The bias of each pair of tokens in a row of `length`."""
    init = hk.initializers.TruncatedNormal(self.init_range)
    shape = [self.buckets, self.heads]
    table = hk.get_parameter("buckets", shape, jnp.float32, init=init)
    place = np.arange(length)
    distance = place[None, :] - place[:, None]  # of the key from the query
    return table[buckets(distance, self.buckets)].transpose(2, 0, 1)[None]


def buckets(distance: np.ndarray, count: int) -> np.ndarray:
  """The bucket of each distance, half of them for either direction.

  >>> buckets(np.array([-200, -9, -1, 0, 1, 7, 8, 200]), 32).tolist()
  [15, 8, 1, 0, 17, 23, 24, 31]
  """
  half = count // 2
  exact = half // 2
  size = np.abs(distance)
  # In float32, as the reference: a bucket's border may fall on a distance.
  ratio = np.log(np.maximum(size, 1).astype(np.float32) / np.float32(exact))
  steps = (
    ratio / np.float32(np.log(_FARTHEST / exact)) * np.float32(half - exact)
  )
  far = np.minimum(exact + steps.astype(np.int64), half - 1)
  return np.where(distance > 0, half, 0) + np.where(size < exact, size, far)
