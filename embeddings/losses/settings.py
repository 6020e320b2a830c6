"""Checks of what a loss is told: one line, before anything runs."""

import math
from typing import Any

from data import program


def check_choices(loss: Any, **known: tuple[str, ...]) -> None:
  """Raises BadInput unless each setting is one of those that are known."""
  for name, choices in known.items():
    value = getattr(loss, name)
    if value not in choices:
      shown = ", ".join(map(repr, choices))
      raise program.BadInput(f"{name} is {value!r}; wanted one of {shown}")


def check_switches(loss: Any, *names: str) -> None:
  """Raises BadInput unless each setting is True or False."""
  for name in names:
    value = getattr(loss, name)
    if not isinstance(value, bool):
      raise program.BadInput(f"{name} is {value!r}; wanted True or False")


def check_numbers(loss: Any, **limits: tuple[float, float]) -> None:
  """Raises BadInput unless each is a number from the first up to the second."""
  for name, (least, most) in limits.items():
    value = getattr(loss, name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # Written so that a nan, which compares with nothing, is refused.
    if not (number and least <= value <= most and math.isfinite(value)):
      upper = "" if most == math.inf else f" to {most:g}"
      raise program.BadInput(
        f"{name} is {value!r}; wanted a number from {least:g}{upper}"
      )


def check_scale(scale: float, max_scale: float) -> None:
  """Raises BadInput if a scale that is learned begins above its ceiling."""
  if 0 < max_scale < scale:
    raise mismatch(
      f"scale={scale:g} and max_scale={max_scale:g}",
      "a scale that is learned begins at the one and ends at the other",
      "set max_scale higher, or to 0 for a fixed scale",
    )


def mismatch(found: str, why: str, remedy: str) -> program.BadInput:
  """What to raise for settings that do not go together."""
  return program.BadInput(f"{found} do not go together: {why}; {remedy}")
