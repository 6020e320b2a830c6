"""Measures the contrastive loss against the size of the batch.

    python -m tools.bench.loss

In-batch cross entropy of given vectors of length 1, with its gradient by them,
in float32 and without any encoder, made in three ways:

    dense      the formula as it is written, differentiated by JAX
    blockwise  ours, embeddings/losses: similarities in blocks, never all
    cached     sentence-transformers' CachedMultipleNegativesRankingLoss: what
               it does to vectors, in blocks of --cached_rows rows

Where there are several devices, ours is there over all of them too: as "ring",
columns going round, and as "gather", each device with all columns.

It prints time and peak memory at each of --sizes, one-way and symmetric, and
of blockwise alone at --sizes_alone, one-way. Before it measures, it checks that
values and gradients agree. All take turns, who begins changes, and a time is
the median of --rounds; the large batches of blockwise alone are called once.
Peak memory is all that is there at the peak: vectors, gradients and what lies
between. Start it as launch/venv.sh says (tune_environment). It takes four
minutes on two cores, most of it the largest batch.

The last line is JSON; what was not measured is null:

    peak_over_vectors       at the largest batch: peak memory of blockwise over
                            vectors and gradients
    time_growth, memory_growth  n, where the time (the memory) of blockwise
                            grows as the n-th power of the batch, from the
                            largest of --sizes to the largest of all
    blockwise_over_dense_time, blockwise_over_dense_peak,
    cached_over_blockwise_time, cached_over_blockwise_peak
                            at the largest of --sizes, one-way
    ring_over_gather_time, ring_over_gather_peak  the same of these two
    ..._symmetric           the same, symmetric
    rows                    the table
"""

import importlib.util
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from absl import flags
import jax
import numpy as np

from data import program
from embeddings import partition
from embeddings.losses import blockwise
from tools.bench import contest
from tools.bench import counts
from tools.bench import losses
from tools.bench import machine

_AGREE = 1e-4  # of the value, and of the gradient's length
DIRECTIONS = ("one-way", "symmetric")
_COMPARED = (
  ("blockwise", "dense"),
  ("cached", "blockwise"),
  ("ring", "gather"),
)


class Row(NamedTuple):
  """What was measured of one contender at one size."""

  direction: str
  name: str
  size: int
  seconds: float
  peak: int | None  # bytes, the vectors included


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_list(
    "sizes", ["1024", "2048", "4096", "8192"], "Pairs, for all to take."
  )
  flags.DEFINE_list(
    "sizes_alone", ["16384", "65536"], "Pairs, for blockwise alone."
  )
  flags.DEFINE_enum(
    "against",
    "sentence_transformers",
    ["sentence_transformers", "nothing"],
    "What stands beside ours; left out where it is not installed.",
  )
  count = flags.DEFINE_integer
  count("width", 384, "Numbers in a vector.", lower_bound=1)
  count("rounds", 5, "Times that each is called.", lower_bound=1)
  count("cached_rows", 256, "mini_batch_size of cached.", lower_bound=1)


def main() -> None:
  """Measures all and prints a table."""
  given = flags.FLAGS
  sizes = sorted(counts.parse(given.sizes, "sizes", 2))
  alone = sorted(counts.parse(given.sizes_alone, "sizes_alone", 2))
  print(
    f"{machine.device()}, {machine.cores()} cores, {machine.versions()}; "
    f"width {given.width}, float32"
  )
  print(f"{'':21}{'pairs':>9}{'seconds':>10}{'peak MiB':>10}")
  rows: list[Row] = []
  for direction in DIRECTIONS:
    for size in sizes:
      rows += _show(_measure(size, direction, given))
  for size in alone:
    rows += _show([_measure_alone(size, given)])
  program.print_result(_result(rows, given.width))


def _show(rows: list[Row]) -> list[Row]:
  """Prints a line a row, and gives them back."""
  for row in rows:
    peak = "-" if row.peak is None else f"{row.peak / 2**20:,.0f}"
    print(
      f"{row.direction:11}{row.name:10}{row.size:9,}{row.seconds:10.3f}"
      f"{peak:>10}",
      flush=True,
    )
  return rows


