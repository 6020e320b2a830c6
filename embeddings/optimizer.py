"""Learning-rate schedules and optimisers, by name (optax)."""

import dataclasses
import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax

from data import program
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
    warmup_steps: rising linearly from 0.
    steps: of the whole run, warm-up included.
    decay: "linear" or "cosine" to 0 at the last step, or "constant".
    weight_decay: on matrices and tables; 0 in the 2021 recipe.
    clip_norm: the gradient's greatest global norm, 0 for no clipping.
    b1, b2, eps: AdamW's.
    groups: learning rates by parameter, "PATTERN=FACTOR,..."; 0 freezes. See
      parameter_groups.py.
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
    groups_lib.parse(self.groups)

  @property
  def parameter_groups(self) -> groups_lib.ParameterGroups:
    """What `groups` says."""
    return groups_lib.parse(self.groups)


def learning_rate(config: OptimizerConfig) -> optax.Schedule:
  """The learning rate as a function of the step."""
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
  paths. Frozen ones count as 0 in the gradient's norm.

  Args:
    config: what it does.
    ceilings: from a module to the most that the scale that it learns may
      become; the parameter itself is held there (CLIP: Radford et al. 2021).
  """
  groups = config.parameter_groups
  move, chain = _move(config), []
  if groups.freezes:
    move = optax.masked(move, lambda tree: groups.map(lambda f, _: f > 0, tree))
    chain.append(optax.stateless(lambda x, _: groups.map(_kept, x)))
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
  rate = learning_rate(config)
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


def _kept(factor: float, gradient: jax.Array) -> jax.Array:
  """The gradient of a parameter, 0 where it is frozen."""
  return gradient if factor else jnp.zeros_like(gradient)


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
