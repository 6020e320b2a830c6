"""How fast a batch's records are found and read, and grain's own mix of them.

One process and one thread, files in the system's memory. What is timed is the
code of training: `Schedule.batch`, and `DataSet.read` of each data set's
records, which gives their texts.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import grain
import numpy as np

from data import kinds
from data import mixture as mixture_lib
from data import program
from data import schedule as schedule_lib

_WARM_BATCHES = 8  # after which the shards of a few data sets are open
_TURN = 24  # batches that are measured before others take their turn


class Records:
  """Batch number -> its records' texts.

  Args:
    mixture: open data sets.
    size: B.
  """

  def __init__(self, mixture: mixture_lib.Mixture, size: int):
    self.data_sets = mixture.data_sets
    self.schedule = schedule_lib.of_mixture(
      mixture, batch_size=size, datasets_per_batch="", seed=0
    )

  def read(self, draw: schedule_lib.Draw) -> int:
    """Reads the records of a batch, and says how many."""
    count = 0
    for index in np.unique(draw.data_set).tolist():
      asked = draw.record[draw.data_set == index]
      count += len(self.data_sets[index].read(asked))
    return count

  def __len__(self) -> int:
    return 2**40

  def __getitem__(self, index: int) -> int:
    return self.read(self.schedule.batch(index))


class Took(NamedTuple):
  """Median seconds of a batch."""

  schedule: float
  both: float  # schedule and read


def seconds(layouts: Mapping[str, Records], batches: int) -> dict[str, Took]:
  """What a batch takes in each of several layouts of the same records.

  They take turns, because the speed of a machine that others use drifts; all
  share the process's open files, so the first batches of a turn do not count.

  Args:
    layouts: by name.
    batches: how many of each are measured.
  """
  took: dict[str, list[tuple[float, float]]] = {name: [] for name in layouts}
  names, start = list(layouts), 0
  with program.progress(
    batches * len(names), unit="batches", label="reading records"
  ) as progress:
    while len(took[names[-1]]) < batches:
      turn = min(_TURN, batches - len(took[names[-1]]))
      for name in names:
        found = _turn(layouts[name], start, turn)
        took[name] += found
        progress.advance(turn)
      start += turn
      names.append(names.pop(0))
  return {
    name: Took(*np.median(times, axis=0).tolist())
    for name, times in took.items()
  }


def _turn(of: Records, start: int, count: int) -> list[tuple[float, float]]:
  """Seconds of some batches from a step on: schedule alone, and with read."""
  found = []
  for step in range(start - _WARM_BATCHES, start + count):
    began = time.perf_counter()
    draw = of.schedule.batch(max(step, 0))
    drawn = time.perf_counter()
    of.read(draw)
    found.append((drawn - began, time.perf_counter() - began))
  return found[_WARM_BATCHES:]


def seconds_in_threads(of: Records, batches: int, threads: int) -> float:
  """Seconds a batch with grain's threads ahead, as in `loader.iterate`."""
  options = grain.ReadOptions(
    num_threads=threads, prefetch_buffer_size=2 * threads
  )
  found = iter(grain.MapDataset.source(of).to_iter_dataset(options))
  for _ in range(_WARM_BATCHES):
    next(found)
  began = time.perf_counter()
  for _ in range(batches):
    next(found)
  return (time.perf_counter() - began) / batches


def grain_mix(mixture: mixture_lib.Mixture, paths: list[list[str]]) -> Any:
  """grain's own mix of the same pairs: each source shuffled, and repeated.

  Args:
    mixture: says the weights.
    paths: the files of a few data sets, which its names share.
  """
  decode = kinds.decoder("pairs", 2)
  # Its types do not say what it is, a source.
  sources: list[Any] = [
    grain.sources.ArrayRecordDataSource(files) for files in paths
  ]
  parts = [
    grain.MapDataset.source(sources[number % len(sources)])
    .shuffle(seed=number)
    .repeat()
    .map(decode)
    for number in range(len(mixture.names))
  ]
  return grain.MapDataset.mix(parts, weights=list(mixture.weights))


def elements_per_s(mixed: Any, count: int) -> float:
  """How fast elements are read one by one: the median of 100 stretches."""
  stretch = max(count // 100, 1)
  took = []
  for start in range(0, count, stretch):
    began = time.perf_counter()
    for number in range(start, start + stretch):
      mixed[number]
    took.append(time.perf_counter() - began)
  return stretch / float(np.median(took))
