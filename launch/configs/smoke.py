"""The smoke variant of a recipe: the same on a CPU in seconds.

    python -m launch.train --config=launch/configs/dpr_nq.py:smoke ...

Loss, similarity, pooling, towers and dropout are the recipe's. What is small
is the encoder, begun from scratch so that nothing is downloaded, and the
number and size of the batches; the learning rate is one for such an encoder.
"""

import ml_collections

from data import program

NAME = "smoke"
WIDTH = 64


def variant(
  config: ml_collections.ConfigDict, name: str, *, family: str = "bert"
) -> ml_collections.ConfigDict:
  """The variant of a recipe that stands behind the colon of --config.

  Args:
    config: the recipe; it is changed.
    name: "" for the recipe as it is, or "smoke".
    family: of the recipe's encoder.

  Raises:
    program.BadInput: for another name.
  """
  if name not in ("", NAME):
    raise program.BadInput(
      f"a config has no variant {name!r}; wanted none, or {NAME!r} as in "
      f"--config=launch/configs/dpr_nq.py:{NAME}"
    )
  return shrink(config, family) if name else config


def shrink(
  config: ml_collections.ConfigDict, family: str
) -> ml_collections.ConfigDict:
  """Makes a recipe small; the changed config is given back."""
  config.model.init = ""
  config.model.dtype = "float32"
  config.model.encoder.family = family
  config.model.encoder.width = WIDTH
  config.model.encoder.layers = 2
  config.model.encoder.heads = 2
  config.model.encoder.mlp_width = 2 * WIDTH
  config.model.encoder.max_positions = 32
  # BERT's 0.02 is for a width of 768. At this width attention adds so little
  # then that all [CLS] vectors begin alike, and stay so for long.
  config.model.encoder.init_range = 0.1
  if config.model.projection.width:
    config.model.projection.width = WIDTH
  config.optim.learning_rate = 3e-3
  config.optim.warmup_steps = 10
  config.optim.steps = 120
  config.batch.size = 32
  config.batch.max_length = 32
  config.batch.pack_shards = 1
  config.batch.shapes = 1
  config.save.every = 120
  config.eval.every = 0
  config.log.every = 1
  return config
