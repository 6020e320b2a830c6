"""Measures the input: records, tokens and batches, on real pairs.

    python -m tools.bench.input --data=../shared/data

Below --data are pairs, as tools/bench/corpus.py says; data sets are written of
them below --out, and left there if it is given. --mixture is a file of names,
lines and weights, and --tokenizer a folder; without them both are
all-MiniLM-L6-v2's, out of a development package. It takes two minutes on two
cores. In an environment that launch/venv.sh has tuned for training on a CPU the
tokenizer uses one core, else all. The last line is JSON; numbers are medians,
and pairs a second where nothing else is said:

    schedule_pairs_per_s      `Schedule.batch`, which records stand in a batch
    read_pairs_per_s          it and `DataSet.read`: texts, from 32 shards a
                              data set; one process, one thread, warm files. The
                              pairs stand in 4 data sets, which the names of
                              --mixture share
    read_pairs_per_s_1, _400  from so many shards
    read_pairs_per_s_apart    each name a data set of its own, so that there are
                              far more files of 32 shards than may be open
    read_pairs_per_s_threads  from 32 shards, by --threads threads of grain
    grain_pairs_per_s         the same from grain.MapDataset.mix, a pair at a
                              time, out of files written as grain wants them
    cached_pairs_per_s        whole batches from token caches, in one thread;
                              the folders of --data are data sets, weighted by
                              their sizes
    cached_pairs_per_s_threads  the same, by --threads threads
    tokenize_ratio            time of `encode_batch` alone over that of whole
                              batches from the same texts, by --threads threads
    tokenize_ratio_fast       that of `encode_batch_fast`
    tokenized_pairs_per_s     whole batches from texts
    fill                      real tokens over slots of the cached batches
    growth_mb                 resident memory from a tenth of the
                              --growth_batches batches of 64 pairs on, in MiB
    billion_records, billion_start_s, billion_peak_mb, billion_late_over_early
                              see tools/bench/billion.py; the start is from the
                              process's start to its first batch
"""

import contextlib
import functools
import math
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from absl import flags

from data import layout as layout_lib
from data import mixture as mixture_lib
from data import program
from data import tokens
from tools.bench import batches as batches_lib
from tools.bench import billion
from tools.bench import corpus
from tools.bench import minilm
from tools.bench import reading

_PACK_SHARDS = 8
_SHAPES = 10  # as many as a config's
_RUN_STEPS = 100_000
_TURNS = 12  # parts of --batches that tokenizer and whole batches take turns in
_GROWTH_SIZE = 64

# What is aimed at on two cores.
_WANTED = {
  "read_pairs_per_s": "100,000 or more",
  "cached_pairs_per_s": "30,000 or more",
  "tokenize_ratio": "0.90 or more",
  "billion_start_s": "below 5",
  "billion_peak_mb": "below 1,000",
  "billion_late_over_early": "about 1",
}


class Work(NamedTuple):
  """What is measured, as the flags say."""

  data: list[pathlib.Path]  # files of pairs
  mixture: str  # a file
  tokenizer: tokens.Tokenizer
  layout: layout_lib.Layout


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  string, count = flags.DEFINE_string, flags.DEFINE_integer
  string("data", "", "A folder of real pairs.")
  string("out", "", "Takes the data sets; a temporary folder without it.")
  string("mixture", "", "A JSON file of names, lines and weights.")
  string("tokenizer", "", "A folder with a tokenizer.")
  count("pairs", 0, "Most pairs of a file; 0 for all.", 0)
  count("cached_pairs", 16_384, "Most pairs of a data set with a cache.", 1)
  count("batch", 1_024, "Pairs in a batch.", 2)
  count("max_length", 128, "Most tokens a text.", 1)
  count("batches", 200, "Batches that are measured of each kind.", 1)
  count("rounds", 6, "Turns of the tokenizer and of whole batches.", 1)
  count("threads", 1, "That prepare batches ahead, as in training.", 1)
  count("growth_batches", 10_000, "Batches until memory is looked at.", 10)
  count("late", 540_000, "The step that is compared with step 0.", 1)


def main() -> None:
  """Measures everything and prints a table."""
  given = flags.FLAGS
  work = _work(given)
  with _folder(given.out) as out:
    pairs = corpus.read(work.data, given.pairs)
    _check_sizes(pairs, given)
    result = _billion(work, given)
    real = corpus.weighted(out / "real", pairs, given.cached_pairs)
    together = [pair for of_folder in pairs.values() for pair in of_folder]
    result |= _records(work, out, together, given)
    del pairs, together  # half of what this process holds
    result |= _batches(work, real, given)
  _print_table(result)
  program.print_result(result)


def _work(given: flags.FlagValues) -> Work:
  """What the flags describe; BadInput before anything is written."""
  program.require(given.data, "data", "../shared/data")
  data = corpus.find(given.data)
  mixture = given.mixture or str(minilm.folder("mixture") / "data_config.json")
  mixture_lib.plan(mixture)
  return Work(
    data,
    mixture,
    tokens.Tokenizer(
      given.tokenizer or minilm.folder("tokenizer"), max_length=given.max_length
    ),
    layout_lib.Layout(
      given.batch, given.max_length, math.gcd(given.batch, _PACK_SHARDS)
    ),
  )


