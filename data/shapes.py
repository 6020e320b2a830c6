"""The shapes that a run's batches take, chosen to waste least on its data.

Each shape is compiled for, so there are few; and a batch takes the least that
it fits in. What batches need is looked at in a sample: the lengths of some
records of each data set, put together as the schedule puts them together. It
depends on data and config alone, so every host and every start of a run comes
to the same shapes.
"""

import numpy as np

from data import assemble
from data import choose as choose_lib
from data import gather
from data import layout as layout_lib
from data import permutation
from data import schedule as schedule_lib

# Batches of the sample: fewer where they are large, for it is a few seconds.
_BATCHES = (64, 512)
_PAIRS = 2**19
# Records of each data set, and of all together: cut in a few seconds.
_MOST_RECORDS = 512
_ALL_RECORDS = 16_384
_LEAST_RECORDS = 32
_KEY = 6  # told apart from the keys of the schedule and of choices


def choose(
  layout: layout_lib.Layout,
  count: int,
  *,
  schedule: schedule_lib.Schedule,
  source: gather.Source,
  chooser: choose_lib.Chooser,
  steps: int,
) -> layout_lib.Layout:
  """The layout with the shapes that waste least.

  Args:
    layout: what they are shapes of.
    count: how many there may be.
    schedule: which data sets share batches.
    source: gives the tokens of records.
    chooser: of texts in a record.
    steps: of the run, over which the sample is spread.
  """
  lengths = _lengths(schedule.sizes, source, chooser)
  batches = int(np.clip(_PAIRS // layout.size, *_BATCHES))
  sample = [
    assemble.needed(_batch(step, lengths, schedule), layout)
    for step in np.linspace(0, steps, batches, endpoint=False, dtype=int)
  ]
  return layout.choose(sample, count)


def _lengths(
  sizes: np.ndarray, source: gather.Source, chooser: choose_lib.Chooser
) -> list[np.ndarray]:
  """The tokens of some records' texts, [records, 2 + M], by data set."""
  share = max(_ALL_RECORDS // len(sizes), _LEAST_RECORDS)
  counts = np.minimum(sizes, min(share, _MOST_RECORDS))
  data_set = np.repeat(np.arange(len(sizes)), counts)
  place = np.concatenate([np.arange(count) for count in counts])
  record = permutation.permute(place, sizes[data_set], _KEY)
  draw = schedule_lib.Draw(data_set, record, np.zeros(len(place), np.int64))
  lengths = source.read(draw, chooser).lengths
  return np.split(lengths, np.cumsum(counts)[:-1])


def _batch(
  step: int, lengths: list[np.ndarray], schedule: schedule_lib.Schedule
) -> np.ndarray:
  """The lengths of a batch like that of a step: [B, 2 + M]."""
  sets, draws = schedule.slots(int(step))
  places = np.arange(schedule.slot, dtype=np.uint64)
  found = []
  for data_set, draw in zip(sets.tolist(), draws, strict=True):
    of_set = lengths[data_set]
    keys = permutation.mix_arrays(places, _KEY, data_set, draw)
    found.append(of_set[keys % np.uint64(len(of_set))])
  return np.concatenate(found)
