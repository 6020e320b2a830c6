"""The input at the size of a real mixture, with records that are made up.

    python -m tools.bench.billion --mixture=data_config.json --steps=540000

The counts of the file are real, and a hash of its number stands in for each
record: schedule, shuffle and packing do all that they do in training. A line is
printed when the first batch is there; the last line is JSON with

    records          of all data sets
    peak_mb          resident memory at its peak, null where it is not told
    late_over_early  the time of a batch at the last step over that at step 0
"""

import dataclasses
import json
import math
import statistics
import subprocess
import sys
import time
from typing import Any

from absl import flags
import numpy as np

from data import choose
from data import layout as layout_lib
from data import loader
from data import mixture as mixture_lib
from data import permutation
from data import program
from data import ragged
from data import schedule
from tools.bench import peak_memory

_LONGEST = 128
_VOCAB = 30_522


@dataclasses.dataclass(frozen=True)
class MadeUp:
  """The tokens of records that are only numbers; see `batch.Tokens`.

  Attributes:
    identity: uint64 [B, 2], a hash of each text's data set and record.
  """

  identity: np.ndarray

  @property
  def lengths(self) -> np.ndarray:
    """int64 [B, 2], 1 to 128 tokens, short texts more often."""
    part = (self.identity >> np.uint64(32)) / 2.0**32
    return 1 + (_LONGEST * part**2).astype(np.int64)

  @property
  def score(self) -> np.ndarray:
    """float32 [B, 1]."""
    return np.zeros((len(self.identity), 1), np.float32)

  @property
  def group(self) -> np.ndarray:
    """uint64 [B], of no group."""
    return np.zeros(len(self.identity), np.uint64)

  def vectors(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """No teacher's vectors, float32 [N, 0]."""
    del column
    return np.zeros((len(pair), 0), np.float32)

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of these texts, int32, end to end in the order asked."""
    lengths = self.lengths[pair, column]
    first = np.repeat(self.identity[pair, column], lengths)
    places = first + ragged.ramps(lengths).astype(np.uint64)
    return (places % np.uint64(_VOCAB)).astype(np.int32)


class Numbers:
  """A `gather.Source` of such records."""

  def read(self, draw: schedule.Draw, chooser: choose.Chooser) -> MadeUp:
    """The tokens of the records of a batch."""
    counts = np.full(len(draw.record), 2)
    column = chooser.columns(draw, counts)
    return MadeUp(
      permutation.mix_arrays(
        draw.data_set[:, None], draw.record[:, None], column
      )
    )


def measure(
  mixture: str, size: int, steps: int, batches: int
) -> dict[str, Any]:
  """Runs this program, as a process of its own.

  Returns:
    Its last line, and `start_s`, seconds from the process's start to its
    first batch.
  """
  command = [sys.executable, "-m", "tools.bench.billion"]
  given = {"mixture": mixture, "batch": size, "steps": steps}
  given["batches"] = batches
  command += [f"--{key}={value}" for key, value in given.items()]
  began = time.perf_counter()
  with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
    assert process.stdout
    process.stdout.readline()
    start_s = time.perf_counter() - began
    last = process.stdout.read()
  if process.returncode:
    raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
  return {"start_s": start_s, **json.loads(last)}


def late_over_early(batches: loader.Batches, late: int, count: int) -> float:
  """The median time of batches from step `late` on over that from step 0 on.

  The two alternate, and which of them is first.
  """
  took: dict[int, list[float]] = {0: [], late: []}
  with program.progress(count, unit="batches", label="early, late") as progress:
    for number in range(count):
      for start in sorted(took, reverse=number % 2 == 1):
        began = time.perf_counter()
        batches[start + number]
        took[start].append(time.perf_counter() - began)
      progress.advance()
  return statistics.median(took[late]) / statistics.median(took[0])


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("mixture", "", "A JSON file of names, lines and weights.")
  flags.DEFINE_integer("batch", 1_024, "Pairs in a batch.", 2)
  flags.DEFINE_integer("steps", 540_000, "The step that is late.", 1)
  flags.DEFINE_integer("batches", 400, "Measured early, and late.", 1)


def main() -> None:
  """Makes batches at both ends of a run."""
  given = flags.FLAGS
  program.require(given.mixture, "mixture", "data_config.json")
  mixture = mixture_lib.plan(given.mixture)
  shards = math.gcd(given.batch, 8)
  layout = layout_lib.Layout(given.batch, _LONGEST, shards)
  batches = loader.Batches(
    mixture,
    Numbers(),
    layout,
    datasets_per_batch="",
    seed=0,
    steps=given.steps + given.batches,
  )
  first = batches[0]
  print(f"the first batch has {int(first.present.sum()):,} texts", flush=True)
  ratio = late_over_early(batches, given.steps, given.batches)
  peak = peak_memory.resident("VmHWM")
  program.print_result(
    {
      "records": sum(mixture.sizes),
      "peak_mb": peak and peak / 2**20,
      "late_over_early": ratio,
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
