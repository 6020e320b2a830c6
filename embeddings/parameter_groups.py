"""Groups of parameters by path: their learning rates, and what is frozen.

    groups = parameter_groups.parse("inputs/=0,layers/=0.1")
    groups.check(params)

The first pattern that is found in a parameter's path "module/name" counts; its
factor multiplies the learning rate. A factor of 0 freezes: the parameter stays
as it is, and has neither gradient nor moments.
"""

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from data import program

_SHOWN = 4  # paths that an error names


class Group(NamedTuple):
  """The parameters that a pattern is found in, and their factor."""

  pattern: str
  factor: float


@dataclasses.dataclass(frozen=True)
class ParameterGroups:
  """Which factor each parameter's learning rate has; 1 by default."""

  groups: tuple[Group, ...] = ()

  @property
  def freezes(self) -> bool:
    """Whether any group is frozen."""
    return any(group.factor == 0 for group in self.groups)

  def group(self, path: str) -> Group | None:
    """The group of the parameter at a path, None if it has none.

    >>> parse("layers/=0.1,encoder=0").group("encoder/layers/up/w")
    Group(pattern='layers/', factor=0.1)
    """
    found = (g for g in self.groups if re.search(g.pattern, path))
    return next(found, None)

  def factor(self, path: str) -> float:
    """By what the learning rate of the parameter at a path is multiplied."""
    group = self.group(path)
    return 1.0 if group is None else group.factor

  def map(self, apply: Callable[[float, Any], Any], tree: Any) -> Any:
    """`apply` of each parameter's factor and value.

    Args:
      apply: what is done.
      tree: parameters, or what has their paths.

    Returns:
      The tree of what it gave.
    """
    return jax.tree_util.tree_map_with_path(
      lambda path, leaf: apply(self.factor(path_of(path)), leaf), tree
    )

  def freeze(self, params: Any) -> Any:
    """The same parameters; no gradient is computed for those that are frozen.

    Args:
      params: within the function that is differentiated.
    """
    if not self.freezes:
      return params
    return self.map(lambda f, x: x if f else jax.lax.stop_gradient(x), params)

  def check(self, params: Any) -> None:
    """Checks that each group has parameters, and that some are trained.

    Args:
      params: of the run, or their shapes.

    Raises:
      program.BadInput: names the pattern and some paths that there are.
    """
    leaves = jax.tree_util.tree_leaves_with_path(params)
    paths = [path_of(path) for path, _ in leaves]
    taken = {self.group(path) for path in paths}
    shown = ", ".join(paths[:: max(len(paths) // _SHOWN, 1)][:_SHOWN])
    for group in self.groups:
      if group not in taken:
        raise program.BadInput(
          f"config.optim.groups: {group.pattern!r} is found in the path of no "
          f"parameter that is not in an earlier group; there are {len(paths)}, "
          f"such as {shown}; wanted a pattern of some, or put it first"
        )
    if not any(map(self.factor, paths)):
      raise program.BadInput(
        "config.optim.groups freezes all parameters; leave some to be trained"
      )


def parse(text: str) -> ParameterGroups:
  r"""The groups that "PATTERN=FACTOR,..." describes; "" for none.

  Args:
    text: patterns are regular expressions without commas (\x2c is one).

  Raises:
    program.BadInput: names what is neither.
  """
  return ParameterGroups(
    tuple(_group(part) for part in text.split(",")) if text else ()
  )


def _group(text: str) -> Group:
  """One PATTERN=FACTOR."""
  pattern, _, number = text.rpartition("=")
  try:
    re.compile(pattern)
    factor = float(number)
  except (re.error, ValueError) as error:
    raise _wrong(text, str(error)) from None
  if not pattern or not 0 <= factor < math.inf:
    raise _wrong(text, "a pattern and a factor of 0 or more are needed")
  return Group(pattern, factor)


def _wrong(text: str, reason: str) -> program.BadInput:
  """What to say of a group that is none."""
  return program.BadInput(
    f"config.optim.groups has {text!r} ({reason}); wanted PATTERN=FACTOR,... "
    "with regular expressions and learning-rate factors, 0 to freeze, as in "
    "--config.optim.groups='inputs/=0,layers/=0.1'"
  )


def path_of(path: tuple[Any, ...]) -> str:
  """The path of a parameter, as groups know it: "module/name"."""
  return "/".join(str(key.key) for key in path)
