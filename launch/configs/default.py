"""Every key that a config has, with its plainest value.

    python -m launch.train --config=launch/configs/default.py \\
      --config.data.train=FOLDER --config.data.tokenizer=FOLDER --workdir=DIR

Other configs begin with `default.get_config()` and change what they must.
`model`, `loss`, `teacher`, `data`, `optim`, `batch` and `seed` identify a run
and may not change when it is resumed; the rest may, and batch.chunk_rows.
"""

import ml_collections
from ml_collections import config_dict


# Of all losses together; each has some, with a default.
LOSS_SETTINGS = {
  "scale": float,  # times a similarity
  "max_scale": float,  # 0 for a fixed scale, else it is learned up to this
  "symmetric": bool,  # documents are to find their queries too
  "contrast": str,  # queries, documents, or both with a comma
  "partition": str,  # directions, joint
  "label_smoothing": float,
  "positives": str,  # own, group
  "negatives_from": str,  # batch, dataset
  "filter": str,  # absolute, relative: leaves likely positives out
  "filter_margin": float,
  "guide": str,  # model, teacher: by whose similarities
  "bias": float,  # of sigmoid
  "margin": float,  # of triplet
  "distance": str,  # euclidean, cosine
  "teacher": str,  # scores, vectors
  "temperature": float,  # of kl
  "teacher_temperature": float,
}


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

  config.loss = ml_collections.ConfigDict()
  # in_batch, sigmoid, triplet, cosent, angle, cosine, margin_mse, kl,
  # vector_mse; a data set of a mixture file may name its own. See
  # embeddings/losses. What is None is as the loss has it by default; what it
  # has not must be None.
  config.loss.name = "in_batch"
  config.loss.weight = 1.0
  # Vectors cut to so many numbers are trained as well (Matryoshka).
  config.loss.widths = ()
  config.loss.width_weights = ()  # 1 each if empty
  for key, kind in LOSS_SETTINGS.items():
    config.loss[key] = config_dict.placeholder(kind)

  # What teaches, where a loss learns from a teacher's vectors: a model that
  # runs alongside and reads the same tokens, or the name of vectors that
  # tools.teach has written into the data sets.
  config.teacher = ml_collections.ConfigDict({"init": "", "vectors": ""})

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
      "eps": 1e-8,
      "clip_norm": 1.0,
      # PATTERN=FACTOR,... of the learning rate by parameter path; 0 freezes.
      "groups": "",
      # Batches whose gradients are averaged before the parameters move.
      "accumulate": 1,
      # Decay a step of the parameters' moving average, which is evaluated and
      # exported in their place; 0 for none.
      "ema": 0.0,
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
  # Rows of a shard that are encoded at a time: less memory, a third more work.
  # 0 for all, or auto for as many as the device has room for.
  config.batch.chunk_rows = "0"

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
  config.save = ml_collections.ConfigDict(
    {
      "every": 500,  # steps
      "keep": 2,  # of the newest
      "keep_every": 0,  # steps between two that stay for ever; 0 for none
      # A result of evals.jsonl whose best step is kept too, "dev.ndcg@10".
      "best": "",
      "best_mode": "max",  # or min
    }
  )
  config.hosts = ml_collections.ConfigDict(
    {
      "grace_s": 25.0,  # from the notice that a machine is taken to its end
      "gone_s": 60.0,  # after which a host that says nothing is gone
      "hang_s": 900.0,  # that a step may take
    }
  )
  config.eval = ml_collections.ConfigDict(
    {
      "tasks": "",  # evaluation folders, [TYPE:]FOLDER[@SPLIT],...
      "heldout": "",  # a mixture, as data.train: the loss of each data set
      "heldout_batches": 4,  # at most, of each
      "every": 500,  # steps, and before the first; 0 for the end alone
    }
  )
  config.log = ml_collections.ConfigDict(
    {
      "every": 10,  # steps between two lines of metrics.jsonl
      "spike": 6.0,  # standard deviations of the loss; 0 says nothing of them
    }
  )
  # Where compiled programs are kept for the next start: a folder, "" for
  # nowhere, auto for the workdir, but on CPUs; see embeddings/compile_cache.py.
  config.compile_cache = "auto"
  return config
