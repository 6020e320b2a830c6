"""SimCSE without labels: a sentence is to find itself under another dropout.

    python -m data.sources.tabular --in=wiki1m.jsonl --out=DATA/wiki \\
      --columns=text --kind=texts
    python -m launch.train --config=launch/configs/simcse_unsup.py \\
      --config.data.train=DATA/wiki --workdir=DIR

Published (Gao et al. 2021, arXiv 2104.08821, and princeton-nlp/SimCSE): from
BERT base, one epoch of a million sentences of Wikipedia in batches of 64, Adam
at 3e-5 falling linearly to 0 with no warm-up, gradients clipped to 1, 32
tokens, dropout 0.1; [CLS] and a linear map with tanh, cosine similarity over
the temperature 0.05, one way.

Here, other than there: the map stays in the model, where the authors leave it
out once training has ended; products are float32, not float16; the last
checkpoint counts, where they kept the best of every 125 steps by STS-B.
"""

import ml_collections

from launch.configs import default
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """Dropout is the only difference between the two texts of a pair."""
  config = default.get_config()
  config.model.init = "google-bert/bert-base-uncased"
  config.model.pooling = "cls"
  config.model.similarity = "cosine"
  config.model.normalise = True
  config.model.projection.width = 768
  config.model.projection.activation = "tanh"
  config.model.encoder.dropout = 0.1
  config.model.encoder.attention_dropout = 0.1
  config.loss.scale = 20.0  # 1 / 0.05
  config.loss.symmetric = False
  config.optim.learning_rate = 3e-5
  config.optim.warmup_steps = 0
  config.optim.steps = 1_000_000 // 64
  config.batch.size = 64
  config.batch.max_length = 32
  return smoke.variant(config, variant)
