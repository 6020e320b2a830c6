"""DPR on Natural Questions: a tower for questions and one for passages.

    python -m launch.train --config=launch/configs/dpr_nq.py \\
      --config.data.train=DATA/nq --workdir=DIR

where the data set has triplets: question, passage, and a passage that BM25
ranks high and that does not hold the answer. The authors' texts of a passage
are its title and its words; write them as one text.

Published (Karpukhin et al. 2020, arXiv 2004.04906, and conf/ of
facebookresearch/DPR): two towers from BERT base, the last layer at [CLS], dot
product, each question against all passages and negatives of a batch of 128
(16 on each of 8 devices), one negative; 40 epochs of 58,880 questions, Adam at
2e-5 (1e-5 in the paper) with 1,237 steps of warm-up, then linearly to 0,
gradients clipped to 2; dropout 0.1, 256 tokens.

Here, other than there: a passage that comes twice in a batch is masked. Of
other data, set --config.optim.steps to 40 x questions / 128. pack_shards 8
serves 1, 2, 4 or 8 devices.
"""

import ml_collections

from launch.configs import default
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """Two towers, dot product, one hard negative."""
  config = default.get_config()
  config.model.init = "google-bert/bert-base-uncased"
  config.model.towers = "two"
  config.model.pooling = "cls"
  config.model.similarity = "dot"
  config.model.normalise = False
  config.model.encoder.dropout = 0.1
  config.model.encoder.attention_dropout = 0.1
  config.loss.scale = 1.0
  config.loss.symmetric = False
  config.data.negatives = 1
  config.optim.learning_rate = 2e-5
  config.optim.warmup_steps = 1_237
  config.optim.steps = 40 * 58_880 // 128
  config.optim.clip_norm = 2.0
  config.batch.size = 128
  config.batch.max_length = 256
  config.batch.pack_shards = 8
  return smoke.variant(config, variant)
