"""all-roberta-large-v1 (all_datasets_v3_roberta-large) of the 2021 project.

    python -m launch.train --config=launch/configs/all_roberta_large_v3.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

Published (model card of sentence-transformers/all-roberta-large-v1): the recipe
of all_minilm_l6.py, which says what differs here, for 400,000 steps of 256
pairs, 32 a core.

Where its activations do not fit, --config.model.remat=full computes them again
in the backward pass.
"""

import ml_collections

from launch.configs import all_minilm_l6
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe, with the batch that a large encoder left room for."""
  config = all_minilm_l6.get_config()
  config.model.init = "FacebookAI/roberta-large"
  config.optim.steps = 400_000
  config.batch.size = 256
  return smoke.variant(config, variant, family="roberta")
