"""From a config to the objects of a run; below this, no config is known."""

import dataclasses
import functools
from typing import Any

import jax
from jax.sharding import Mesh

from data import batch as batch_lib
from data import layout as layout_lib
from data import program
from embeddings import description
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings.evals import table as evals
from embeddings.losses import table as losses
from launch import inputs
from launch import limits
from launch import models

Config = Any  # a ConfigDict, whose fields are known at run time only


@dataclasses.dataclass(frozen=True)
class Run:
  """Everything that training needs, made from one config."""

  config: Config
  mesh: Mesh
  layout: layout_lib.Layout
  about: description.Description
  input: inputs.Input
  model: towers.Model
  params: towers.Params  # pretrained ones; what they lack begins anew
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
    """The training step, compiled for every shape, largest first."""
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
        self.layout.zeros(shape),
      )
      for shape in self.layout.shapes()
    ]


def assemble(config: Config) -> Run:
  """Opens what the config names and checks that it fits together.

  Raises:
    program.BadInput: names the key, the value and the remedy.
  """
  limits.check(config)
  mesh = partition.make_mesh(**config.mesh)
  partition.check_batch(config.batch.pack_shards, mesh)
  about, params = models.start(
    config.model, config.data.tokenizer, config.batch.max_length
  )
  about = inputs.with_prompts(about, config.data.prompts)
  mixture = inputs.open_mixture(config.data, about)
  layout = layout_lib.Layout(
    size=config.batch.size,
    max_length=about.max_length,
    pack_shards=config.batch.pack_shards,
    packing=config.batch.packing,
    ladder=tuple(config.batch.ladder),
    negatives=max(options.negatives for options in mixture.options),
    sides=len(about.config.sides),
  )
  found = inputs.Input(config, mixture, about, layout, mesh)
  return Run(
    config=config,
    mesh=mesh,
    layout=found.layout,
    about=about,
    input=found,
    model=towers.Model(about.config, mesh),
    params=params,
    loss=_loss(config.loss),
    optimizer=optimizer.OptimizerConfig(**config.optim),
    tasks=evals.read_all([t for t in config.eval.tasks.split(",") if t]),
  )


def _loss(config: Config) -> losses.LossFunction:
  """The loss that the config names, with its settings."""
  settings: dict[str, Any] = config.to_dict()
  name = settings.pop("name")
  if name not in losses.LOSSES:
    raise program.BadInput(
      f"config.loss.name is {name!r}; wanted one of {', '.join(losses.LOSSES)}"
    )
  return functools.partial(losses.LOSSES[name], **settings)
