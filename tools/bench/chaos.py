"""Kills a pod at moments drawn from a seed: the run is as one that was not.

    python -m tools.bench.chaos --rounds=50

A small model is trained on this repository's own Python by a pod of processes
on this machine (launch/pod.py), once unbroken and then in each round with
--kills kills: kill -9 of one host or of all, SIGTERM to one, and SIGTERM twice;
at the start, while compiling, in an evaluation, in a save, and anywhere in
training. The pod goes on by itself. At the end of a round the parameters, the
losses, the checksums of all batches and the evaluations must be those of the
unbroken run to the last bit. A round that is not so keeps its workdir below
--out, and the exit code is 1. A round takes half a minute on two cores. The
last line is JSON:

    rounds                    of which
    identical                 so many ended as the unbroken run
    kills                     in all
    in_saves, in_compiles, in_evaluations
                              while these were under way; they overlap
    steps_lost_max            from the last step written down before a kill to
                              the one that the run went on from
    steps_lost_max_sigterm    the same of SIGTERM alone, in the training loop
    torn_checkpoints_read     that a start went on from; each one's checksums
                              are verified from outside as it does
    torn_checkpoints_set_aside  that were found, named and left
    seconds                   that the rounds took
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from absl import flags

from data import program
from tools.bench import killed_pod
from tools.bench import kills as kills_lib
from tools.bench import own_pairs

_ROOT = pathlib.Path(__file__).parents[2]
_MAX_LENGTH = 32


class Chaos:
  """The runs of one benchmark.

  Args:
    out: takes them.
    hosts: processes of the pod.
    command: of launch.pod, but for the workdir.

  Attributes:
    strikes: all kills so far.
    broken: the workdirs of rounds that did not end as the unbroken run.
  """

  def __init__(self, out: pathlib.Path, hosts: int, command: Sequence[str]):
    self._out, self._hosts, self._command = out, hosts, list(command)
    self._whole = out / "unbroken"
    self._took: dict[str, float] = {}
    self._torn = [0, 0]  # read, set aside
    self.strikes: list[killed_pod.Strike] = []
    self.broken: list[pathlib.Path] = []

  def unbroken(self) -> None:
    """Trains without kills, and learns how long each phase takes."""
    pod = self._pod(self._whole, [])
    if pod.run():
      raise RuntimeError(f"the unbroken run failed; see {pod.kept}")
    self._took = dict(pod.log.took)

  def round(self, number: int, seed: int, kills: int) -> bool:
    """Trains with kills, and tells whether nothing came of them."""
    began, workdir = time.monotonic(), self._out / f"round_{number}"
    plan = kills_lib.plan(seed, number, kills=kills, hosts=self._hosts)
    pod = self._pod(workdir, plan)
    code = pod.run()
    wrong = [f"it ended with {code}"] if code else self._compare(workdir)
    wrong += ["it went on from a torn checkpoint"] * (pod.torn_read > 0)
    self.strikes += pod.strikes
    self._torn[0] += pod.torn_read
    self._torn[1] += pod.torn_set_aside
    if wrong:
      self.broken.append(workdir)
    else:
      shutil.rmtree(workdir)
      pod.kept.unlink()
    program.note_line(
      f"round {number}: {'; '.join(wrong) or 'identical'}; {len(pod.strikes)} "
      f"kills, {time.monotonic() - began:.0f} s"
    )
    return not wrong

  def result(self) -> dict[str, Any]:
    """What the kills cost."""
    strikes = self.strikes
    inside = {
      f"in_{name}": sum(phase in strike.inside for strike in strikes)
      for name, phase in (
        ("saves", "saving"),
        ("compiles", "compiling"),
        ("evaluations", "evaluating"),
      )
    }
    told = [
      each for each in strikes if each.in_loop and "term" in each.kill.how
    ]
    return {
      "kills": len(strikes),
      **inside,
      "steps_lost_max": max((each.lost for each in strikes), default=0),
      "steps_lost_max_sigterm": max((each.lost for each in told), default=0),
      "torn_checkpoints_read": self._torn[0],
      "torn_checkpoints_set_aside": self._torn[1],
    }

  def _pod(
    self, workdir: pathlib.Path, plan: Sequence[kills_lib.Kill]
  ) -> killed_pod.KilledPod:
    """A run in a workdir, of which an earlier one is removed."""
    shutil.rmtree(workdir, ignore_errors=True)
    command = [*self._command, f"--workdir={workdir}"]
    return killed_pod.KilledPod(command, workdir, plan, self._took)

  def _compare(self, workdir: pathlib.Path) -> list[str]:
    """How a run differs from the unbroken one."""
    command = [sys.executable, "-m", "tools.bench.same_run"]
    command += [f"--one={self._whole}", f"--two={workdir}"]
    ended = subprocess.run(
      command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if ended.returncode:
      return ["it cannot be compared"]
    return json.loads(ended.stdout.splitlines()[-1])["differences"]


def _command(given: flags.FlagValues, data: own_pairs.Folders) -> list[str]:
  """The command of launch.pod: a small model that saves and evaluates often."""
  config = {
    "data.train": data.train,
    "data.tokenizer": data.words,
    "eval.tasks": data.dev,
    "model.encoder.dropout": 0.1,
    "batch.max_length": _MAX_LENGTH,
    "batch.pack_shards": given.hosts * given.devices,
    "batch.ladder": "(1,)",
    "optim.steps": given.steps,
    "save.every": given.every,
    "save.keep": 3,
    "eval.every": given.every + 1,
    # Where no save can be, the time until the end is lost.
    "hosts.grace_s": 5.0,
  }
  return [
    f"--hosts={given.hosts}",
    f"--devices={given.devices}",
    "--wait_s=0.1",
    "--",
    "--config=launch/configs/quickstart_smoke.py",
    *(f"--config.{key}={value}" for key, value in config.items()),
  ]


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  count = flags.DEFINE_integer
  count("rounds", 2, "Trainings that are killed.", 1)
  count("kills", 5, "In each, at most.", 1)
  count("seed", 0, "Of the moments.", 0)
  count("first_round", 1, "The number of the first, to do one again.", 0)
  count("hosts", 2, "Processes of the pod.", 1)
  count("devices", 1, "Virtual devices of each.", 1)
  count("steps", 40, "Of a training.", 2)
  count("every", 4, "Steps between saves.", 1)
  flags.DEFINE_string("out", "runs/chaos", "Takes the runs.")


def main() -> None:
  """Trains unbroken, then with kills, and compares."""
  given, began = flags.FLAGS, time.monotonic()
  out = pathlib.Path(given.out).resolve()
  data = own_pairs.write(out, _MAX_LENGTH)
  chaos = Chaos(out, given.hosts, _command(given, data))
  chaos.unbroken()
  numbers = range(given.first_round, given.first_round + given.rounds)
  same = [chaos.round(each, given.seed, given.kills) for each in numbers]
  result = {"rounds": len(same), "identical": sum(same), **chaos.result()}
  result["seconds"] = round(time.monotonic() - began, 1)
  for name, value in result.items():
    print(f"{name:28s}{value:>10}")
  program.print_result(result)
  if chaos.broken:
    sys.exit(1)


if __name__ == "__main__":
  define_flags()
  program.run(main)
