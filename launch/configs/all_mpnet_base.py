"""all-mpnet-base-v2 as the 2021 project trained it.

    python -m launch.train --config=launch/configs/all_mpnet_base.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

Published (model card of sentence-transformers/all-mpnet-base-v2): the recipe of
all_minilm_l6.py, which says what differs here, for 100,000 steps of 1,024
pairs.
"""

import ml_collections

from launch.configs import all_minilm_l6
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe from MPNet."""
  config = all_minilm_l6.get_config()
  config.model.init = "microsoft/mpnet-base"
  config.optim.steps = 100_000
  return smoke.variant(config, variant, family="mpnet")