def _check_sizes(
  pairs: dict[str, list[corpus.Pair]], given: flags.FlagValues
) -> None:
  """Raises BadInput if a folder has too few pairs for its part of a batch."""
  for name, of_folder in pairs.items():
    there = min(len(of_folder), given.cached_pairs)
    if 2 * there < given.batch:
      raise program.BadInput(
        f"{name} below --data={given.data} gives {there} pairs and half a "
        f"batch takes {given.batch // 2}; give --batch={2 * there}, more "
        "--pairs or --cached_pairs, or leave the folder out"
      )


@contextlib.contextmanager
def _folder(given: str) -> Iterator[pathlib.Path]:
  """Where data sets are written: a folder of one's own, or for now."""
  if not given:
    with tempfile.TemporaryDirectory(prefix="gigapair-") as folder:
      yield pathlib.Path(folder)
    return
  try:
    pathlib.Path(given).mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise program.BadInput(
      f"--out={given} cannot be made ({error.strerror}); give another folder"
    ) from error
  yield pathlib.Path(given).resolve()


def _billion(work: Work, given: flags.FlagValues) -> dict[str, Any]:
  """Measures a schedule of as many records as the mixture really has."""
  found = billion.measure(
    work.mixture, given.batch, given.late, 2 * given.batches
  )
  return {f"billion_{name}": value for name, value in found.items()}


def _records(
  work: Work,
  out: pathlib.Path,
  pairs: Sequence[corpus.Pair],
  given: flags.FlagValues,
) -> dict[str, Any]:
  """Schedules and reads records in several layouts of the same pairs."""
  mixtures = corpus.layouts(out, pairs, work.mixture)
  layouts = {
    name: reading.Records(mixture, given.batch)
    for name, mixture in mixtures.items()
  }
  took = reading.seconds(layouts, given.batches)
  main = str(corpus.MAIN)
  in_threads = reading.seconds_in_threads(
    layouts[main], given.batches, given.threads
  )
  mixed = reading.grain_mix(mixtures[main], corpus.for_grain(out, pairs))
  of_layouts = {
    f"read_pairs_per_s_{name}": given.batch / took[name].both for name in took
  }
  return {
    "schedule_pairs_per_s": given.batch / took[main].schedule,
    "read_pairs_per_s": of_layouts.pop(f"read_pairs_per_s_{main}"),
    **of_layouts,
    "read_pairs_per_s_threads": given.batch / in_threads,
    "grain_pairs_per_s": reading.elements_per_s(mixed, 50 * given.batches),
  }


def _batches(
  work: Work,
  mixture: mixture_lib.Mixture,
  given: flags.FlagValues,
) -> dict[str, Any]:
  """Makes whole batches, from caches and from texts."""
  tokenizer = work.tokenizer
  batches_lib.pretokenise(mixture, tokenizer, given.threads)
  make = functools.partial(batches_lib.make, mixture, tokenizer)
  count, rounds = given.batches, given.rounds
  steps = batches_lib.WARM + count
  # Shapes are chosen for a run, which is longer than what is measured of it.
  whole_run = make(work.layout, source="cache", steps=_RUN_STEPS)
  layout = whole_run.choose_shapes(_SHAPES)
  cached = make(layout, source="cache", steps=steps)
  alone = batches_lib.one_by_one(cached, count)
  ahead = batches_lib.in_threads(cached, batches_lib.WARM, count, given.threads)
  each = max(count // _TURNS, 1)
  texts = batches_lib.on_the_fly(
    lambda end: make(layout, source="text", steps=end),
    mixture,
    tokenizer,
    count=each,
    rounds=rounds,
    threads=given.threads,
  )
  small = layout_lib.Layout(min(given.batch, _GROWTH_SIZE), given.max_length)
  growth = make(small, source="cache", steps=given.growth_batches)
  return {
    "cached_pairs_per_s": given.batch / alone.seconds,
    "cached_pairs_per_s_threads": given.batch * count / ahead,
    "tokenize_ratio": texts.raw / texts.whole,
    "tokenize_ratio_fast": texts.fast / texts.whole,
    "tokenized_pairs_per_s": given.batch * each / texts.whole,
    "fill": alone.fill,
    "growth_mb": batches_lib.growth_mb(growth),
  }


def _print_table(result: dict[str, Any]) -> None:
  """Prints a line a number, and what is aimed at."""
  for key, value in result.items():
    digits = 0 if (value or 0) >= 1_000 else 3
    shown = "-" if value is None else f"{value:,.{digits}f}"
    print(f"{key:28}{shown:>16}  {_WANTED.get(key, '')}".rstrip())


if __name__ == "__main__":
  define_flags()
  program.run(main)
