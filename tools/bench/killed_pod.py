"""Runs a pod to its end, and kills its processes on the way.

The pod is launch.pod as it is, which starts its processes again by itself.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from data import program
from data import worker
from embeddings import committed
from tools.bench import kills as kills_lib
from tools.bench import pod_log

_ROOT = pathlib.Path(__file__).parents[2]
_AGAIN_S = 1.0  # until the second SIGTERM
_LONGEST_S = 600.0  # that the log may stand still
# A pod is ended by so many starts in a row that brought its run no new step
# (launch/restarts.py), so the last of them is not killed.
_FRUITLESS = 3


@dataclasses.dataclass
class Strike:
  """A kill that was done.

  Attributes:
    kill: which.
    inside: the phases of the run that were under way.
    reached: the last step that the run had written down.
    lost: of these steps, those that were done again.
  """

  kill: kills_lib.Kill
  inside: list[str]
  reached: int
  lost: int = 0

  @property
  def in_loop(self) -> bool:
    """Whether steps were being made, which end in a save if there is notice."""
    return "training" in self.inside and "evaluating" not in self.inside


class KilledPod:
  """A run in a workdir, by a pod, with kills.

  Args:
    command: of launch.pod, with the flags of the run.
    workdir: of the run.
    plan: the kills, one after another; as many as there is time for.
    took: seconds that the phases take, as far as it is known.

  Attributes:
    kept: the file with the pod's log, beside the workdir.
    log: what it told.
    strikes: the kills that were done.
    torn_read: checkpoints that were gone on from and were not whole.
    torn_set_aside: those that were found so, and left.
  """

  def __init__(
    self,
    command: Sequence[str],
    workdir: pathlib.Path,
    plan: Sequence[kills_lib.Kill] = (),
    took: Mapping[str, float] | None = None,
  ):
    self._command, self._workdir = list(command), workdir
    self._plan = list(plan)
    self._due: list[tuple[float, int, Callable[[], None]]] = []
    self._looked_at = 0  # starts whose first step was looked at
    self._accounted = 0  # strikes whose cost is known
    self.kept = workdir.with_name(f"{workdir.name}.log")
    self.log = pod_log.PodLog()
    self.log.took.update(took or {})
    self.strikes: list[Strike] = []
    self.torn_read = self.torn_set_aside = 0

  def run(self) -> int:
    """Runs it to its end and gives the exit code."""
    process = subprocess.Popen(
      [sys.executable, "-m", "launch.pod", *self._command],
      cwd=_ROOT,
      stdout=subprocess.DEVNULL,
      stderr=subprocess.PIPE,
      text=True,
      preexec_fn=worker.tied(),
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    try:
      with self.kept.open("w", encoding="utf-8") as file:
        while (line := self._next(lines)) is not None:
          file.write(line)
          file.flush()
          self._take(line.rstrip("\n"))
    finally:
      process.terminate()
      process.wait()
    if not process.returncode:
      self.log.end(time.monotonic())
    return process.returncode

  def _next(self, lines: queue.SimpleQueue[str | None]) -> str | None:
    """The next line; what is due before it comes is done."""
    until = time.monotonic() + _LONGEST_S
    while time.monotonic() < until:
      due = min((at for at, _, _ in self._due), default=until)
      with contextlib.suppress(queue.Empty):
        return lines.get(timeout=max(0.0, due - time.monotonic()))
      self._do_what_is_due()
    raise RuntimeError(f"the pod in {self._workdir} stands still")

  def _do_what_is_due(self) -> None:
    """Does it, unless it was meant for a start that is over."""
    now = time.monotonic()
    ready = [each for each in self._due if each[0] <= now]
    self._due = [each for each in self._due if each[0] > now]
    for _, start, action in ready:
      if start == len(self.log.starts):
        action()

  def _take(self, line: str) -> None:
    """Takes note of a line, and plans a kill where it is the moment for one."""
    begun = self.log.take(line, time.monotonic())
    if not self.log.starts:
      return
    start = self.log.starts[-1]
    if start.step is not None and self._looked_at < len(self.log.starts):
      self._looked_at = len(self.log.starts)
      self._look_at_start(start, start.step)
    if not self._plan or self._due:
      return
    kill = self._plan[0]
    if kill.phase in begun and start.occurrences[kill.phase] > kill.occurrence:
      wait_s = kill.fraction * self.log.took.get(kill.phase, 0.0)
      self._later(wait_s, self._kill)

  def _look_at_start(self, start: pod_log.Start, step: int) -> None:
    """Looks at the step that a start begins at."""
    for strike in self.strikes[self._accounted :]:
      strike.lost = max(0, strike.reached - step)
    self._accounted = len(self.strikes)
    self.torn_set_aside += len(start.torn)
    folder = committed.place(self._workdir / "checkpoints") / str(step)
    if step and (step in start.torn or committed.fault(folder)):
      self.torn_read += 1

  def _later(self, seconds: float, action: Callable[[], None]) -> None:
    """Has something done in this start, in so many seconds."""
    at = time.monotonic() + seconds
    self._due.append((at, len(self.log.starts), action))

  def _kill(self) -> None:
    """Does the first kill of the plan, if this start may be killed."""
    kill, start = self._plan[0], self.log.starts[-1]
    if not self._may_be_killed():
      self._plan[0] = kill._replace(phase="saving", occurrence=1)
      return
    del self._plan[0]
    strike = Strike(kill, sorted(start.inside), self._step())
    self.strikes.append(strike)
    program.note_line(
      f"{self._workdir.name}: {kill.how} of host {kill.host} after step "
      f"{strike.reached} in {', '.join(strike.inside) or 'no phase'}"
    )
    hosts = start.processes if kill.how == "kill all" else [kill.host]
    number = signal.SIGTERM if "term" in kill.how else signal.SIGKILL
    processes = [start.processes[host] for host in hosts]
    _send(processes, number)
    if kill.how == "term twice":
      self._later(_AGAIN_S, lambda: _send(processes, number))

  def _may_be_killed(self) -> bool:
    """Whether the pod would start again after this start."""
    furthest = fruitless = 0
    for start in self.log.starts:
      step = max([start.step or 0, *start.saved])
      fruitless = 0 if step > furthest else fruitless + 1
      furthest = max(step, furthest)
    return fruitless < _FRUITLESS

  def _step(self) -> int:
    """The last step that the run has written down."""
    path = self._workdir / "metrics.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text.splitlines(keepends=True)
    steps = [json.loads(line)["step"] for line in whole if line.endswith("\n")]
    return max(steps, default=0)


def _read(
  process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]
) -> None:
  """Takes the pod's lines as they come, and None at their end."""
  assert process.stderr is not None
  for line in process.stderr:
    lines.put(line)
  lines.put(None)


def _send(processes: Sequence[int], number: int) -> None:
  """Sends a signal to processes, as far as they are there."""
  for process in processes:
    with contextlib.suppress(ProcessLookupError):
      os.kill(process, number)
