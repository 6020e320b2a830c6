"""What a pod's log tells: who its processes are, where it is, what it costs."""

import dataclasses
import re

from tools.bench import kills

_PROCESS = re.compile(r"pod: host (\d+) is process (\d+)")
_BEGUN = re.compile(r"(?:starting at|going on from) step (\d+)")
_SAVED = re.compile(r"saved step (\d+)")
_TORN = re.compile(r"checkpoint (\d+) is not whole")
_PREFIX = re.compile(r"\[\d+\] ")


@dataclasses.dataclass
class Start:
  """One start of a pod, as far as its log has told.

  Attributes:
    processes: their numbers, by host.
    step: that it began at, None if it did not say.
    saved: the steps that it saved.
    torn: the steps that it set aside.
    inside: the phases (tools/bench/kills.py) that it is in, and since when.
    occurrences: how often it has come into each.
  """

  processes: dict[int, int] = dataclasses.field(default_factory=dict)
  step: int | None = None
  saved: list[int] = dataclasses.field(default_factory=list)
  torn: list[int] = dataclasses.field(default_factory=list)
  inside: dict[str, float] = dataclasses.field(default_factory=dict)
  occurrences: dict[str, int] = dataclasses.field(default_factory=dict)


class PodLog:
  """Takes the lines of a pod as they come.

  Attributes:
    starts: of the pod, the last one last.
    took: seconds that each phase took, the last time.
  """

  def __init__(self) -> None:
    self.starts: list[Start] = []
    self.took: dict[str, float] = {}

  def take(self, line: str, now: float) -> list[str]:
    """Takes note of a line.

    Args:
      line: as the pod has printed it.
      now: the time, in seconds.

    Returns:
      The phases that begin here.
    """
    if found := _PROCESS.match(line):
      if found[1] == "0":
        self.starts.append(Start())
      self.starts[-1].processes[int(found[1])] = int(found[2])
    if not self.starts:
      return []
    start, line = self.starts[-1], _PREFIX.sub("", line, count=1)
    if found := _BEGUN.match(line):
      start.step = int(found[1])
    if found := _SAVED.match(line):
      start.saved.append(int(found[1]))
    if found := _TORN.match(line):
      start.torn.append(int(found[1]))
    return self._phases(start, line, now)

  def end(self, now: float) -> None:
    """Takes note that the run is done: no phase goes on."""
    for phase, since in self.starts[-1].inside.items():
      self.took[phase] = now - since

  def _phases(self, start: Start, line: str, now: float) -> list[str]:
    """Notes the phases that end and begin with a line, and gives the latter."""
    for phase, words in kills.ENDS.items():
      if phase in start.inside and line.startswith(words):
        self.took[phase] = now - start.inside.pop(phase)
    begun = [p for p, words in kills.BEGINS.items() if line.startswith(words)]
    for phase in begun:
      start.inside[phase] = now
      start.occurrences[phase] = start.occurrences.get(phase, 0) + 1
    return begun
