"""Compares two finished runs, which should be the same to the last bit.

    python -m tools.bench.same_run --one=runs/whole --two=runs/killed

Compared are the parameters of the last step, and of every step what was
trained on and what came out; all checkpoints must be whole. The last line is
JSON: `differences`, a list of lines, empty where there are none.
"""

import pathlib
from typing import Any

from absl import flags
import jax
import numpy as np

from data import program
from embeddings import checkpoint
from embeddings import committed
from embeddings import towers
from embeddings import workdir as workdir_lib

# Of a line of metrics.jsonl; the rest depends on the machine.
EXACT = (
  "step",
  "loss",
  "accuracy",
  "gradient_norm",
  "learning_rate",
  "texts",
)


def differences(one: pathlib.Path, two: pathlib.Path) -> list[str]:
  """How two runs differ, a line for each way.

  Args:
    one: a workdir.
    two: another.

  Raises:
    program.BadInput: if there is no run, or no whole checkpoint.
  """
  found = []
  runs = [workdir_lib.Workdir(path) for path in (one, two)]
  for name, keys in (("metrics.jsonl", EXACT), ("evals.jsonl", None)):
    lines = [_lines(run, name, keys) for run in runs]
    found += _unequal(name, *lines)
  found += _other_parameters(*(_parameters(run) for run in runs))
  for run in runs:
    place = committed.place(run.checkpoints)
    for step in committed.steps(place):
      wrong = committed.fault(place / str(step))
      if wrong:
        found.append(f"checkpoint {step} of {run.path}: {wrong}")
  return found


def _lines(
  run: workdir_lib.Workdir, name: str, keys: tuple[str, ...] | None
) -> list[dict[str, Any]]:
  """The lines of a file, with these keys alone; None for all."""
  return [
    line if keys is None else {key: line.get(key) for key in keys}
    for line in run.results(name)
  ]


def _unequal(
  name: str, one: list[dict[str, Any]], two: list[dict[str, Any]]
) -> list[str]:
  """Where two files begin to differ."""
  for first, second in zip(one, two, strict=False):
    if first != second:
      return [f"{name}: {first} and {second}"]
  if len(one) != len(two):
    return [f"{name} has {len(one)} lines and {len(two)}"]
  return [] if one else [f"{name} is empty"]


def _parameters(run: workdir_lib.Workdir) -> dict[str, np.ndarray]:
  """The parameters of the last step by their paths, and its number."""
  shapes = jax.eval_shape(
    towers.Model(run.model().config).init, jax.random.key(0)
  )
  found, step = checkpoint.restore_params(
    run.checkpoints, shapes, parameters="params"
  )
  named = {
    f"{module}/{name}": np.asarray(value)
    for module, values in found.items()
    for name, value in values.items()
  }
  return named | {"the newest step": np.asarray(step)}


def _other_parameters(
  one: dict[str, np.ndarray], two: dict[str, np.ndarray]
) -> list[str]:
  """The parameters of which a bit differs."""
  if one.keys() != two.keys():
    return [f"the parameters {sorted(one.keys() ^ two.keys())} are of one only"]
  return [
    f"{name} differs, by {np.max(np.abs(value - two[name]))} at most"
    for name, value in one.items()
    if value.tobytes() != two[name].tobytes()
  ]


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("one", "", "A workdir.")
  flags.DEFINE_string("two", "", "Another.")


def main() -> None:
  """Prints the differences."""
  given = flags.FLAGS
  program.require(given.one, "one", "runs/whole")
  program.require(given.two, "two", "runs/killed")
  found = differences(pathlib.Path(given.one), pathlib.Path(given.two))
  for line in found:
    print(line)
  program.print_result({"differences": found})


if __name__ == "__main__":
  define_flags()
  jax.config.parse_flags_with_absl()
  program.run(main)
