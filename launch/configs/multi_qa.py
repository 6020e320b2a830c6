"""multi-qa-mpnet-base-dot-v1: questions find passages by their dot product.

    python -m launch.train --config=launch/configs/multi_qa.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

Published (model cards of the multi-qa models): 215 million pairs of question
and answer, drawn by weight, two data sets a batch, with a negative where there
is one; from MPNet, CLS pooling, vectors of any length, dot product, scale 1;
texts of up to 250 tokens; optimiser and schedule of all_minilm_l6.py, which
says what else differs here. multi-qa-MiniLM-L6-cos-v1 is the same with

    --config.model.init=nreimers/MiniLM-L6-H384-uncased \\
    --config.model.pooling=mean --config.model.similarity=cosine \\
    --config.model.normalise=True --config.loss.scale=20

Its train_script.py was called with 200,000 steps of 128 pairs on each of 8
cores. No call of the dot product's is known to us; steps and batch are those.

Here, other than there: questions are cut at 250 tokens too, not at 64, for a
batch has one greatest length; packed, a shorter text takes no more room.
"""

import ml_collections

from launch.configs import all_mpnet_base
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe by dot product."""
  config = all_mpnet_base.get_config()
  config.model.pooling = "cls"
  config.model.similarity = "dot"
  config.model.normalise = False
  config.loss.scale = 1.0
  config.optim.steps = 200_000
  config.batch.max_length = 250
  return smoke.variant(config, variant, family="mpnet")
