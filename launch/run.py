"""From a config to the objects of a run; below this, no config is known."""

import dataclasses
import functools
import pathlib
from typing import Any

import jax
from jax.sharding import Mesh

from data import batch as batch_lib
from data import loader
from data import mixture
from data import program
from data import tokens
from embeddings import huggingface
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.evals import table as evals
from embeddings.losses import table as losses
from launch import limits

Config = Any  # a ConfigDict, whose fields are known at run time only


@dataclasses.dataclass(frozen=True)
class Run:
  """Everything that training needs, made from one config."""

  config: Config
  mesh: Mesh
  layout: loader.Layout
  tokenizer: tokens.Tokenizer
  tokenizer_folder: pathlib.Path
  batches: loader.Batches
  mixture: mixture.Mixture
  model: towers.Model
  params: towers.Params | None  # pretrained ones, None to begin anew
  loss: losses.LossFunction
  optimizer: optimizer.OptimizerConfig
  tasks: list[tuple[str, evals.Task]]

  def initial_state(self) -> step_lib.State:
    """The state at step 0."""
    return step_lib.init(
      self.model,
      optimizer.make(self.optimizer),
      seed=self.config.seed,
      mesh=self.mesh,
      params=self.params,
    )

  def compile_step(self, state: step_lib.State) -> step_lib.TrainStep:
    """The training step, compiled for every row count, largest first."""
    step = step_lib.make(
      self.model,
      self.loss,
      optimizer.make(self.optimizer),
      seed=self.config.seed,
      mesh=self.mesh,
      state=state,
    )
    return step_lib.compile_all(step, state, self.shapes())

  def shapes(self) -> list[batch_lib.Batch]:
    """One batch of each shape that the input may give, as shapes."""
    spread = jax.sharding.NamedSharding(self.mesh, partition.BATCH)
    return [
      jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=spread),
        self.layout.zeros(rows),
      )
      for rows in self.layout.row_counts()
    ]


def assemble(config: Config) -> Run:
  """Opens what the config names and checks that it fits together.

  Raises:
    program.BadInput: names the key, the value and the remedy.
  """
  limits.check(config)
  sets = mixture.open_mixture(config.data.train)
  layout = loader.Layout(
    size=config.batch.size,
    max_length=config.batch.max_length,
    pack_shards=config.batch.pack_shards,
    ladder=tuple(config.batch.ladder),
    negatives=config.data.negatives,
  )
  mesh = partition.make_mesh(**config.mesh)
  partition.check_batch(layout.pack_shards, mesh)
  model_config, params, folder = _model(config.model, config.data.tokenizer)
  _check_length(layout.max_length, model_config.encoder)
  tokenizer = tokens.Tokenizer(folder, max_length=layout.max_length)
  return Run(
    config=config,
    mesh=mesh,
    layout=layout,
    tokenizer=tokenizer,
    tokenizer_folder=folder,
    batches=loader.Batches(
      sets,
      tokenizer,
      layout,
      datasets_per_batch=config.data.datasets_per_batch,
      seed=config.seed,
      steps=config.optim.steps,
    ),
    mixture=sets,
    model=towers.Model(model_config),
    params=params,
    loss=_loss(config.loss),
    optimizer=optimizer.OptimizerConfig(**config.optim),
    tasks=evals.read_all([t for t in config.eval.tasks.split(",") if t]),
  )


def _model(
  config: Config, tokenizer: str
) -> tuple[towers.ModelConfig, towers.Params | None, pathlib.Path]:
  """The model, its pretrained parameters, and the tokenizer's folder."""
  rates = {
    name: config.encoder[name] for name in ("dropout", "attention_dropout")
  }
  if config.init:
    found = huggingface.load(config.init, dtype=config.dtype)
    encoder = found.config.encoder.replace(**rates)
    changed = dataclasses.replace(found.config, encoder=encoder)
    folder = pathlib.Path(tokenizer) if tokenizer else found.folder
    return changed, found.params, folder
  if not tokenizer:
    raise program.BadInput(
      "config.data.tokenizer is empty and there is no config.model.init to "
      "bring one; train one with `python -m data.wordpiece`"
    )
  vocab = tokens.Tokenizer(tokenizer, max_length=config.encoder.max_positions)
  encoder = config_lib.EncoderConfig(
    vocab_size=vocab.vocab_size, **config.encoder
  )
  model = towers.ModelConfig(
    encoder, config.pooling, config.normalise, config.dtype
  )
  return model, None, pathlib.Path(tokenizer)


def _loss(config: Config) -> losses.LossFunction:
  """The loss that the config names, with its settings."""
  settings: dict[str, Any] = config.to_dict()
  name = settings.pop("name")
  if name not in losses.LOSSES:
    raise program.BadInput(
      f"config.loss.name is {name!r}; wanted one of {', '.join(losses.LOSSES)}"
    )
  return functools.partial(losses.LOSSES[name], **settings)


def _check_length(length: int, encoder: config_lib.EncoderConfig) -> None:
  """Raises BadInput if texts may be longer than the encoder knows."""
  if not 2 <= length <= encoder.max_positions:
    raise program.BadInput(
      f"config.batch.max_length is {length} and the encoder takes 2 to "
      f"{encoder.max_positions} tokens; set one to fit the other"
    )
