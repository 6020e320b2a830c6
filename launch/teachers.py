"""The teacher that a config names: a model, or its vectors in the data."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh

from data import mixture as mixture_lib
from data import program
from data import vectors as vectors_lib
from embeddings import description
from embeddings import huggingface
from embeddings import partition
from embeddings import pretrained
from embeddings import towers
from embeddings.losses import terms as terms_lib
from launch import objectives as objectives_lib

Config = Any  # the `teacher` of a ConfigDict, known at run time only


class Teacher(NamedTuple):
  """What teaches.

  Attributes:
    model: that embeds each batch, or None.
    params: its parameters.
    vectors: of each data set whose losses want some, or None.
  """

  model: towers.Model | None = None
  params: towers.Params | None = None
  vectors: tuple[vectors_lib.Vectors | None, ...] = ()

  @property
  def width(self) -> int:
    """V, numbers in a vector that the batches bring; 0 if they bring none."""
    return max((v.width for v in self.vectors if v is not None), default=0)

  def place(self, mesh: Mesh) -> towers.Params | None:
    """The parameters on the mesh, cut up as the model's are."""
    if self.params is None:
      return None
    params = jax.device_get(self.params)
    # `device_put` would first compare the whole of them between the hosts.
    return jax.tree.map(
      lambda x, sharding: jax.make_array_from_callback(
        x.shape, sharding, lambda index: x[index]
      ),
      params,
      partition.shard_state(params, mesh),
    )


def find(
  config: Config,
  objectives: objectives_lib.Objectives,
  mixture: mixture_lib.Mixture,
  about: description.Description,
  mesh: Mesh,
) -> Teacher:
  """The teacher of a run.

  Args:
    config: `teacher` of a config.
    objectives: the losses, which may want one.
    mixture: its open data sets.
    about: the model that learns.
    mesh: the devices.

  Raises:
    program.BadInput: for a teacher that is not there, is not wanted, or does
      not fit the model.
  """
  wanted = any(map(objectives.wants_vectors, range(len(mixture.names))))
  given = config.init or config.vectors
  if config.init and config.vectors:
    raise program.BadInput(
      f"config.teacher.init is {config.init!r} and config.teacher.vectors "
      f"{config.vectors!r}; give one of them"
    )
  if wanted != bool(given):
    raise program.BadInput(_unasked(given, objectives.terms))
  if not config.init:
    return Teacher(vectors=vectors_of(config, objectives, mixture, about))
  found = pretrained.load(config.init)
  _check_alike(config.init, found.description, about)
  check_width(config.init, found.description.config.width, objectives, about)
  return Teacher(towers.Model(found.description.config, mesh), found.params)


def vectors_of(
  config: Config,
  objectives: objectives_lib.Objectives,
  mixture: mixture_lib.Mixture,
  about: description.Description,
) -> tuple[vectors_lib.Vectors | None, ...]:
  """The vectors of each data set whose losses want some, None for others.

  Args:
    config: `teacher` of a config.
    objectives: the losses.
    mixture: its open data sets.
    about: the model that learns.

  Raises:
    program.BadInput: if they are not there, or do not fit.
  """
  wanted = any(map(objectives.wants_vectors, range(len(mixture.names))))
  if wanted and not (config.init or config.vectors):
    raise program.BadInput(_unasked("", objectives.terms))
  vectors = tuple(
    vectors_lib.Vectors(data_set, config.vectors)
    if config.vectors and objectives.wants_vectors(index)
    else None
    for index, data_set in enumerate(mixture.data_sets)
  )
  for index, found in enumerate(vectors):
    if found is not None:
      check_width(config.vectors, found.width, objectives, about)
      if found.contents.about.columns == "query":
        _check_columns(mixture.names[index], objectives.of(index))
  return vectors


def _unasked(given: str, terms: Sequence[terms_lib.Term]) -> str:
  """Says that there is a teacher and no use for it, or the other way round."""
  names = ", ".join(term.name for term in terms)
  if given:
    return (
      f"config.teacher names {given!r} and no loss ({names}) learns from a "
      "teacher's vectors; leave it out, or choose vector_mse, teacher=vectors "
      "or guide=teacher"
    )
  return (
    f"a loss of {names} learns from a teacher's vectors and config.teacher is "
    "empty; set --config.teacher.init to a model, or --config.teacher.vectors "
    "to vectors that `python -m tools.teach` wrote"
  )


def _check_alike(
  name: str, teacher: description.Description, about: description.Description
) -> None:
  """Raises BadInput unless the teacher can read the model's tokens."""
  remedy = (
    "have it write its vectors first, with `python -m tools.teach`, and give "
    "--config.teacher.vectors"
  )
  try:
    huggingface.check_tokenizers([teacher.tokenizer, about.tokenizer], name)
  except program.BadInput as error:
    raise program.BadInput(
      f"config.teacher.init={name} has another tokenizer than the model; "
      f"{remedy}"
    ) from error
  if teacher.config.towers == "two" and about.config.towers == "shared":
    raise program.BadInput(
      f"config.teacher.init={name} has two towers and the model one; {remedy}"
    )
  for side in towers.SIDES:
    if teacher.prompt(side) != about.prompt(side):
      raise program.BadInput(
        f"config.teacher.init={name} has the {side} prompt "
        f"{teacher.prompt(side)!r} and the model {about.prompt(side)!r}; "
        f"{remedy}, or set --config.data.prompts.{side}"
      )
  if teacher.config.encoder.max_positions < about.max_length:
    raise program.BadInput(
      f"config.teacher.init={name} takes "
      f"{teacher.config.encoder.max_positions} tokens and "
      f"config.batch.max_length is {about.max_length}; lower it"
    )


def check_width(
  name: str,
  width: int,
  objectives: objectives_lib.Objectives,
  about: description.Description,
) -> None:
  """Raises BadInput if vectors are to be equal that cannot be."""
  for term in objectives.terms:
    if term.loss.vectors == "raw" and width != about.config.width:
      raise program.BadInput(
        f"the teacher {name} has vectors of {width} numbers and the model of "
        f"{about.config.width}, which the loss {term.name} would make equal; "
        f"set --config.model.projection.width={width}, with "
        "--config.model.projection.activation=identity"
      )


def _check_columns(name: str, terms: Sequence[terms_lib.Term]) -> None:
  """Raises BadInput if a loss wants more than the vectors of queries."""
  for term in terms:
    if term.loss.of_teacher == "vectors" and term.loss.vectors != "raw":
      raise program.BadInput(
        f"data set {name!r} has a teacher's vectors of queries alone and the "
        f"loss {term.name} wants those of all texts; make them with "
        "`python -m tools.teach --columns=all`"
      )
