"""One step of training, and the state it moves."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh
import jax.numpy as jnp
import optax

from data import batch as batch_lib
from embeddings import average as average_lib
from embeddings import checksum
from embeddings import flops
from embeddings import objective as objective_lib
from embeddings import partition
from embeddings import towers
from embeddings.losses import terms


class State(NamedTuple):
  """All that a run carries from step to step."""

  step: jax.Array  # int32 []
  params: towers.Params
  opt: optax.OptState
  average: towers.Params | None = None  # see average.py

  @property
  def evaluated(self) -> towers.Params:
    """The parameters that are measured: their average, where there is one."""
    return self.params if self.average is None else self.average


class Metrics(NamedTuple):
  """What a step says of itself, on the device until it is read."""

  loss: jax.Array  # []
  accuracy: jax.Array  # [], in-batch; nan where no loss has one
  details: dict[str, jax.Array]  # [], see `terms.Total`
  gradient_norm: jax.Array  # [], of this batch, before clipping
  tokens: jax.Array  # int32 [], real ones
  slots: jax.Array  # int32 [], padding included
  texts: jax.Array  # uint32 [], see checksum.py
  flops: jax.Array  # float32 [], see flops.py


TrainStep = Callable[[State, batch_lib.Batch], tuple[State, Metrics]]


def init(
  objective: objective_lib.Objective,
  optimizer: optax.GradientTransformation,
  *,
  seed: int,
  mesh: Mesh,
  params: towers.Params | None = None,
  average: average_lib.Average | None = None,
) -> State:
  """The state before the first step, placed on the mesh.

  Args:
    objective: what is trained, and on what.
    optimizer: how it moves.
    seed: of new parameters.
    mesh: the devices.
    params: pretrained parameters; modules that they lack are new.
    average: how the parameters are averaged, None for no average.

  Returns:
    The state at step 0.

  Raises:
    program.BadInput: names a parameter that the mesh cannot cut.
  """
  first = functools.partial(_first, objective, optimizer, average, seed)
  shardings = partition.shard_state(jax.eval_shape(first, params), mesh)
  return jax.jit(first, out_shardings=shardings)(params)


def shapes(
  objective: objective_lib.Objective,
  optimizer: optax.GradientTransformation,
  *,
  mesh: Mesh,
  average: average_lib.Average | None = None,
) -> State:
  """The shapes and shardings of a state, to restore into; see `init`."""
  state = jax.eval_shape(lambda: _first(objective, optimizer, average, 0, None))
  return jax.tree.map(
    lambda x, sharding: jax.ShapeDtypeStruct(
      x.shape, x.dtype, sharding=sharding
    ),
    state,
    partition.shard_state(state, mesh),
  )


def make(
  objective: objective_lib.Objective,
  optimizer: optax.GradientTransformation,
  *,
  seed: int,
  mesh: Mesh,
  state: State,
  teacher: towers.Params | None = None,
  average: average_lib.Average | None = None,
) -> jax.stages.Wrapped:
  """The jitted step: shardings are stated here and nowhere else.

  A step is one batch, whether the parameters move at its end or not.

  Args:
    objective: what is minimised.
    optimizer: how the parameters move.
    seed: of dropout; step t draws from fold_in(seed, t).
    mesh: the devices.
    state: a state, or its shapes.
    teacher: the parameters of the objective's teacher, or their shapes.
    average: how the parameters are averaged, as `init` was told.

  Returns:
    A function that takes a state, which it consumes, a batch on the mesh and
    the teacher's parameters.
  """

  def step(
    state: State, batch: batch_lib.Batch, teacher: towers.Params | None
  ) -> tuple[State, Metrics]:
    key = _dropout_key(objective.model, seed, state.step)

    def value(params: towers.Params) -> tuple[jax.Array, terms.Total]:
      found = objective(params, batch, key, teacher)
      return found.value, found

    (_, found), gradient = jax.value_and_grad(value, has_aux=True)(state.params)
    updates, opt = optimizer.update(gradient, state.opt, state.params)
    params: Any = optax.apply_updates(state.params, updates)
    following = None
    if average:
      assert state.average is not None, "init was not told of the average"
      following = average.update(state.average, params, state.step + 1)
    return State(state.step + 1, params, opt, following), Metrics(
      loss=found.value,
      accuracy=found.accuracy,
      details=found.details,
      gradient_norm=optax.tree.norm(gradient),
      tokens=jnp.asarray(sum((side.text >= 0).sum() for side in batch.sides)),
      slots=jnp.int32(sum(side.text.size for side in batch.sides)),
      texts=checksum.of_texts(
        jnp.asarray(batch.identity), jnp.asarray(batch.present)
      ),
      flops=flops.of_step(objective, batch),
    )

  kept = partition.shard_state(state, mesh)
  spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
  return jax.jit(
    step,
    in_shardings=(kept, spread, partition.shard_state(teacher, mesh)),
    out_shardings=(kept, partition.replicated(mesh)),
    donate_argnums=0,
  )


def compile_all(
  step: jax.stages.Wrapped,
  state: State,
  shapes: Sequence[batch_lib.Batch],
  teacher: towers.Params | None = None,
) -> TrainStep:
  """Compiles a step for each shape of batch, in the order given.

  Args:
    step: as `make` gives it.
    state: a state, or its shapes.
    shapes: batches, or their shapes with shardings.
    teacher: the parameters of the objective's teacher.

  Returns:
    A step that takes batches of these shapes alone.
  """
  compiled = {
    shape_of(batch): step.lower(state, batch, teacher).compile()
    for batch in shapes
  }
  return lambda state, batch: compiled[shape_of(batch)](state, batch, teacher)


def shape_of(batch: batch_lib.Batch) -> tuple[tuple[int, ...], ...]:
  """R and L of each side, which tell shapes of one layout apart."""
  return tuple(side.tokens.shape[1:] for side in batch.sides)


def _dropout_key(
  model: towers.Model, seed: int, step: jax.Array
) -> jax.Array | None:
  """The key of this step's dropout, or None if the encoder has none."""
  encoder = model.config.encoder
  if not (encoder.dropout or encoder.attention_dropout):
    return None
  return jax.random.fold_in(jax.random.key(seed), step)


def _first(
  objective: objective_lib.Objective,
  optimizer: optax.GradientTransformation,
  average: average_lib.Average | None,
  seed: int,
  params: towers.Params | None,
) -> State:
  """The state before the first step; see `init`."""
  params = {
    **objective.model.init(jax.random.key(seed)),
    **terms.learned(objective.terms),
    **(params or {}),
  }
  first = average.init(params) if average else None
  return State(jnp.zeros((), jnp.int32), params, optimizer.init(params), first)
