"""A pretrained encoder on pairs of your own.

    python -m launch.train --config=launch/configs/finetune.py \\
      --config.data.train=runs/faq --workdir=runs/faq_model

starts from all-MiniLM-L6-v2; --config.model.init=ID_OR_DIR starts from another
encoder. A few thousand pairs want a few hundred steps.
"""

import ml_collections

from launch.configs import default


def get_config() -> ml_collections.ConfigDict:
  """Small steps from what the encoder knows already."""
  config = default.get_config()
  config.model.init = "sentence-transformers/all-MiniLM-L6-v2"
  config.optim.learning_rate = 5e-5
  config.optim.warmup_steps = 20
  config.optim.steps = 300
  config.batch.size = 64
  config.save.every = 100
  config.eval.every = 100
  return config
