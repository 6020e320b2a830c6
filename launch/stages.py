"""Stages of a job: programs that are run one after another, each once.

What a stage printed is kept in a file, with its command; when the job is run
again, a stage whose file is there is not, and its output is shown again. A
stage that was cut short is run again; those that take long go on by their own
means. Stages die with the job that called them, however that ends.
"""

import json
import pathlib
import subprocess
import sys
import time
from typing import Any

from data import atomic
from data import program
from data import worker


class Stages:
  """The stages of one job.

  Args:
    folder: where their output is kept.

  Attributes:
    seconds: that the stages took, in this run of the job and before.
  """

  def __init__(self, folder: pathlib.Path):
    self._folder = folder
    self._commands: list[list[str]] = []
    self.seconds = 0.0

  def run(self, label: str, command: list[str]) -> dict[str, Any]:
    """Runs `python -m` with the command, unless it has been run.

    Args:
      label: what the stage does, for the one who watches.
      command: the module and its flags.

    Returns:
      The JSON of its last line.

    Raises:
      SystemExit: with the stage's own exit code, if it fails.
    """
    # A stage counts as run only if all before it were run as they are now.
    self._commands.append(command)
    path = (
      self._folder / f"{len(self._commands)}_{label.replace(' ', '_')}.json"
    )
    kept = _read(path)
    if kept.get("commands") != self._commands:
      program.note_line(f"\n== {label}: python -m {' '.join(command)}")
      began = time.monotonic()
      output = _call(command)
      kept = {
        "commands": self._commands,
        "seconds": time.monotonic() - began,
        "output": output,
      }
      atomic.write_text(path, json.dumps(kept, indent=2))
    else:
      program.note_line(f"\n== {label}: done before")
      for line in kept["output"][:-1]:
        print(line)
    self.seconds += kept["seconds"]
    return json.loads(kept["output"][-1])


def _call(command: list[str]) -> list[str]:
  """Runs a stage, shows what it prints, and gives its lines."""
  process = subprocess.Popen(
    [sys.executable, "-m", *command],
    stdout=subprocess.PIPE,
    text=True,
    preexec_fn=worker.tied(),
  )
  assert process.stdout is not None
  lines: list[str] = []
  try:
    for line in process.stdout:
      if lines:
        print(lines[-1], flush=True)  # all but the last line, which is JSON
      lines.append(line.rstrip("\n"))
  except KeyboardInterrupt:
    process.wait()  # it was interrupted too, and may have a save to finish
    raise
  if process.wait():
    sys.exit(process.returncode if process.returncode > 0 else 1)
  return lines


def _read(path: pathlib.Path) -> dict[str, Any]:
  """What a stage left, if it did."""
  return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
