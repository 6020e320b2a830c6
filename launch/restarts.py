"""The rule of restarts: when a run that has ended is started again, and when.

All launchers follow it; launch/tpu_run.sh does in bash, and waits longer:

1. All processes ended with 0: the run is done. One ended with 2 (bad input) or
   3 (diverged): that is final, and the launcher ends with the same code.
2. Any other end may be started again, all processes together. A run says where
   a start begins ("starting at step 0", "going on from step 40") and what it
   saves ("saved step 60"). A start that names a step greater than all that were
   named before has brought the run on; the third in a row that has not ends it.
   So does a start after which there were as many as the launcher was allowed.
3. Before it is started again one waits: 1 s, and twice as long after the second
   start in a row that has not brought it on.
"""

import dataclasses
import re
from collections.abc import Sequence
from typing import NamedTuple

from data import program

FINAL = (0, program.EXIT_BAD_INPUT, program.EXIT_DIVERGED)
FRUITLESS = 3  # starts in a row that end a run
_STEP = re.compile(r"(?:starting at|going on from|saved) step (\d+)")


class Verdict(NamedTuple):
  """What becomes of a run whose processes have ended."""

  code: int | None  # to end with, None to start it again
  wait_s: float = 0.0  # until then
  why: str = ""  # a run that might be started again is not


def step_of(line: str) -> int:
  """The step that a line of a run's log names as the run's, else 0.

  >>> step_of("going on from step 40"), step_of("saving step 60")
  (40, 0)
  """
  found = _STEP.match(line)
  return int(found[1]) if found else 0


def code_of(codes: Sequence[int]) -> int:
  """The exit code of a run, by those of its processes.

  Args:
    codes: in the order in which they ended; that of a signal is negative.

  Returns:
    A final code if there is one, else that of the first that failed; a signal
    as shells have it.

  >>> code_of([0, 0]), code_of([75, -9]), code_of([-15, 2]), code_of([0, -9])
  (0, 75, 2, 137)
  """
  failed = [code for code in codes if code]
  final = [code for code in failed if code in FINAL]
  code = (final or failed or [0])[0]
  return code if code >= 0 else 128 - code


@dataclasses.dataclass
class Restarts:
  """The rule, and what it must remember of the starts so far.

  Attributes:
    most: times that the run is started again.
    wait_s: before the first.
    count: times that it was started again.
  """

  most: int = 100
  wait_s: float = 1.0
  count: int = 0
  _furthest: int = 0  # step that was named
  _fruitless: int = 0  # starts in a row that have not brought it on

  def after(self, codes: Sequence[int], step: int) -> Verdict:
    """What follows the end of a start.

    Args:
      codes: of the processes, as `code_of` takes them.
      step: the greatest that it named; see `step_of`.

    Returns:
      Whether to end, with which code, or how long to wait.
    """
    code = code_of(codes)
    if code in FINAL:
      return Verdict(code)
    self._fruitless = 0 if step > self._furthest else self._fruitless + 1
    self._furthest = max(step, self._furthest)
    if self._fruitless == FRUITLESS:
      return Verdict(code, why=f"{FRUITLESS} starts in a row brought no step")
    if self.count == self.most:
      return Verdict(code, why=f"it was started again {self.count} times")
    self.count += 1
    return Verdict(None, wait_s=self.wait_s * max(1, self._fruitless))
