"""all-MiniLM-L6-v2 as the 2021 project trained it.

    python -m launch.train --config=launch/configs/all_minilm_l6.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

where data_config.json is the project's own list of 290 data sets with weights,
or one of yours, and DATA has a folder for each.

Published (model card and train_script.py of flax-sentence-embeddings/
all_datasets_v4_MiniLM-L6): 540,000 steps of 1,024 pairs over the 8 cores of a
TPU v3-8, two data sets a batch, 128 tokens, AdamW at 2e-5 with 500 steps of
warm-up, then linearly to 0 without weight decay, gradients clipped to 1; mean
pooling, cosine similarity times 20, cross entropy both ways, one negative of
each triplet. The card of sentence-transformers/all-MiniLM-L6-v2 gives 100,000
steps and the rest alike: --config.optim.steps=100_000.

Here, other than there: pairs and triplets share a batch, and both ways count
for both (triplets had one); a text that comes twice is masked, where batches
were drawn without such; the gradient of the whole batch is clipped, not that
of each core; products are bfloat16.

pack_shards 8 serves 1, 2, 4 or 8 devices; for others set a multiple of them.
"""

import ml_collections

from launch.configs import default
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """The 2021 recipe."""
  config = default.get_config()
  config.model.init = "nreimers/MiniLM-L6-H384-uncased"
  config.model.pooling = "mean"
  config.model.similarity = "cosine"
  config.model.normalise = True
  config.model.dtype = "bfloat16"
  config.model.encoder.dropout = 0.1
  config.model.encoder.attention_dropout = 0.1
  config.loss.scale = 20.0
  config.loss.symmetric = True
  config.data.datasets_per_batch = "2"
  config.data.negatives = 1
  config.optim.learning_rate = 2e-5
  config.optim.warmup_steps = 500
  config.optim.steps = 540_000
  config.optim.decay = "linear"
  config.optim.weight_decay = 0.0
  config.optim.clip_norm = 1.0
  config.batch.size = 1_024
  config.batch.max_length = 128
  config.batch.pack_shards = 8
  config.save.every = 2_000
  config.eval.every = 10_000
  return smoke.variant(config, variant)
