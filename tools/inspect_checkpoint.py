"""Shows what a run has saved, and how two checkpoints differ.

    python -m tools.inspect_checkpoint --workdir=runs/mine
    python -m tools.inspect_checkpoint --workdir=runs/mine --step=9 \\
      --against=runs/other
    python -m tools.inspect_checkpoint --workdir=runs/mine --against_step=6

Lists the steps: whole, or torn and why, how many bytes, the results that they
were saved with, and when. Of one of them, the newest whole one unless --step
says which, it lists the arrays: shape, dtype, how each lay on the devices, and
its bytes. With --against, --against_step or both, it says of each array whether
it is the same to the bit in that other step, or what the greatest difference
is, and which arrays one of them alone has. Nothing is changed. The last line is
JSON: steps, step, arrays, bytes, and for two of them identical, greatest,
different and alone (names, of arrays of one alone).
"""

import datetime
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from absl import flags
from etils import epath

from data import program
from embeddings import committed
from tools import saved_arrays


class Step(NamedTuple):
  """What is known of a step without a look at its arrays."""

  number: int
  fault: str
  bytes: int
  metrics: dict[str, float]
  saved: str


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("workdir", "", "The run, a folder or gs://BUCKET/RUN.")
  flags.DEFINE_integer("step", -1, "Which step; -1 for the newest whole one.")
  flags.DEFINE_string("against", "", "Another run to compare with.")
  flags.DEFINE_integer(
    "against_step", -1, "Which step to compare with; -1 for the same number."
  )
  flags.DEFINE_bool("read", True, "Read all files to see if steps are whole.")


def main() -> None:
  """Lists the steps, shows one, and compares it with another."""
  given = flags.FLAGS
  program.require(given.workdir, "workdir", "runs/mine")
  folder = _folder(given.workdir, "workdir")
  steps = [
    look(folder / str(n), read=given.read) for n in committed.steps(folder)
  ]
  _print_steps(steps)
  whole = [step.number for step in steps if not step.fault]
  step = _choose(given.step, "step", whole, folder)
  found = list(saved_arrays.arrays(folder / str(step)))
  print(f"step {step}")
  _print_arrays(found)
  result: dict[str, Any] = {
    "steps": [
      {"step": s.number, "whole": not s.fault, "bytes": s.bytes} for s in steps
    ],
    "step": step,
    "arrays": len(found),
    "bytes": sum(array.bytes for array in found),
  }
  if given.against or given.against_step >= 0:
    other = _folder(given.against or given.workdir, "against")
    wanted = step if given.against_step < 0 else given.against_step
    there = [n for n in committed.steps(other) if _is_whole(other / str(n))]
    number = _choose(wanted, "against_step", there, other)
    theirs = list(saved_arrays.arrays(other / str(number)))
    result |= _compare(found, theirs, f"step {number} of {other.parent}")
  program.print_result(result)


def look(step: epath.Path, *, read: bool = True) -> Step:
  """What is known of a step.

  Args:
    step: its folder.
    read: whether its files are read, or only looked for.
  """
  names = list(committed.files(step))
  times = _json(step / "_CHECKPOINT_METADATA")
  saved = times.get("commit_timestamp_nsecs")
  when = "-"
  if saved:
    at = datetime.datetime.fromtimestamp(saved / 1e9, datetime.UTC)
    when = at.strftime("%Y-%m-%d %H:%M:%S UTC")
  return Step(
    int(step.name),
    committed.fault(step, read=read),
    sum((step / name).stat().length for name in names),
    _json(step / "metrics" / "metrics"),
    when,
  )


def _folder(workdir: str, flag: str) -> epath.Path:
  """The checkpoints of a run."""
  folder = committed.place(workdir) / "checkpoints"
  if not committed.steps(folder):
    raise program.BadInput(
      f"--{flag}={workdir} has no checkpoints; wanted the workdir of a run "
      "that has saved one"
    )
  return folder


def _is_whole(step: epath.Path) -> bool:
  """Whether a step is, as far as its files are there."""
  return not committed.fault(step, read=False)


def _choose(
  step: int, flag: str, whole: Sequence[int], folder: epath.Path
) -> int:
  """The step that was asked for, or the newest."""
  if whole and step < 0:
    return max(whole)
  if step not in whole:
    numbers = ", ".join(map(str, whole)) or "none is"
    raise program.BadInput(
      f"--{flag}={step} is no whole step of {folder.parent}; whole: {numbers}"
    )
  return step


def _json(path: epath.Path) -> dict[str, Any]:
  """What a file holds; nothing where it is torn or not there."""
  try:
    return json.loads(path.read_text())
  except (OSError, ValueError):
    return {}


def _print_steps(steps: Sequence[Step]) -> None:
  """Prints a line a step."""
  print(f"{'step':>10}  {'MiB':>10}  {'saved':23}  state")
  for step in steps:
    results = ", ".join(f"{n} {v:.4g}" for n, v in step.metrics.items())
    state = f"torn: {step.fault}" if step.fault else "whole"
    print(
      f"{step.number:10}  {step.bytes / 2**20:10,.2f}  {step.saved:23}  {state}"
      + (f"; {results}" if results else "")
    )


def _print_arrays(found: Sequence[saved_arrays.Saved]) -> None:
  """Prints a line an array, and one for all of an item."""
  for item in saved_arrays.ITEMS:
    of = [array for array in found if array.item == item]
    if not of:
      continue
    total = sum(array.bytes for array in of)
    print(f"  {item}: {len(of)} arrays, {total / 2**20:,.2f} MiB")
    for array in of:
      print(
        f"    {array.name}  {array.dtype} {list(array.shape)}  "
        f"{array.sharding}  {array.bytes:,} bytes"
      )


def _compare(
  ours: Sequence[saved_arrays.Saved],
  theirs: Sequence[saved_arrays.Saved],
  name: str,
) -> dict[str, Any]:
  """Prints how two steps differ; what the last line says of it."""
  by_path = {array.path: array for array in theirs}
  alone = sorted({array.path for array in ours} ^ by_path.keys())
  found = [
    saved_arrays.compare(array, by_path[array.path])
    for array in ours
    if array.path in by_path
  ]
  different = [one for one in found if not one.identical]
  print(f"against {name}: {len(found) - len(different)} arrays are identical")
  for one in different:
    apart = [] if one.greatest is None else [f"differs by {one.greatest:.3g}"]
    print(f"  {one.path}: {', '.join([*apart, *filter(None, [one.why])])}")
  for path in alone:
    mine = path not in by_path
    print(f"  {path}: only {'here' if mine else f'in {name}'}")
  sizes = [one.greatest for one in found if one.greatest is not None]
  return {
    "identical": not (different or alone),
    "greatest": max(sizes, default=None),
    "different": [one.path for one in different],
    "alone": alone,
  }


if __name__ == "__main__":
  define_flags()
  program.run(main)
