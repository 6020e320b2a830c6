"""Whether a run's loss is still finite."""

import math
from collections.abc import Callable, Mapping

from data import drawn as drawn_lib
from data import program


class Finite:
  """Looks at each step, and ends the run at the first that is not finite.

  Args:
    drawn: knows the data sets of a step.
    saved: gives the newest step that is kept, None for none.
  """

  def __init__(
    self,
    drawn: drawn_lib.Drawn | None = None,
    saved: Callable[[], int | None] | None = None,
  ):
    self._drawn, self._saved = drawn, saved
    self._last = ""

  def check(self, step: int, values: Mapping[str, float]) -> None:
    """Takes the values of a step.

    Raises:
      program.Diverged: if its loss or its gradient's norm is not finite.
    """
    loss, norm = values["loss"], values["gradient_norm"]
    if math.isfinite(loss) and math.isfinite(norm):
      self._last = (
        f"; at step {step}, the last that was finite, they were {loss:.4g} and "
        f"{norm:.4g}"
      )
      return
    names = self._drawn.in_step(step) if self._drawn else []
    parts = [f"{k} {v:.4g}" for k, v in values.items() if k.startswith("loss/")]
    raise program.Diverged(
      f"the loss of step {step} is {loss}"
      + (f" ({', '.join(parts)})" if parts else "")
      + f" and its gradient's norm {norm}"
      + (f"; its batch is of {drawn_lib.listed(names)}" if names else "")
      + f"{self._last}; {self._kept()}: lower --config.optim.learning_rate in "
      "a new workdir"
    )

  def _kept(self) -> str:
    """What is left of the run."""
    step = self._saved() if self._saved else None
    if step is None:
      return "checkpoints from before it are kept"
    return f"checkpoints up to step {step} are kept"
