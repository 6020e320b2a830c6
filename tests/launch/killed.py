"""Runs a program that kills itself with SIGKILL at a moment of its work.

    python -m tests.launch.killed MOMENT launch.train --config=...

A kill from outside may hit one of these moments; this hits it each time.
"""

import os
import runpy
import signal
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import orbax.checkpoint as ocp

from data import atomic
from data import stretches
from embeddings import committed
from embeddings import json_lines
from embeddings import metrics


class Moment(NamedTuple):
  """Before or after a call of `owner.name` whose arguments are such."""

  owner: Any
  name: str
  before: bool
  such: Callable[..., bool]


# In a run of 12 steps that saves every 3 and evaluates every 6.
TRAINING = {
  "after_a_save": Moment(
    committed, "commit", False, lambda folder: folder.name == "3"
  ),
  "between_saves": Moment(
    metrics.Reporter, "report", False, lambda _, step, found: step == 5
  ),
  # Orbax's threads have just begun to write.
  "in_a_save": Moment(
    ocp.CheckpointManager, "save", False, lambda _, step, **_given: step == 9
  ),
  # All of it is written, and nothing says so.
  "before_a_manifest": Moment(
    committed, "commit", True, lambda folder: folder.name == "9"
  ),
  "before_the_last_evaluation": Moment(
    json_lines.JsonLines,
    "write",
    True,
    lambda _, values: values["step"] == 12 and "loss" not in values,
  ),
}
ENCODING = {
  # A stretch's vectors are on the disk, and nothing says so.
  "before_a_stretch_counts": Moment(
    stretches.Stretches, "mark", True, lambda _, number, digest: number == 1
  ),
  "after_a_stretch_counts": Moment(
    stretches.Stretches, "mark", False, lambda _, number, digest: number == 1
  ),
  "before_an_index_stands": Moment(atomic, "put", True, lambda *_: True),
  "when_an_index_stands": Moment(atomic, "put", False, lambda *_: True),
}


def arm(moment: Moment) -> None:
  """Makes this process die at the moment."""
  call = getattr(moment.owner, moment.name)

  def deadly(*given: Any, **named: Any) -> Any:
    now = moment.such(*given, **named)
    if not (now and moment.before):
      result = call(*given, **named)
    if now:
      os.kill(os.getpid(), signal.SIGKILL)
    return result

  setattr(moment.owner, moment.name, deadly)


if __name__ == "__main__":
  arm({**TRAINING, **ENCODING}[sys.argv[1]])
  program = sys.argv[2]
  sys.argv[1:] = sys.argv[3:]
  runpy.run_module(program, run_name="__main__", alter_sys=True)
