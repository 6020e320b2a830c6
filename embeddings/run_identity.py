"""Whether a run is the one that a workdir holds, and in what it differs.

`model`, `loss`, `teacher`, `data`, `optim`, `batch` and `seed` of a config
identify a run, and the fingerprint of its input does. Where the data lie does
not, nor how many rows are encoded at a time, which changes rounding alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

PARTS = ("model", "loss", "teacher", "data", "optim", "batch", "seed")
_FREE = {"data": ("train", "root", "tokenizer"), "batch": ("chunk_rows",)}
_SHOWN = 3
_WIDTH = 60


class Identity(NamedTuple):
  """What identifies a run, as plain values."""

  config: dict[str, Any]
  fingerprint: dict[str, Any]


class Difference(NamedTuple):
  """A key that two runs differ in."""

  key: str
  old: Any
  new: Any

  def __str__(self) -> str:
    return f"{self.key}={_short(self.old)} is now {_short(self.new)}"


def differences(
  old: Identity, new: Identity
) -> tuple[list[Difference], list[Difference]]:
  """In what two runs differ.

  Args:
    old: the run of a workdir.
    new: the run that would go on there.

  Returns:
    The differences that make it another run, and those of its mixture alone.
  """
  found = [
    *_differences(_of_config(old.config), _of_config(new.config)),
    *_differences(old.fingerprint, new.fingerprint),
  ]
  of_data = [one for one in found if one.key.startswith("data.")]
  return [one for one in found if one not in of_data], of_data


def refusal(
  path: object,
  of_run: Sequence[Difference],
  of_data: Sequence[Difference],
) -> str:
  """What to say of a run that is not the one in the workdir `path`."""
  found = of_run or of_data
  more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
  remedy = "set it back to go on with that run, or give another --workdir"
  if not of_run:
    remedy += ", or go on from here with --config.input.changed_data=go_on"
  return (
    f"workdir {path} holds a run with "
    + "; ".join(
      f"{one.key}={_short(one.old)}, and this one has {_short(one.new)}"
      for one in found[:_SHOWN]
    )
    + f"{more}; {remedy}"
  )


def _of_config(config: dict[str, Any]) -> dict[str, Any]:
  """The part of a config that identifies a run."""
  parts = {name: config.get(name) for name in PARTS}
  for part, free in _FREE.items():
    given = config.get(part, {})
    parts[part] = {k: v for k, v in given.items() if k not in free}
  return parts


def _differences(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
  """Where two trees of plain values differ."""
  if isinstance(old, dict) and isinstance(new, dict):
    for key in sorted(old.keys() | new.keys()):
      inner = f"{path}.{key}" if path else key
      yield from _differences(old.get(key), new.get(key), inner)
  elif old != new:
    yield Difference(path, old, new)


def _short(value: Any) -> str:
  """A value, cut where it is long."""
  text = repr(value)
  return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
