"""The quickstart's pairs, starting from a pretrained encoder.

launch/quickstart.sh --model=ID_OR_DIR
"""

import ml_collections

from launch.configs import quickstart


def get_config() -> ml_collections.ConfigDict:
  """One pass in small steps; the encoder brings its own shape."""
  config = quickstart.get_config()
  config.optim.learning_rate = 5e-5
  config.optim.warmup_steps = 20
  config.optim.steps = 300
  config.batch.size = 64
  config.save.every = 50
  config.eval.every = 100
  return config
