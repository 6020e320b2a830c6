"""What a run has seen of its data sets: a pure function of the step."""

from collections.abc import Sequence

import numpy as np

from data import schedule as schedule_lib

_MOST_NAMED = 8


class Drawn:
  """What the steps of a run take from the data sets of its mixture.

  Args:
    names: of the data sets.
    schedule: their order.
    since: the step at which this mixture took the place of another; what was
      seen before that is not counted.
  """

  def __init__(
    self,
    names: Sequence[str],
    schedule: schedule_lib.Schedule,
    since: int = 0,
  ):
    self._names, self._schedule, self._since = list(names), schedule, since

  def in_step(self, step: int) -> list[str]:
    """The data sets in the batch of step number `step`, 1 or more."""
    sets, _ = self._schedule.slots(step - 1 - self._since)
    return [self._names[index] for index in np.unique(sets)]

  def epochs(self, step: int) -> dict[str, float]:
    """How often each data set has been seen after step number `step`."""
    drawn = self._schedule.drawn(step - self._since)
    seen = (drawn / self._schedule.sizes).tolist()
    return dict(zip(self._names, seen, strict=True))


def listed(names: Sequence[str]) -> str:
  """Names for a message, of which there may be hundreds.

  >>> listed(["beer", "wine"]), listed([str(n) for n in range(290)])
  ('beer, wine', '0, 1, 2, 3, 4, 5, 6, 7 and 282 more')
  """
  more = len(names) - _MOST_NAMED
  line = ", ".join(names[:_MOST_NAMED])
  return f"{line} and {more} more" if more > 0 else line