def _measure(size: int, direction: str, given: flags.FlagValues) -> list[Row]:
  """What all contenders take at a size."""
  vectors = losses.vectors(size, given.width)
  symmetric = direction == "symmetric"
  contenders: list[losses.Contender] = [
    losses.dense(vectors, symmetric),
    losses.block_by_block(vectors, symmetric),
  ]
  if given.against != "nothing" and importlib.util.find_spec(
    "sentence_transformers"
  ):
    contenders.append(losses.Cached(vectors, symmetric, given.cached_rows))
  if jax.device_count() > 1:
    mesh = partition.make_mesh()
    contenders += [
      losses.block_by_block(
        vectors, symmetric, blockwise.Spread(mesh, exchange)
      )
      for exchange in blockwise.EXCHANGES
    ]
  peaks = {one.name: one.peak_bytes() for one in contenders}
  _check(contenders)
  took = contest.times(contenders, "loss", batches=1, rounds=given.rounds)
  return [
    Row(
      direction,
      name,
      size,
      float(np.median(took[name])),
      _whole(peak, vectors.nbytes),
    )
    for name, peak in peaks.items()
  ]


def _measure_alone(size: int, given: flags.FlagValues) -> Row:
  """What ours takes at a size, one-way, by one call."""
  vectors = losses.vectors(size, given.width)
  ours = losses.block_by_block(vectors, symmetric=False)
  peak = _whole(ours.peak_bytes(), vectors.nbytes)
  return Row("one-way", ours.name, size, ours.seconds, peak)


def _whole(peak: int | None, vectors_bytes: int) -> int | None:
  """The peak with the vectors, which stood before."""
  return None if peak is None else peak + vectors_bytes


def _check(contenders: Sequence[losses.Contender]) -> None:
  """Raises AssertionError if the last values or gradients differ."""
  first = contenders[0]
  length = np.linalg.norm(first.gradient)
  for one in contenders[1:]:
    value = abs(one.value / first.value - 1)
    gradient = np.linalg.norm(one.gradient - first.gradient) / length
    if not (value <= _AGREE and gradient <= _AGREE):
      raise AssertionError(
        f"{one.name} differs from {first.name} by {value} in value and by "
        f"{gradient} in gradient; wanted at most {_AGREE}"
      )


def _result(rows: Sequence[Row], width: int) -> dict[str, Any]:
  """The last line; see the module's words."""
  dense = max(row.size for row in rows if row.name == "dense")
  largest = max(row.size for row in rows)
  both_bytes = 2 * 2 * largest * width * np.dtype(np.float32).itemsize
  of = {(row.direction, row.name, row.size): row for row in rows}
  at_dense, at_largest = (
    of["one-way", "blockwise", size] for size in (dense, largest)
  )
  result: dict[str, Any] = {
    "peak_over_vectors": _over(at_largest.peak, both_bytes),
    "time_growth": _growth(at_dense, at_largest, "seconds"),
    "memory_growth": _growth(at_dense, at_largest, "peak"),
  }
  for direction in DIRECTIONS:
    end = "" if direction == "one-way" else "_symmetric"
    by_name = {
      name: of.get((direction, name, dense))
      for name in ("dense", "blockwise", "cached", "ring", "gather")
    }
    for field, key in (("seconds", "time"), ("peak", "peak")):
      took = {name: getattr(row, field, None) for name, row in by_name.items()}
      for one, other in _COMPARED:
        ratio = _over(took[one], took[other])
        result[f"{one}_over_{other}_{key}{end}"] = ratio
  return result | {"rows": [row._asdict() for row in rows]}


def _over(left: float | None, right: float | None) -> float | None:
  """Their ratio; None where one is not known."""
  return left / right if left is not None and right else None


def _growth(small: Row, large: Row, field: str) -> float | None:
  """n, where a field grows as the n-th power of the batch."""
  ratio = _over(getattr(large, field), getattr(small, field))
  if ratio is None or large.size == small.size:
    return None
  return math.log(ratio) / math.log(large.size / small.size)


if __name__ == "__main__":
  define_flags()
  program.run(main)
