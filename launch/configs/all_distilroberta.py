"""all-distilroberta-v1 as the 2021 project trained it.

    python -m launch.train --config=launch/configs/all_distilroberta.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

Published (model card of sentence-transformers/all-distilroberta-v1): the recipe
of all_minilm_l6.py, which says what differs here, for 920,000 steps of 512
pairs, 64 a core.
"""

import ml_collections

from launch.configs import all_minilm_l6
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe, longer and with smaller batches."""
  config = all_minilm_l6.get_config()
  config.model.init = "distilbert/distilroberta-base"
  config.optim.steps = 920_000
  config.batch.size = 512
  return smoke.variant(config, variant, family="roberta")
