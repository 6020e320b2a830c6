"""Stands in for srun and scontrol: tasks are real processes, one a node.

    python slurm_stand_in.py srun --ntasks-per-node=1 ... COMMAND
    python slurm_stand_in.py scontrol requeue JOB

The options are those of https://slurm.schedmd.com/srun.html; one that is not
there is an error. The tasks find each other by the variables that Slurm sets.
`sbatch` reads a script's options, of https://slurm.schedmd.com/sbatch.html.
"""

import os
import pathlib
import re
import subprocess
import sys

# Of srun, with what they take.
SRUN = {
  "ntasks-per-node": r"\d+",
  "kill-on-bad-exit": "[01]",
  "wait": r"\d+",
}
# Of sbatch; "" takes nothing.
SBATCH = {
  "job-name": r"\S+",
  "ntasks-per-node": r"\d+",
  "requeue": "",
  "open-mode": "append|truncate",
  "signal": r"([RB]:)?(\w+)(@\d+)?",
}


def options(given: list[str], known: dict[str, str]) -> dict[str, str]:
  """The options of a command by name; dies of those that are not there."""
  found = {}
  for option in given:
    name, _, value = option.removeprefix("--").partition("=")
    if name not in known or not re.fullmatch(known[name], value):
      sys.exit(f"unrecognized option '{option}'")
    found[name] = value
  return found


def sbatch(script: pathlib.Path) -> dict[str, str]:
  """What a script asks for, as sbatch reads it: before its first command."""
  given = []
  for line in script.read_text(encoding="utf-8").splitlines():
    if line and not line.startswith("#"):
      break
    if line.startswith("#SBATCH "):
      given += line.split()[1:]
  return options(given, SBATCH)


def srun(given: list[str]) -> int:
  """Runs the tasks; the highest of their exit codes."""
  count = next(i for i, word in enumerate(given) if not word.startswith("--"))
  options(given[:count], SRUN)
  nodes = int(os.environ["SLURM_JOB_NUM_NODES"])
  tasks = [
    subprocess.Popen(
      given[count:],
      env=os.environ
      | {
        "SLURM_NTASKS": str(nodes),
        "SLURM_PROCID": str(node),
        "SLURM_LOCALID": "0",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_NUM_NODES": str(nodes),
      },
    )
    for node in range(nodes)
  ]
  codes = [task.wait() for task in tasks]
  return max(code if code >= 0 else 128 - code for code in codes)


def main() -> None:
  """Is one of the programs."""
  program, *given = sys.argv[1:]
  with open(os.environ["SLURM_STAND_IN"], "a", encoding="utf-8") as calls:
    calls.write(" ".join([program, *given[:2]]) + "\n")
  if program == "srun":
    sys.exit(srun(given))
  if program != "scontrol" or given != ["requeue", os.environ["SLURM_JOB_ID"]]:
    sys.exit(f"invalid entity: {given}")


if __name__ == "__main__":
  main()
