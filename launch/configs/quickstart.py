"""Code search from scratch: documentation finds its function.

    launch/quickstart.sh

mines the pairs, trains the tokenizer and calls this with their folders.
"""

import ml_collections

from launch.configs import default


def get_config() -> ml_collections.ConfigDict:
  """A small BERT for two CPU cores and a few minutes."""
  config = default.get_config()
  config.model.encoder.width = 256
  config.model.encoder.layers = 1
  config.model.encoder.heads = 4
  config.model.encoder.mlp_width = 512
  config.model.encoder.max_positions = 64
  config.optim.learning_rate = 1e-3
  config.optim.warmup_steps = 100
  config.optim.steps = 800
  config.batch.size = 256
  config.batch.max_length = 64
  config.batch.shapes = 3
  config.save.every = 50
  config.eval.every = 200
  return config
