"""One step of training, and the state it moves."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh
import jax.numpy as jnp
import optax

from data import batch as batch_lib
from embeddings import partition
from embeddings import towers
from embeddings.losses import pairs
from embeddings.losses import table


class State(NamedTuple):
  """All that a run carries from step to step."""

  step: jax.Array  # int32 []
  params: towers.Params
  opt: optax.OptState


class Metrics(NamedTuple):
  """What a step says of itself, on the device until it is read."""

  loss: jax.Array  # []
  accuracy: jax.Array  # [], in-batch
  gradient_norm: jax.Array  # [], before clipping
  tokens: jax.Array  # int32 [], real ones
  slots: jax.Array  # int32 [], padding included


TrainStep = Callable[[State, batch_lib.Batch], tuple[State, Metrics]]


def init(
  model: towers.Model,
  optimizer: optax.GradientTransformation,
  *,
  seed: int,
  mesh: Mesh,
  params: towers.Params | None = None,
) -> State:
  """The state before the first step, placed on the mesh.

  Args:
    model: what is trained.
    optimizer: how it moves.
    seed: of new parameters.
    mesh: the devices.
    params: pretrained parameters; modules that they lack are new.

  Returns:
    The state at step 0.
  """

  def make(params: towers.Params | None) -> State:
    params = {**model.init(jax.random.key(seed)), **(params or {})}
    return State(jnp.zeros((), jnp.int32), params, optimizer.init(params))

  shardings = partition.shard_state(jax.eval_shape(make, params), mesh)
  return jax.jit(make, out_shardings=shardings)(params)


def make(
  model: towers.Model,
  loss: table.LossFunction,
  optimizer: optax.GradientTransformation,
  *,
  seed: int,
  mesh: Mesh,
  state: State,
) -> jax.stages.Wrapped:
  """The jitted step: shardings are stated here and nowhere else.

  Args:
    model: what is trained.
    loss: of a batch's pairs.
    optimizer: how the parameters move.
    seed: of dropout; step t draws from fold_in(seed, t).
    mesh: the devices.
    state: a state, or its shapes.

  Returns:
    A function that takes a state, which it consumes, and a batch on the mesh.
  """

  def step(state: State, batch: batch_lib.Batch) -> tuple[State, Metrics]:
    key = _dropout_key(model, seed, state.step)

    def objective(params: towers.Params) -> tuple[jax.Array, pairs.Loss]:
      found = batch_loss(model, loss, params, batch, key)
      return found.value, found

    (_, found), gradient = jax.value_and_grad(objective, has_aux=True)(
      state.params
    )
    updates, opt = optimizer.update(gradient, state.opt, state.params)
    params: Any = optax.apply_updates(state.params, updates)
    return State(state.step + 1, params, opt), Metrics(
      loss=found.value,
      accuracy=found.accuracy,
      gradient_norm=optax.tree.norm(gradient),
      tokens=jnp.asarray(sum((side.text >= 0).sum() for side in batch.sides)),
      slots=jnp.int32(sum(side.text.size for side in batch.sides)),
    )

  kept = partition.shard_state(state, mesh)
  spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
  return jax.jit(
    step,
    in_shardings=(kept, spread),
    out_shardings=(kept, partition.replicated(mesh)),
    donate_argnums=0,
  )


def compile_all(
  step: jax.stages.Wrapped, state: State, shapes: Sequence[batch_lib.Batch]
) -> TrainStep:
  """Compiles a step for each shape of batch, in the order given.

  Args:
    step: as `make` gives it.
    state: a state, or its shapes.
    shapes: batches, or their shapes with shardings.

  Returns:
    A step that takes batches of these shapes alone.
  """
  compiled = {
    _shape(batch): step.lower(state, batch).compile() for batch in shapes
  }
  return lambda state, batch: compiled[_shape(batch)](state, batch)


def _shape(batch: batch_lib.Batch) -> tuple[tuple[int, ...], ...]:
  """R and L of each side, which tell shapes of one layout apart."""
  return tuple(side.tokens.shape[1:] for side in batch.sides)


def batch_loss(
  model: towers.Model,
  loss: table.LossFunction,
  params: towers.Params,
  batch: batch_lib.Batch,
  key: jax.Array | None,
) -> pairs.Loss:
  """The loss of a whole batch, as a function of the parameters."""
  texts = batch.present.shape[1]
  if model.config.towers == "shared":
    (packed,) = batch.sides
    vectors = model.embed(params, packed, texts, key)
  else:
    # Queries come first among a shard's texts, one a pair.
    queries = batch.dataset.shape[1]
    keys = (None, None) if key is None else jax.random.split(key)
    query, document = (
      model.embed(params, packed, texts, key, side)
      for packed, key, side in zip(batch.sides, keys, towers.SIDES, strict=True)
    )
    vectors = jnp.concatenate([query[:, :queries], document[:, queries:]], 1)
  if model.config.similarity == "cosine" and not model.config.normalise:
    vectors = towers.normalise(vectors)
  return loss(pairs.pairs_of(vectors, batch))


def _dropout_key(
  model: towers.Model, seed: int, step: jax.Array
) -> jax.Array | None:
  """The key of this step's dropout, or None if the encoder has none."""
  encoder = model.config.encoder
  if not (encoder.dropout or encoder.attention_dropout):
    return None
  return jax.random.fold_in(jax.random.key(seed), step)
