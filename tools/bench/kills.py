"""What is done to a pod, and at which moments: drawn from a seed."""

import random
from typing import NamedTuple

# Signals to one host or to all, one after another.
HOWS = ("kill one", "kill all", "term", "term twice")
# What a kill is aimed into: from a line of the run's log to another. Training
# ends with the run.
BEGINS = {
  "start": "pod: host 0 is process ",
  "compiling": "compiling ",
  "evaluating": "evaluating step ",
  "saving": "saving step ",
  "training": "compiled in ",
}
ENDS = {
  "start": "compiling ",
  "compiling": "compiled in ",
  "evaluating": "step ",
  "saving": "saved step ",
}


class Kill(NamedTuple):
  """One of them."""

  how: str
  phase: str
  occurrence: int  # of the phase in a start, from 0
  fraction: float  # of the time that the phase takes
  host: int  # which is hit, where not all are


def plan(seed: int, number: int, *, kills: int, hosts: int) -> list[Kill]:
  """The kills of a round.

  Args:
    seed: of all rounds.
    number: the round's.
    kills: how many.
    hosts: of the pod.

  Returns:
    They follow one another; the next is due once the run has started again.
  """
  draw = random.Random(f"gigapair chaos {seed} {number}")
  # Saves are what it is about; they come twice.
  phases = [*BEGINS, "saving"]
  found = []
  for _ in range(kills):
    how, phase = draw.choice(HOWS), draw.choice(phases)
    occurrence, fraction = draw.randrange(2), draw.random()
    if phase not in ("evaluating", "saving"):  # These come once in a start.
      occurrence = 0
    found.append(Kill(how, phase, occurrence, fraction, draw.randrange(hosts)))
  return found
