"""The quickstart's pairs, starting from a pretrained encoder.

    launch/quickstart.sh --model=ID_OR_DIR

which takes two CPU cores minutes with a MiniLM.
"""

import ml_collections

from launch.configs import finetune


def get_config() -> ml_collections.ConfigDict:
  """So few and short that two CPU cores train a MiniLM in minutes."""
  config = finetune.get_config()
  config.optim.steps = 100
  config.batch.max_length = 64
  config.save.every = 25
  config.eval.every = 50
  return config
