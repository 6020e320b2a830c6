"""Files with one JSON object a line, which a resumed run goes on with."""

import json
import math
import pathlib
from typing import Any

from data import atomic


class JsonLines:
  """A file with one JSON object a line, each with the `step` it belongs to.

  Args:
    path: the file.
    step: lines past it are dropped: the run goes on from there.

  Attributes:
    steps: of the lines that were there.
  """

  def __init__(self, path: pathlib.Path, *, step: int):
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = [line for line in before.splitlines() if _step_of(line) <= step]
    after = "".join(f"{line}\n" for line in kept)
    if after != before:  # At once: a kill in between would lose them all.
      atomic.write_text(path, after)
    self.steps = {int(_step_of(line)) for line in kept}
    self._file = path.open("a", encoding="utf-8")

  def of(self, step: int) -> dict[str, Any]:
    """The line of a step that was there, {} if there was none."""
    if step not in self.steps:
      return {}
    lines = pathlib.Path(self._file.name).read_text("utf-8").splitlines()
    return next(json.loads(line) for line in lines if _step_of(line) == step)

  def write(self, values: dict[str, Any]) -> None:
    """Appends one line."""
    self._file.write(json.dumps(values) + "\n")
    self._file.flush()

  def close(self) -> None:
    """Ends the file."""
    self._file.close()


def _step_of(line: str) -> float:
  """The step of a line; one cut short by a kill counts as past the end."""
  try:
    return json.loads(line)["step"]
  except (ValueError, KeyError, TypeError):
    return math.inf
