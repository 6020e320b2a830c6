"""What is measured of a model while it is trained: tasks, and held-out losses.

Evaluation folders are measured as evals/table.py knows them. Of a mixture that
is held out, each data set has its loss measured, by the loss that it names or
that of the config, over a few batches that are the same each time.
"""

import dataclasses
from typing import Any, NamedTuple

from jax.sharding import Mesh

from data import gather
from data import layout as layout_lib
from data import loader
from data import program
from data import tokens
from embeddings import description
from embeddings import encode
from embeddings import heldout
from embeddings import hosts
from embeddings import json_lines
from embeddings import metrics
from embeddings import objective as objective_lib
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings.evals import finite
from embeddings.evals import table as evals
from launch import inputs
from launch import objectives
from launch import teachers

Config = Any  # a ConfigDict, whose fields are known at run time only

# Of one text a row; shapes are compiled for as they come.
_LADDER = tuple(0.8**power for power in range(16))


class Evaluation(NamedTuple):
  """What a run measures.

  Attributes:
    encoder: makes vectors by the run's model.
    tasks: evaluation folders.
    held_out: data sets whose loss is measured, or None.
    teacher: its parameters, where losses want them.
  """

  encoder: encode.Encoder
  tasks: list[tuple[str, evals.Task]]
  held_out: heldout.HeldOut | None
  teacher: towers.Params | None

  def __call__(
    self,
    step: int,
    state: step_lib.State,
    reporter: metrics.Reporter | None,
    results: json_lines.JsonLines | None,
  ) -> dict[str, float]:
    """Measures a state, and reports it, unless that was done.

    All hosts come by here: they measure together, and process 0 reports.

    Args:
      step: of the state.
      state: on the mesh.
      reporter: shows the results; None on other hosts.
      results: keeps them; None on other hosts.

    Returns:
      The results, the same on all hosts to the last bit.

    Raises:
      program.Diverged: if the model's vectors or losses are not finite.
    """
    if not (self.tasks or self.held_out):
      return {}
    done = hosts.from_first(lambda: results.of(step) if results else {})
    if done:
      return {name: value for name, value in done.items() if name != "step"}
    hosts.note(f"evaluating step {step}")
    try:
      found = self._measure(state.evaluated)
    except finite.NotFinite as error:
      raise program.Diverged(
        f"the model of step {step} cannot be evaluated: {error}; lower "
        "--config.optim.learning_rate in a new workdir"
      ) from error
    found = hosts.from_first(lambda: found)
    if results:
      results.write({"step": step, **found})
    if reporter:
      reporter.evaluation(step, found)
    shown = (f"{name} {found[name]:.4f}" for name in self._main_results(found))
    hosts.note(f"step {step}: {', '.join(shown)}")
    return found

  def _main_results(self, found: dict[str, float]) -> list[str]:
    """Those that a line has room for: a measure of each task, the losses."""
    names = [f"{name}.{task.main}" for name, task in self.tasks]
    losses = [name for name in found if name.endswith(".loss")]
    return [name for name in names if name in found] + losses

  def _measure(self, params: towers.Params) -> dict[str, float]:
    """The results of all tasks and held-out data sets."""
    self.encoder.params = params
    found = evals.run(
      lambda texts, side: self.encoder.encode(texts, side=side),
      self.encoder.model.config.similarity,
      self.tasks,
    )
    if self.held_out:
      losses = self.held_out.losses(params, self.teacher)
      for name, loss in losses.items():
        finite.check(name, {"loss": loss})
      found |= {f"{name}.loss": value for name, value in losses.items()}
    return found

  def in_chunks(self, chunk_rows: int) -> "Evaluation":
    """The same, with so many rows of held-out batches at a time."""
    if self.held_out is None:
      return self
    return self._replace(held_out=self.held_out.in_chunks(chunk_rows))


def find(
  config: Config,
  about: description.Description,
  objective: objective_lib.Objective,
  teacher: towers.Params | None,
  mesh: Mesh,
) -> Evaluation:
  """What a config says is to be measured.

  Args:
    config: of the run.
    about: its model.
    objective: what it minimises.
    teacher: the parameters of the objective's teacher, on the mesh.
    mesh: the devices.

  Raises:
    program.BadInput: names the folder or the data set, and the remedy.
  """
  tasks = evals.read_all([t for t in config.eval.tasks.split(",") if t])
  held_out = None
  if config.eval.heldout:
    held_out = _held_out(config, about, objective, mesh)
  return Evaluation(encode.make(about, None, mesh), tasks, held_out, teacher)


def _held_out(
  config: Config,
  about: description.Description,
  objective: objective_lib.Objective,
  mesh: Mesh,
) -> heldout.HeldOut:
  """The data sets that are held out, and their batches."""
  data = config.data.copy_and_resolve_references()
  data.train, data.max_epochs = config.eval.heldout, 0.0
  mixture = inputs.open_mixture(data, about)
  learned = objectives.find(config.loss, mixture, objective.terms)
  objectives.check(learned, mixture, about.config)
  vectors = teachers.vectors_of(config.teacher, learned, mixture, about)
  if objective.teacher:
    width = objective.teacher.config.width
    teachers.check_width(config.teacher.init, width, learned, about)
  tokenizer = tokens.Tokenizer(about.tokenizer, max_length=about.max_length)
  found = {}
  for index, name in enumerate(mixture.names):
    one = dataclasses.replace(
      mixture,
      entries=mixture.entries[index : index + 1],
      weights=(1,),
      data_sets=mixture.data_sets[index : index + 1],
    )
    teacher = vectors[index]
    layout = layout_lib.Layout(
      size=_size(config.batch, name, mixture.sizes[index]),
      max_length=about.max_length,
      pack_shards=config.batch.pack_shards,
      ladder=_LADDER,
      negatives=mixture.options[index].negatives,
      sides=len(about.config.sides),
      target_width=teacher.width if teacher else 0,
    )
    batches = loader.Batches(
      one,
      gather.open_source(
        "text", one, tokenizer, layout.columns, None, [teacher]
      ),
      layout,
      datasets_per_batch="1",
      seed=config.seed,
      steps=min(
        config.eval.heldout_batches, mixture.sizes[index] // layout.size
      ),
      shards=partition.shards_here(mesh, layout.pack_shards),
      objective=[learned.of_data_set[index]],
    )
    found[name] = heldout.DataSet(
      [batches[step] for step in range(len(batches))],
      objective.replace(terms=tuple(learned.of(index))),
    )
  return heldout.HeldOut(found, mesh, config.batch.pack_shards)


def _size(batch: Config, name: str, records: int) -> int:
  """The pairs of a batch: those of training, or what the data set has."""
  size = min(batch.size, records) // batch.pack_shards * batch.pack_shards
  if not size:
    raise program.BadInput(
      f"the data set {name!r} of config.eval.heldout has {records} records; "
      f"wanted {batch.pack_shards} (config.batch.pack_shards) or more"
    )
  return size
