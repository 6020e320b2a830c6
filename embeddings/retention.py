"""Which checkpoints stay: the newest, every m-th, and the best by a result.

Orbax's own way of keeping the best (`best_fn` with `max_to_keep`) loses the
newest step where it is not among them; so here each has its say alone.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from orbax.checkpoint import checkpoint_managers
import orbax.checkpoint as ocp

from data import program

MODES = ("max", "min")


@dataclasses.dataclass(frozen=True)
class Retention:
  """What stays of a run's checkpoints.

  Attributes:
    keep: how many of the newest, 2 at least: the newest has no manifest yet
      when Orbax removes an old one.
    keep_every: a step that this divides stays for ever; 0 for none.
    best: the result whose best step stays; "" for none. Of equal ones that is
      the newest, and a step without that result is not among them. The best
      before the newest step stays too: that one may not come to be whole.
    best_mode: whether the greatest or the least is the best.
  """

  keep: int = 2
  keep_every: int = 0
  best: str = ""
  best_mode: str = "max"

  def __post_init__(self) -> None:
    if self.best_mode not in MODES:
      raise program.BadInput(
        f"config.save.best_mode is {self.best_mode!r}; wanted one of "
        f"{', '.join(MODES)}"
      )

  def check(self, metrics: Mapping[str, float]) -> None:
    """Raises BadInput if these results lack the one that decides."""
    if self.best and metrics and self.best not in metrics:
      raise program.BadInput(
        f"config.save.best is {self.best!r}, which no result is called; "
        f"wanted one of {', '.join(sorted(metrics))}"
      )

  def value(self, metrics: Mapping[str, Any] | None) -> float:
    """The result that decides, nan where there is none."""
    return float((metrics or {}).get(self.best, math.nan))

  def policy(self) -> Any:
    """The same as Orbax takes it."""
    policies: list[Any] = [checkpoint_managers.LatestN(max(self.keep, 2))]
    if self.keep_every:
      policies.append(checkpoint_managers.EveryNSteps(self.keep_every))
    if self.best:
      policies.append(_BestOfThoseMeasured(self))
    return checkpoint_managers.AnyPreservationPolicy(policies)


@dataclasses.dataclass(frozen=True)
class _BestOfThoseMeasured:
  """Orbax's BestN, of the steps that have the result."""

  retention: Retention

  def should_preserve(
    self, checkpoints: Sequence[Any], *, context: Any
  ) -> Sequence[bool]:
    """Whether each is the best, or was until the newest came."""
    best = checkpoint_managers.BestN(
      get_metric_fn=self.retention.value,
      reverse=self.retention.best_mode == "min",
      n=1,
    )
    kept = set()
    for these in (checkpoints, checkpoints[:-1]):
      measured = [
        info
        for info in these
        if math.isfinite(self.retention.value(info.metrics))
      ]
      stays = best.should_preserve(measured, context=context)
      kept |= {i.step for i, s in zip(measured, stays, strict=True) if s}
    return [info.step in kept for info in checkpoints]


class Manager(ocp.CheckpointManager):
  """Orbax's, which does not ask whether the machine is taken away.

  It would ask from a thread, and of a step that is over. JAX counts the steps
  that it was asked of: hosts might then end at different ones, or not at all.
  The loop asks (see preemption.py).
  """

  def reached_preemption(self, step: int) -> bool:
    """No."""
    return False
