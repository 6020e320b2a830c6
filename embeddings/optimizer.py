"""Learning-rate schedules and optimisers, by name (optax)."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from data import program
from embeddings import average as average_lib
from embeddings import parameter_groups as groups_lib

OPTIMIZERS = ("adamw", "sgd")
DECAYS = ("linear", "cosine", "constant")
LOG_SCALE = "log_scale"  # a loss's learned scale, under the loss's module

# Biases, scales and offsets, those of losses among them, do not decay.
_NOT_DECAYED = ("b", "scale", "offset", "bias", LOG_SCALE)


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
  """How parameters move.

  Attributes:
    name: "adamw" (Loshchilov & Hutter 2019) or "sgd".
    learning_rate: at the end of the warm-up.
    warmup_steps: batches over which the rate rises linearly from 0.
    steps: batches of the whole run, warm-up included.
    decay: "linear" or "cosine" to 0 at the last step, or "constant".
    weight_decay: on matrices and tables; 0 in the 2021 recipe.
    clip_norm: the gradient's greatest global norm, 0 for no clipping.
    b1, b2, eps: AdamW's.
    groups: learning rates by parameter, "PATTERN=FACTOR,..."; 0 freezes. See
      parameter_groups.py.
    accumulate: k, batches whose gradients are averaged before a move.
    ema: decay of the parameters' moving average a move, 0 for none.
  """

  name: str = "adamw"
  learning_rate: float = 2e-5
  warmup_steps: int = 500
  steps: int = 1_000
  decay: str = "linear"
  weight_decay: float = 0.0
  clip_norm: float = 1.0
  b1: float = 0.9
  b2: float = 0.999
  eps: float = 1e-8
  groups: str = ""
  accumulate: int = 1
  ema: float = 0.0

  def __post_init__(self) -> None:
    if self.name not in OPTIMIZERS or self.decay not in DECAYS:
      raise program.BadInput(
        f"optimiser {self.name!r} or decay {self.decay!r} is not known; wanted "
        f"one of {', '.join(OPTIMIZERS)} and of {', '.join(DECAYS)}"
      )
    if not 0 <= self.warmup_steps < self.steps:
      raise program.BadInput(
        f"optim.steps is {self.steps} and warmup_steps {self.warmup_steps}; "
        "wanted fewer warm-up steps than steps"
      )
    if self.steps % self.accumulate:
      raise program.BadInput(
        f"optim.steps is {self.steps} and optim.accumulate {self.accumulate}; "
        "wanted a multiple, for a step is a batch: set --config.optim.steps="
        f"{self.steps // self.accumulate * self.accumulate or self.accumulate}"
      )
    groups_lib.parse(self.groups)

  @property
  def parameter_groups(self) -> groups_lib.ParameterGroups:
    """What `groups` says."""
    return groups_lib.parse(self.groups)

  @property
  def average(self) -> average_lib.Average | None:
    """How the parameters are averaged, None where they are not."""
    return average_lib.Average(self.ema, self.accumulate) if self.ema else None


def learning_rate(config: OptimizerConfig) -> optax.Schedule:
  """The learning rate by which a batch moves the parameters.

  The batches whose gradients are averaged have one, that of their first.

  Returns:
    A function of the batch, the run's first being 0.
  """
  rate, k = _rate(config), config.accumulate

  def of_batch(step: Any) -> Any:
    return rate(step // k * k)

  return of_batch


def _rate(config: OptimizerConfig) -> optax.Schedule:
  """The schedule, as a function of the batch."""
  left = config.steps - config.warmup_steps
  peak = config.learning_rate
  after = {
    "linear": optax.linear_schedule(peak, 0.0, left),
    "cosine": optax.cosine_decay_schedule(peak, left),
    "constant": optax.constant_schedule(peak),
  }[config.decay]
  warmup = optax.linear_schedule(0.0, peak, max(config.warmup_steps, 1))
  return optax.join_schedules([warmup, after], [config.warmup_steps])


def make(
  config: OptimizerConfig, ceilings: Mapping[str, float] | None = None
) -> optax.GradientTransformation:
  """The optimiser of a config: clips the global gradient, then steps.

  Its state has moments of the parameters that are not frozen, under their
  paths. Frozen ones count as 0 in the gradient's norm. With `accumulate` it
  takes the gradients of so many batches, and clips and uses their mean at the
  last; the state has the mean so far, in float32.

  Args:
    config: what it does.
    ceilings: from a module to the most that the scale that it learns may
      become; the parameter itself is held there (CLIP: Radford et al. 2021).
  """
  move = _at_once(config, ceilings)
  if config.accumulate == 1:
    return move
  groups = config.parameter_groups
  move = optax.MultiSteps(move, config.accumulate).gradient_transformation()
  if not groups.freezes:
    return move
  return optax.chain(_frozen_to_zero(groups), _of_others(groups, move))


def _at_once(
  config: OptimizerConfig, ceilings: Mapping[str, float] | None
) -> optax.GradientTransformation:
  """The optimiser that moves the parameters with each gradient."""
  groups = config.parameter_groups
  move, chain = _move(config), []
  if groups.freezes:
    move = _of_others(groups, move)
    chain.append(_frozen_to_zero(groups))
  if config.clip_norm:
    chain.append(optax.clip_by_global_norm(config.clip_norm))
  chain.append(move)
  if groups.groups:
    chain.append(optax.stateless(lambda x, _: groups.map(_times, x)))
  if ceilings:
    chain.append(optax.stateless(lambda x, p: _below(ceilings, x, p)))
  return optax.chain(*chain) if len(chain) > 1 else move


def _move(config: OptimizerConfig) -> optax.GradientTransformation:
  """The optimiser by its name, without what stands before and behind it."""
  schedule, k = _rate(config), config.accumulate

  def rate(count: Any) -> Any:
    return schedule(count * k)  # It counts moves, the schedule batches.

  if config.name == "sgd":
    return optax.sgd(rate)
  return optax.adamw(
    rate,
    b1=config.b1,
    b2=config.b2,
    eps=config.eps,
    weight_decay=config.weight_decay,
    mask=_decayed,
  )


def _frozen_to_zero(
  groups: groups_lib.ParameterGroups,
) -> optax.GradientTransformation:
  """Makes the gradients of frozen parameters 0."""

  def kept(factor: float, gradient: jax.Array) -> jax.Array:
    return gradient if factor else jnp.zeros_like(gradient)

  return optax.stateless(lambda tree, _: groups.map(kept, tree))


def _of_others(
  groups: groups_lib.ParameterGroups, move: optax.GradientTransformation
) -> optax.GradientTransformation:
  """Moves what is not frozen, and has state of that alone."""
  return optax.masked(move, lambda tree: groups.map(lambda f, _: f > 0, tree))


def _times(factor: float, update: jax.Array) -> jax.Array:
  """The update of a parameter at its own learning rate."""
  return factor * update


def _below(
  ceilings: Mapping[str, float],
  updates: optax.Updates,
  params: optax.Params | None,
) -> optax.Updates:
  """Updates after which no learned scale is above its ceiling."""
  assert params is not None, "ceilings are on parameters, and none were given"

  def bound(path: tuple, update: jax.Array, value: jax.Array) -> jax.Array:
    module, name = (key.key for key in path)
    if name != LOG_SCALE or module not in ceilings:
      return update
    return jnp.minimum(update, math.log(ceilings[module]) - value)

  return jax.tree_util.tree_map_with_path(bound, updates, params)


def _decayed(params: optax.Params) -> optax.Params:
  """Which parameters weight decay shrinks: no bias, scale or offset."""
  return jax.tree_util.tree_map_with_path(
    lambda path, _: path[-1].key not in _NOT_DECAYED, params
  )
