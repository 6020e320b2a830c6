"""The moving average of the parameters, which is evaluated in their place.

Averaged parameters are often better than the last ones (Polyak & Juditsky
1992). The average begins at the first parameters, and its decay at a small
number that rises to the one given, so that these are soon forgotten: it is
min(decay, (1 + t) / (10 + t)) at the t-th move, as in TensorFlow's
`tf.train.ExponentialMovingAverage` with `num_updates`. What losses learn stands
among the parameters and is averaged with them. All is float32.
"""

import dataclasses

import jax
import jax.numpy as jnp

from embeddings import towers


@dataclasses.dataclass(frozen=True)
class Average:
  """How the average follows the parameters.

  Attributes:
    decay: what is kept of the average at a move, once there were many.
    accumulate: batches between two moves of the parameters.
  """

  decay: float
  accumulate: int = 1

  def init(self, params: towers.Params) -> towers.Params:
    """The average before the first step, in arrays of its own.

    A step takes the memory of both, so they may not be the same.
    """
    return jax.tree.map(jnp.copy, params)

  def update(
    self, average: towers.Params, params: towers.Params, steps: jax.Array
  ) -> towers.Params:
    """The average after a batch.

    Args:
      average: before it.
      params: after it.
      steps: int32 [], batches so far, this one included.

    Returns:
      The new average; the old one where the parameters did not move.
    """
    moves = (steps // self.accumulate).astype(jnp.float32)
    decay = jnp.minimum(self.decay, (1 + moves) / (10 + moves))
    share = jnp.where(steps % self.accumulate == 0, 1 - decay, 0)
    # Written so that what stands still is its own average, to the last bit.
    return jax.tree.map(lambda a, p: a + share * (p - a), average, params)
