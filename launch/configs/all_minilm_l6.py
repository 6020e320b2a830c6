"""all-MiniLM-L6-v2 as the 2021 project trained it.

    python -m launch.train --config=launch/configs/all_minilm_l6.py \\
      --config.data.train=data_config.json --config.data.root=DATA --workdir=DIR

where data_config.json is the project's own list of 290 data sets with weights,
or one of yours, and DATA has a folder for each.

The published values: 540,000 steps of 1,024 pairs over 8 devices, two data
sets a batch, 128 tokens, AdamW at 2e-5 with 500 steps of warm-up, then
linearly to 0 without weight decay; cosine similarity times 20. On a machine
with another number of devices set --config.batch.pack_shards to a multiple of
it.
"""

import ml_collections

from launch.configs import default


def get_config() -> ml_collections.ConfigDict:
  """The 2021 recipe."""
  config = default.get_config()
  config.model.init = "nreimers/MiniLM-L6-H384-uncased"
  config.model.dtype = "bfloat16"
  config.model.encoder.dropout = 0.1
  config.model.encoder.attention_dropout = 0.1
  config.loss.scale = 20.0
  config.loss.symmetric = True
  config.data.datasets_per_batch = "2"
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
  return config
