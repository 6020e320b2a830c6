"""Measures the miners: rows a second and memory, as their input grows.

    python -m tools.bench.sources

writes dumps in the formats of the real ones (tools/bench/dumps.py), of each of
--sizes_mb, and mines them as a user would, in a process of its own, with
--processes and --memory_gb. With --grow_mb a dump of Stack Exchange is made of
that size too. It takes five minutes on two cores, and three times the largest
size on the disk. Rows are posts, comments, pages, papers or functions; memory
is the peak of the program with all processes that it starts. The last line is
JSON:

    NAME_rows_per_s        of the largest dump of a miner, from its start to
                           its last data set
    NAME_mb_per_s          the same in megabytes of input, uncompressed
    NAME_s_per_million     seconds that a million pairs take
    NAME_peak_mib          the peak of the largest dump
    NAME_peak_growth       that over the peak of the smallest
    stack_overflow_hours   what a dump of --stack_overflow_gb would take at
                           that rate
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from absl import flags

from data import program
from data import worker
from tools.bench import counts
from tools.bench import dumps
from tools.bench import tree_memory

_MEGABYTE = 1_000_000
_MINER = "stackexchange"  # of what Stack Overflow is


class Measured(NamedTuple):
  """What one run of a miner took.

  Attributes:
    size: bytes of its input, uncompressed.
    rows: in its input.
    pairs: in all data sets that came of it.
    seconds: from its start to its end.
    peak: bytes of memory.
  """

  size: int
  rows: int
  pairs: int
  seconds: float
  peak: int


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("out", "", "Where it works; a temporary one if empty.")
  flags.DEFINE_multi_enum(
    "miner", list(dumps.FORMATS), list(dumps.FORMATS), "Those to measure."
  )
  flags.DEFINE_list("sizes_mb", ["32", "128"], "Of the dumps, in megabytes.")
  flags.DEFINE_integer("grow_mb", 0, "Of one more of Stack Exchange, or 0.", 0)
  flags.DEFINE_integer("processes", 2, "That a miner has.", 1)
  flags.DEFINE_float("memory_gb", 0.5, "That a miner's engine has.", 0.1)
  flags.DEFINE_float(
    "stack_overflow_gb", 105.0, "Of Stack Overflow's Posts.xml.", 0.0
  )


def main() -> None:
  """Measures and prints a table."""
  given = flags.FLAGS
  sizes = sorted(counts.parse(given.sizes_mb, "sizes_mb"))
  result: dict[str, Any] = {}
  print(f"{'miner':14}{'MB':>7}{'rows':>11}{'pairs':>11}{'s':>8}", end="")
  print(f"{'rows/s':>9}{'MB/s':>7}{'s/M pairs':>11}{'peak MiB':>10}")
  with tempfile.TemporaryDirectory(
    prefix="gigapair-", dir=given.out or None
  ) as out:
    for name in dict.fromkeys(given.miner):
      more = [given.grow_mb] if name == _MINER and given.grow_mb else []
      found = [
        _measure(name, size * _MEGABYTE, pathlib.Path(out))
        for size in [*sizes, *more]
      ]
      result |= _keys(name, found)
  if _MINER in given.miner:
    seconds = 1_000 * given.stack_overflow_gb / result[f"{_MINER}_mb_per_s"]
    result["stack_overflow_hours"] = round(seconds / 3_600, 1)
  program.print_result(result)


def _measure(name: str, size: int, out: pathlib.Path) -> Measured:
  """Mines a dump of a size, and prints a line of the table."""
  which = dumps.FORMATS[name]
  with tempfile.TemporaryDirectory(dir=out) as folder:
    dump, rows = which.write(pathlib.Path(folder) / "dump", size)
    files = dump.rglob("*") if dump.is_dir() else [dump]
    size = sum(path.stat().st_size for path in files if path.is_file())
    began = time.monotonic()
    pairs, peak = _mine(which, dump, pathlib.Path(folder))
    found = Measured(size, rows, pairs, time.monotonic() - began, peak)
  megabytes = size / _MEGABYTE
  print(
    f"{name:14}{megabytes:>7,.0f}{rows:>11,}{pairs:>11,}{found.seconds:>8.1f}"
    f"{rows / found.seconds:>9,.0f}{megabytes / found.seconds:>7.1f}"
    f"{1e6 * found.seconds / pairs:>11,.0f}{peak / 2**20:>10,.0f}",
    flush=True,
  )
  return found


def _mine(
  which: dumps.Format, dump: pathlib.Path, folder: pathlib.Path
) -> tuple[int, int]:
  """Runs a miner; gives how many pairs it found, and its peak in bytes."""
  given = flags.FLAGS
  command = [
    *(sys.executable, "-m", which.module, f"--in={dump}"),
    *(f"--out={folder / 'mined'}", f"--processes={given.processes}"),
    *(flag.format(memory_gb=given.memory_gb) for flag in which.flags),
  ]
  with (folder / "log").open("w+b") as log:
    process = subprocess.Popen(
      command,
      stdout=subprocess.PIPE,
      stderr=log,
      preexec_fn=worker.tied(),
    )
    with tree_memory.Watch(process.pid) as watch:
      said, _ = process.communicate()
    if process.returncode:
      log.seek(0)
      raise program.BadInput(
        f"`{' '.join(command)}` ended with {process.returncode}: "
        f"{log.read().decode(errors='replace')[-500:]}; run it by hand"
      )
  result = json.loads(said.decode().splitlines()[-1])
  return sum(result["datasets"].values()), watch.peak


def _keys(name: str, found: list[Measured]) -> dict[str, Any]:
  """The last line's keys of a miner."""
  least, most = found[0], found[-1]
  return {
    f"{name}_rows_per_s": round(most.rows / most.seconds),
    f"{name}_mb_per_s": round(most.size / _MEGABYTE / most.seconds, 2),
    f"{name}_s_per_million": round(1e6 * most.seconds / most.pairs, 1),
    f"{name}_peak_mib": round(most.peak / 2**20),
    f"{name}_peak_growth": round(most.peak / max(least.peak, 1), 2),
  }


if __name__ == "__main__":
  define_flags()
  program.run(main)
