"""The model that a config describes, new or from a pretrained one."""

import pathlib
from typing import Any

from data import program
from data import tokens
from embeddings import description
from embeddings import hosts
from embeddings import pretrained
from embeddings import towers
from embeddings import workdir as workdir_lib
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import table

Config = Any  # the `model` of a ConfigDict, known at run time only


def start(
  config: Config, tokenizer: str, max_length: int
) -> description.Pretrained:
  """The model to train, and the parameters that it does not begin anew.

  Args:
    config: `model` of a config; an empty choice is the pretrained model's.
    tokenizer: a folder, or "" for the pretrained model's.
    max_length: the longest text, 0 for the model's own.

  Raises:
    program.BadInput: names the key, the value and the remedy.
  """
  if not (config.init or tokenizer):
    raise program.BadInput(
      "config.data.tokenizer is empty and there is no config.model.init to "
      "bring one; train one with `python -m data.wordpiece`"
    )
  found = _pretrained(config) if config.init else _new(config, tokenizer)
  about = found.description
  longest = about.config.encoder.max_positions
  length = max_length or about.max_length
  if not 2 <= length <= longest:
    raise program.BadInput(
      f"config.batch.max_length is {length} and the encoder takes 2 to "
      f"{longest} tokens; set one to fit the other"
    )
  folder = pathlib.Path(tokenizer) if tokenizer else about.tokenizer
  about = about.replace(max_length=length, tokenizer=folder)
  return description.Pretrained(about, found.params)


def of_run(
  workdir: workdir_lib.Workdir, tokenizer: str
) -> description.Description:
  """The model of a run that goes on; what it was made from may be gone.

  Args:
    workdir: of the run, which has begun.
    tokenizer: the folder that the config names, or "".
  """
  about = workdir.model()
  if tokenizer and not (pathlib.Path(tokenizer) / tokens.FILE).exists():
    hosts.note(
      f"config.data.tokenizer={tokenizer} is not there; the run goes on with "
      "its own copy"
    )
  elif tokenizer:  # That it is the same is seen by the fingerprint.
    about = about.replace(tokenizer=pathlib.Path(tokenizer))
  return about


def _pretrained(config: Config) -> description.Pretrained:
  """A pretrained model, with what the config says otherwise of it."""
  found = pretrained.load(config.init)
  before = found.description.config
  rates = {k: config.encoder[k] for k in ("dropout", "attention_dropout")}
  chosen = {**_chosen(config), "encoder": before.encoder.replace(**rates)}
  return pretrained.fit(found, before.replace(**chosen))


def _new(config: Config, tokenizer: str) -> description.Pretrained:
  """A model from scratch; its encoder's vocabulary is the tokenizer's."""
  settings = config.encoder.to_dict()
  family = settings.pop("family")
  if family not in table.FAMILIES:
    raise program.BadInput(
      f"config.model.encoder.family is {family!r}; wanted one of "
      f"{', '.join(table.FAMILIES)}"
    )
  length = settings["max_positions"]
  words = tokens.Tokenizer(tokenizer, max_length=length)
  settings = {**table.FAMILIES[family].shape, **settings}
  encoder = config_lib.EncoderConfig(
    family=family, vocab_size=words.vocab_size, **settings
  )
  chosen = _chosen(config)
  chosen.setdefault("normalise", chosen.get("similarity") != "dot")
  about = description.Description(
    towers.ModelConfig(encoder=encoder, **chosen),
    length,
    pathlib.Path(tokenizer),
  )
  return description.Pretrained(about, {})


def _chosen(config: Config) -> dict[str, Any]:
  """What the config says of the model beside its encoder."""
  names = ("pooling", "similarity", "towers", "truncate", "dtype", "remat")
  chosen = {name: config[name] for name in names if config[name]}
  if config.normalise is not None:
    chosen["normalise"] = config.normalise
  if config.projection.width:
    chosen["projection"] = towers.Projection(**config.projection)
  return chosen
