"""An English model moves to other languages, by its own vectors.

    python -m tools.teach --model=MODEL --data=DATA/en_de,DATA/en_fr \\
      --columns=query --name=teacher
    python -m launch.train --config=launch/configs/multilingual_distill.py \\
      --config.data.train=DATA/en_de,DATA/en_fr --workdir=DIR

where each data set has pairs of an English sentence and its translation, and
`tools.teach` has put the teacher's vector of the English one beside each. The
student is to give that vector for both; it has the teacher's width.

Published (Reimers & Gurevych 2020, arXiv 2004.09813, and make_multilingual.py
of sentence-transformers): XLM-RoBERTa base with mean pooling, mean squared
error, 5 epochs of at most 500,000 sentences a language in batches of 64, AdamW
at 2e-5 and weight decay 0.01 with 10,000 steps of warm-up, then linearly to 0,
epsilon 1e-6, gradients clipped to 1, 128 tokens.

Here, other than there: a batch is 32 pairs, so that it has 64 sentences, and
the two of a pair are in one batch; AdamW corrects its bias at the start, which
was switched off. The steps are 5 epochs of two languages; set
--config.optim.steps to 5 x pairs / 32 of yours.
"""

import ml_collections

from launch.configs import default
from launch.configs import smoke


def get_config(variant: str = "") -> ml_collections.ConfigDict:
  """A student of another model's vectors."""
  config = default.get_config()
  config.model.init = "FacebookAI/xlm-roberta-base"
  config.model.pooling = "mean"
  config.model.similarity = "cosine"
  config.model.normalise = False
  config.model.encoder.dropout = 0.1
  config.model.encoder.attention_dropout = 0.1
  config.loss.name = "vector_mse"
  config.teacher.vectors = "teacher"
  config.optim.learning_rate = 2e-5
  config.optim.warmup_steps = 10_000
  config.optim.steps = 5 * 2 * 500_000 // 32
  config.optim.weight_decay = 0.01
  config.optim.eps = 1e-6
  config.batch.size = 32
  config.batch.max_length = 128
  return smoke.variant(config, variant, family="xlm-roberta")
