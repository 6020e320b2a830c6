"""From a config to the objects of a run; below this, no config is known."""

import dataclasses
import pathlib
from typing import Any

import jax
from jax.sharding import Mesh

from data import batch as batch_lib
from data import layout as layout_lib
from embeddings import description
from embeddings import hosts
from embeddings import objective as objective_lib
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings import workdir as workdir_lib
from embeddings.losses import blockwise
from embeddings.losses import terms
from launch import chunks
from launch import evaluation
from launch import inputs
from launch import limits
from launch import models
from launch import objectives
from launch import teachers

Config = Any  # a ConfigDict, whose fields are known at run time only


@dataclasses.dataclass(frozen=True)
class Run:
  """Everything that training needs, made from one config."""

  config: Config
  mesh: Mesh
  layout: layout_lib.Layout
  about: description.Description
  input: inputs.Input
  # Pretrained ones; what they lack begins anew. None of a run that goes on.
  params: towers.Params | None
  objective: objective_lib.Objective
  teacher: towers.Params | None  # on the mesh
  optimizer: optimizer.OptimizerConfig
  evaluation: evaluation.Evaluation

  def initial_state(self, *, pretrained: bool = True) -> step_lib.State:
    """The state at step 0.

    Args:
      pretrained: whether the values of the pretrained model count, which must
        be there then if the run has one.
    """
    params = self.params
    if params is None and pretrained:
      params = jax.device_get(_start(self.config).params)
    return step_lib.init(
      self.objective,
      self._optimizer(),
      seed=self.config.seed,
      mesh=self.mesh,
      params=params,
      average=self.optimizer.average,
    )

  def state_shapes(self) -> step_lib.State:
    """The shapes and shardings of a state, to restore into."""
    return step_lib.shapes(
      self.objective,
      self._optimizer(),
      mesh=self.mesh,
      average=self.optimizer.average,
    )

  def in_chunks(
    self, state: step_lib.State, kept: pathlib.Path | None = None
  ) -> "Run":
    """The same run, which encodes as many rows at a time as its config says.

    Args:
      state: a state.
      kept: the file that keeps a choice, None to keep it nowhere.
    """

    def of(chunk_rows: int) -> "Run":
      return dataclasses.replace(
        self,
        objective=self.objective.replace(chunk_rows=chunk_rows),
        evaluation=self.evaluation.in_chunks(chunk_rows),
      )

    given = self.config.batch.chunk_rows
    rows = max(rows for rows, _ in self.layout.shapes()[0])
    return of(
      chunks.of_run(kept, given, rows, lambda n: of(n)._compile_largest(state))
    )

  def compile_step(self, state: step_lib.State) -> step_lib.TrainStep:
    """The training step, compiled for every shape, largest first."""
    return step_lib.compile_all(
      self._step(state), state, self.shapes(), self.teacher
    )

  def _compile_largest(self, state: step_lib.State) -> jax.stages.Compiled:
    """The training step of the largest batch."""
    return self._step(state).lower(
      state, self.shapes()[0], self.teacher
    ).compile()  # fmt: skip

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

  def _step(self, state: step_lib.State) -> jax.stages.Wrapped:
    """The training step, not compiled."""
    return step_lib.make(
      self.objective,
      self._optimizer(),
      seed=self.config.seed,
      mesh=self.mesh,
      state=state,
      teacher=self.teacher,
      average=self.optimizer.average,
    )

  def _optimizer(self) -> Any:
    """The optimiser, which holds learned scales below their ceilings."""
    return optimizer.make(self.optimizer, terms.ceilings(self.objective.terms))


def assemble(config: Config, workdir: workdir_lib.Workdir | None = None) -> Run:
  """Opens what the config names and checks that it fits together.

  Args:
    config: of the run.
    workdir: of the run, None to keep it nowhere. Where the run has begun, its
      model is taken from there, and what it began from is not opened.

  Raises:
    program.BadInput: names the key, the value and the remedy.
  """
  limits.check(config)
  mesh = partition.make_mesh(**config.mesh)
  partition.check_batch(config.batch.pack_shards, mesh)
  about, params = _model(config, workdir)
  about = inputs.with_prompts(about, config.data.prompts)
  mixture = inputs.open_mixture(config.data, about)
  learned = objectives.find(config.loss, mixture)
  objectives.check(learned, mixture, about.config)
  teacher = teachers.find(config.teacher, learned, mixture, about, mesh)
  layout = layout_lib.Layout(
    size=config.batch.size,
    max_length=about.max_length,
    pack_shards=config.batch.pack_shards,
    packing=config.batch.packing,
    ladder=tuple(config.batch.ladder),
    negatives=max(options.negatives for options in mixture.options),
    sides=len(about.config.sides),
    target_width=teacher.width,
  )
  found = inputs.Input(
    config, mixture, about, layout, mesh, learned.of_data_set, teacher.vectors
  )
  optim = optimizer.OptimizerConfig(**config.optim)
  objective = objective_lib.Objective(
    towers.Model(about.config, mesh),
    learned.terms,
    teacher=teacher.model,
    spread=blockwise.Spread(mesh),
    freeze=optim.parameter_groups.freeze,
  )
  if optim.groups:
    optim.parameter_groups.check(_shapes(objective))
  parameters = teacher.place(mesh)
  return Run(
    config=config,
    mesh=mesh,
    layout=found.layout,
    about=about,
    input=found,
    # Of a workdir they are on one device, and a mesh takes none from there.
    params=jax.device_get(params),
    objective=objective,
    teacher=parameters,
    optimizer=optim,
    evaluation=evaluation.find(config, about, objective, parameters, mesh),
  )


def _model(
  config: Config, workdir: workdir_lib.Workdir | None
) -> tuple[description.Description, towers.Params | None]:
  """The model of a run, and the parameters that it begins with if it does."""
  # Asked for once: process 0 may soon begin it, ahead of the others.
  if workdir and hosts.from_first(lambda: workdir.begun):
    about = models.of_run(workdir, config.data.tokenizer)
    return about, None if config.model.init else {}
  return _start(config)


def _start(config: Config) -> description.Pretrained:
  """What the config says to begin with."""
  return models.start(
    config.model, config.data.tokenizer, config.batch.max_length
  )


def _shapes(objective: objective_lib.Objective) -> towers.Params:
  """The shapes of all parameters that an objective trains."""
  return {
    **jax.eval_shape(objective.model.init, jax.random.key(0)),
    **terms.learned(objective.terms),
  }
