"""Every key that a config has, with its plainest value.

    python -m launch.train --config=launch/configs/default.py \\
      --config.data.train=FOLDER --config.data.tokenizer=FOLDER --workdir=DIR

Other configs begin with `default.get_config()` and change what they must.
`model`, `loss`, `data`, `optim`, `batch` and `seed` identify a run and may not
change when it is resumed; the rest may.
"""

import ml_collections
from ml_collections import config_dict


def get_config() -> ml_collections.ConfigDict:
  """A small BERT from scratch on one data set."""
  config = ml_collections.ConfigDict()
  config.seed = 0

  config.model = ml_collections.ConfigDict()
  # A folder, a hub id or a workdir to start from; it brings its own shape and
  # tokenizer, and `encoder` below (but for the dropout rates) does not count.
  # Two with a comma between start a query and a document tower.
  config.model.init = ""
  # What is empty, None or 0 here is as `init` has it; else the first named.
  config.model.pooling = ""  # mean, cls, max, last, weighted_mean
  config.model.normalise = config_dict.placeholder(bool)  # True, False
  config.model.similarity = ""  # cosine, dot
  config.model.towers = ""  # shared, two
  config.model.projection = ml_collections.ConfigDict(
    {"width": 0, "activation": "tanh", "biases": True}  # 0 for none
  )
  config.model.truncate = 0  # numbers that a vector keeps; 0 for all
  config.model.dtype = "float32"  # or bfloat16, float16
  config.model.remat = "none"  # or dots, full: less memory, more work
  config.model.encoder = ml_collections.ConfigDict(
    {
      "family": "bert",
      "width": 256,
      "layers": 2,
      "heads": 4,
      "mlp_width": 1_024,
      "max_positions": 512,
      "activation": "gelu",
      "dropout": 0.0,
      "attention_dropout": 0.0,
      "init_range": 0.02,
    }
  )

  config.loss = ml_collections.ConfigDict(
    {"name": "in_batch", "scale": 20.0, "symmetric": True}
  )

  config.data = ml_collections.ConfigDict()
  # FOLDER[=WEIGHT],... or a mixture file, in which each data set may have its
  # own prompts, swap, negatives and max_epochs; see data/mixture.py.
  config.data.train = ""
  config.data.root = ""  # what a file's folders are below; its own if empty
  config.data.tokenizer = ""  # a folder; not needed with model.init
  # 1, 2, ... or all; empty for 2, or 1 where there is but one.
  config.data.datasets_per_batch = ""
  # 0 for the weights alone, else they are times records^(1/temperature).
  config.data.temperature = 0.0
  config.data.max_epochs = 0.0  # after which a data set leaves; 0 for never
  # None for those of `model.init`; given, the trained model has them too.
  config.data.prompts = ml_collections.ConfigDict(
    {
      "query": config_dict.placeholder(str),
      "document": config_dict.placeholder(str),
    }
  )
  config.data.swap = 0.0  # probability that query and document change sides
  config.data.negatives = 0  # hard negatives a pair, at most
  config.data.choose_negatives = "first"  # or random
  config.data.run_length = 1  # neighbours on disk that are drawn together

  config.optim = ml_collections.ConfigDict(
    {
      "name": "adamw",
      "learning_rate": 2e-5,
      "warmup_steps": 100,
      "steps": 1_000,
      "decay": "linear",
      "weight_decay": 0.0,
      "clip_norm": 1.0,
    }
  )

  config.batch = ml_collections.ConfigDict()
  config.batch.size = 128
  config.batch.max_length = 128  # 0 for the longest that the model takes
  config.batch.pack_shards = 1
  config.batch.packing = "packed"  # or padded, one text a row
  # Each shape of a batch is compiled for. So many are chosen to waste least
  # on the data, or they are fractions of the largest; see data/shapes.py.
  config.batch.shapes = 10
  config.batch.ladder = ()

  config.mesh = ml_collections.ConfigDict({"data": -1, "fsdp": 1, "tensor": 1})
  config.input = ml_collections.ConfigDict(
    {
      "threads": 1,  # more where a disk is waited for
      "workers": 0,  # processes beside this one; 0 for its threads alone
      "ahead": 4,  # batches that wait ready
      "tokens": "auto",  # cache, text, or the cache where all sets have one
      "on_bad_record": "stop",  # or skip: the next one takes its place
      "max_bad_records": 100,  # skipped at most
      "changed_data": "refuse",  # or go_on: another mixture from here on
    }
  )
  config.save = ml_collections.ConfigDict({"every": 500, "keep": 2})
  # Evaluation folders, FOLDER,...; `every` 0 is at the end alone.
  config.eval = ml_collections.ConfigDict({"tasks": "", "every": 500})
  config.log = ml_collections.ConfigDict({"every": 10})
  return config
