"""The quickstart's config, so small that it trains in seconds.

    launch/quickstart.sh --smoke

mines fewer held-out pairs as well.
"""

import ml_collections

from launch.configs import quickstart


def get_config() -> ml_collections.ConfigDict:
  """Twelve steps of 32 pairs with a tiny encoder."""
  config = quickstart.get_config()
  config.model.encoder.width = 32
  config.model.encoder.heads = 2
  config.model.encoder.mlp_width = 64
  config.batch.size = 32
  config.batch.shapes = 2
  config.optim.warmup_steps = 2
  config.optim.steps = 12
  config.save.every = 3
  config.eval.every = 6
  config.log.every = 1
  return config
