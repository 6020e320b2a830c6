"""Learning-rate schedules and optimisers, by name (optax)."""

import dataclasses

import jax
import optax

from data import program

OPTIMIZERS = ("adamw", "sgd")
DECAYS = ("linear", "cosine", "constant")


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


def make(config: OptimizerConfig) -> optax.GradientTransformation:
  """The optimiser of a config: clips the global gradient, then steps."""
  rate = learning_rate(config)
  if config.name == "sgd":
    move = optax.sgd(rate)
  else:
    move = optax.adamw(
      rate,
      b1=config.b1,
      b2=config.b2,
      eps=config.eps,
      weight_decay=config.weight_decay,
      mask=_decayed,
    )
  if not config.clip_norm:
    return move
  return optax.chain(optax.clip_by_global_norm(config.clip_norm), move)


def _decayed(params: optax.Params) -> optax.Params:
  """Which parameters weight decay shrinks: no bias, scale or offset."""
  return jax.tree_util.tree_map_with_path(
    lambda path, _: path[-1].key not in ("b", "scale", "offset"), params
  )
