"""A pod on this machine: the trainer in several processes, one a host.

    python -m launch.pod --hosts=2 --devices=4 -- \\
      --config=launch/configs/quickstart.py --workdir=runs/mine ...

What stands after `--` goes to launch.train. Each process has so many virtual
CPU devices and talks to the others as the hosts of a real pod do; each line
that one prints is shown behind its number, and the last line that process 0
printed, its result, is the last one here. When one fails all are ended and
started again by the rule of launch/restarts.py. SIGTERM here is SIGTERM to
all: they save and end, and so does the pod, with 75. If the pod itself is
killed they end with it (on Linux).

launch/local_run.sh sets up and calls this.
"""

import os
import signal
import socket
import sys
import time

from absl import flags

from data import program
from launch import processes
from launch import restarts

_LOOK_S = 0.1
# How long processes are waited for before they are killed: by the way in which
# the first of them ended, or what the pod was asked.
_OTHERS_SAVE_S = 20.0  # one was told to end, so the others were as well
_OTHERS_END_S = 3.0  # one has failed
_ASKED_S = 60.0  # SIGTERM or Ctrl-C to the pod; longer than hosts.grace_s


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  count, seconds = flags.DEFINE_integer, flags.DEFINE_float
  count("hosts", 2, "Processes.", lower_bound=1, short_name="n")
  count(
    "devices",
    1,
    "Virtual CPU devices of each; 0 for those that are there, and one process.",
    lower_bound=0,
    short_name="d",
  )
  count("restarts", 100, "Times that all are started again.", lower_bound=0)
  seconds("wait_s", 1.0, "Before the first of them.", lower_bound=0)
  flags.DEFINE_string("program", "launch.train", "The module that is run.")


def main() -> None:
  """Runs the processes until they are done, or must not go on."""
  given, words = flags.FLAGS, program.arguments()
  if not words:
    raise program.BadInput(
      "nothing is to be run; give the flags of launch.train after `--`, as in "
      "-- --config=launch/configs/quickstart.py --workdir=runs/mine"
    )
  if given.hosts > 1 and not given.devices:
    raise program.BadInput(
      f"--devices=0 with --hosts={given.hosts}: processes cannot share the "
      "devices of a machine; give --hosts=1, or --devices=1 for virtual ones"
    )
  pod = Pod(
    [sys.executable, "-m", given.program, *words],
    hosts=given.hosts,
    env=environment(given.devices),
  )
  rule = restarts.Restarts(most=given.restarts, wait_s=given.wait_s)
  sys.exit(pod.run(rule))


def environment(devices: int) -> dict[str, str]:
  """The environment of a process with so many virtual devices, 0 for real."""
  if not devices:
    return dict(os.environ)
  # This number goes before one that stands in XLA_FLAGS.
  virtual = {"JAX_NUM_CPU_DEVICES": str(devices)}
  return {"JAX_PLATFORMS": "cpu"} | os.environ | virtual


class Pod:
  """Processes that are started together, again and again.

  Args:
    command: of each, without what tells them apart.
    hosts: how many.
    env: their environment.
  """

  def __init__(self, command: list[str], *, hosts: int, env: dict[str, str]):
    self._command, self._hosts, self._env = command, hosts, env
    self._asked: list[int] = []  # signals, which wait to be passed on
    self._last_asked = 0
    self._result: str | None = None  # the last that process 0 has printed
    for number in (signal.SIGTERM, signal.SIGINT):
      signal.signal(number, lambda number, _: self._asked.append(number))

  def run(self, rule: restarts.Restarts) -> int:
    """Runs them until they are done, or must not go on.

    Args:
      rule: says when they are started again.

    Returns:
      The exit code.
    """
    while True:
      codes, step = self._start()
      code = restarts.code_of(codes)
      if self._last_asked and code not in restarts.FINAL:
        return self._code_asked()
      verdict = rule.after(codes, step)
      if verdict.code is not None:
        if verdict.why:
          program.note_line(f"pod: not started again: {verdict.why}")
        self._show_result(bare=verdict.code == 0)
        return verdict.code
      self._show_result()
      program.note_line(
        f"pod: starting again in {verdict.wait_s:g} s, time {rule.count} of "
        f"{rule.most}"
      )
      if self._waits(verdict.wait_s):
        return self._code_asked()

  def _start(self) -> tuple[list[int], int]:
    """Starts them and follows them to their end.

    Returns:
      Their codes in the order of their ends, and the greatest step they named.
    """
    pod = processes.Processes(self._commands(), self._env)
    for host, number in enumerate(pod.numbers):
      program.note_line(f"pod: host {host} is process {number}")
    step, ending = 0, False
    while pod.running:
      for line in pod.read(_LOOK_S):
        self._show(line)
        step = max(step, restarts.step_of(line.text))
      self._pass_on(pod)
      failed = [host for host, code in pod.codes.items() if code]
      if failed and not ending:
        _end(pod, failed[0])
        ending = True
    return list(pod.codes.values()), step

  def _commands(self) -> list[list[str]]:
    """One for each process, which meet at a port that is free now."""
    with socket.socket() as free:
      free.bind(("127.0.0.1", 0))
      at = f"--coordinator=127.0.0.1:{free.getsockname()[1]}"
    return [
      [*self._command, at, f"--hosts={self._hosts}", f"--host={host}"]
      for host in range(self._hosts)
    ]

  def _pass_on(self, pod: processes.Processes) -> None:
    """Passes the signals that have come to the processes."""
    while self._asked:
      self._last_asked = self._asked.pop(0)
      program.note_line(f"pod: {signal.Signals(self._last_asked).name} to all")
      pod.send(self._last_asked)
      pod.kill_in(_ASKED_S)

  def _waits(self, seconds: float) -> bool:
    """Waits so long, or until a signal comes; whether one did."""
    until = time.monotonic() + seconds
    while not self._asked and time.monotonic() < until:
      time.sleep(min(_LOOK_S, seconds))
    if self._asked:
      self._last_asked = self._asked.pop()
    return bool(self._last_asked)

  def _code_asked(self) -> int:
    """The code of a pod that ends because it was asked to."""
    self._show_result()
    if self._last_asked == signal.SIGINT:
      return program.EXIT_INTERRUPTED
    return program.EXIT_START_AGAIN

  def _show(self, line: processes.Line) -> None:
    """Shows a line, but holds back what may be the last of process 0."""
    if not line.out:
      program.note_line(f"[{line.host}] {line.text}")
    elif line.host:
      print(f"[{line.host}] {line.text}", flush=True)
    else:
      self._show_result()
      self._result = line.text

  def _show_result(self, *, bare: bool = False) -> None:
    """Shows what was held back."""
    if self._result is not None:
      print(self._result if bare else f"[0] {self._result}", flush=True)
      self._result = None


def _end(pod: processes.Processes, host: int) -> None:
  """Ends the others, as is right after this one failed."""
  code = pod.codes[host]
  how = f"with {code}" if code > 0 else f"by {signal.Signals(-code).name}"
  program.note_line(f"pod: host {host} has ended {how}")
  if code == program.EXIT_START_AGAIN:
    pod.kill_in(_OTHERS_SAVE_S)
    return
  pod.send(signal.SIGTERM)
  pod.kill_in(_OTHERS_END_S)


if __name__ == "__main__":
  define_flags()
  program.run(main, words=True)
