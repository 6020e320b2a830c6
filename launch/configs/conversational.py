"""A reply finds what it answers: reddit_single-context_mpnet-base of 2021.

    python -m launch.train --config=launch/configs/conversational.py \\
      --config.data.train=DATA/reddit --workdir=DIR

where the data set has pairs of context and response.

Published (model card of flax-sentence-embeddings/
reddit_single-context_mpnet-base): the recipe of all_minilm_l6.py, which says
what differs here, from MPNet on one data set, 726,484,430 pairs of a Reddit
comment and its reply, for 540,000 steps of 1,024 pairs.
"""

import ml_collections

from launch.configs import all_mpnet_base
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe from MPNet on one data set."""
  config = all_mpnet_base.get_config()
  config.optim.steps = 540_000
  config.data.datasets_per_batch = "1"
  config.data.negatives = 0  # replies have none
  return smoke.variant(config, variant, family="mpnet")
