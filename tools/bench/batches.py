"""How fast whole batches are made: from token caches, and from texts.

What is timed is `loader.Batches[step]`, as training has it: schedule, records
or caches, identities, tokens, shards, rows.
"""

import gc
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tokenizers

from data import faults
from data import gather
from data import layout as layout_lib
from data import loader
from data import mixture as mixture_lib
from data import pretokenize
from data import program
from data import token_chunks
from data import tokens
from tools.bench import peak_memory

WARM = 4
_SETTLED = 10  # a tenth of the batches is past before growth is looked for


def pretokenise(
  mixture: mixture_lib.Mixture, tokenizer: tokens.Tokenizer, processes: int
) -> None:
  """Writes the token caches of all data sets, unless they are there."""
  total = sum(mixture.sizes)
  with (
    program.progress(total, unit="records", label="tokenising") as progress,
    token_chunks.Workers(tokenizer, processes) as workers,
  ):
    for data_set in mixture.data_sets:
      pretokenize.pretokenize(
        data_set,
        tokenizer,
        tokens.Prompts(),
        workers=workers,
        faults=faults.Faults(),
        advance=progress.advance,
      )


def make(
  mixture: mixture_lib.Mixture,
  tokenizer: tokens.Tokenizer,
  layout: layout_lib.Layout,
  *,
  source: str,
  steps: int,
) -> loader.Batches:
  """Batches whose tokens come from a "cache", or are cut out of a "text"."""
  return loader.Batches(
    mixture,
    gather.open_source(source, mixture, tokenizer, layout.columns),
    layout,
    datasets_per_batch="",
    seed=0,
    steps=steps,
  )


class OneByOne(NamedTuple):
  """Batches made one by one, in one thread."""

  seconds: float  # the median of a batch
  fill: float  # real tokens over slots, of all batches


def one_by_one(batches: loader.Batches, count: int) -> OneByOne:
  """Makes `count` batches and some before, which do not count."""
  took, real, slots = [], 0, 0
  with program.progress(count, unit="batches", label="cached") as progress:
    for step in range(WARM + count):
      began = time.perf_counter()
      batch = batches[step]
      took.append(time.perf_counter() - began)
      if step >= WARM:
        real += sum(int((side.text >= 0).sum()) for side in batch.sides)
        slots += sum(side.text.size for side in batch.sides)
        progress.advance()
  return OneByOne(statistics.median(took[WARM:]), real / slots)


def in_threads(
  batches: loader.Batches, start: int, count: int, threads: int
) -> float:
  """Seconds for batches from a step on, threads preparing them ahead."""
  found = loader.iterate(batches, start, threads=threads, ahead=2 * threads)
  began = time.perf_counter()
  taken = sum(1 for _ in itertools.islice(found, count))
  seconds = time.perf_counter() - began
  assert taken == count, (taken, count)
  return seconds


def texts_of(
  mixture: mixture_lib.Mixture, batches: loader.Batches, step: int
) -> list[str]:
  """The texts of a batch, pair by pair."""
  draw = batches.draw(step)
  pairs = zip(draw.data_set.tolist(), draw.record.tolist(), strict=True)
  return [
    text
    for data_set, record in pairs
    for text in mixture.data_sets[data_set].read([record])[0]
  ]


class OnTheFly(NamedTuple):
  """Median seconds for the same texts."""

  raw: float  # `encode_batch`
  fast: float  # `encode_batch_fast`, which leaves out where tokens stood
  whole: float  # our batches


def on_the_fly(
  make_batches: Callable[[int], loader.Batches],
  mixture: mixture_lib.Mixture,
  tokenizer: tokens.Tokenizer,
  *,
  count: int,
  rounds: int,
  threads: int,
) -> OnTheFly:
  """Whole batches beside the tokenizer alone on the same texts.

  They take turns, and who begins changes. A turn of ours begins with no batch
  made and ends with the last one, so that threads work on nothing else.

  Args:
    make_batches: gives batches that end with a step.
    mixture: open data sets.
    tokenizer: of the batches.
    count: batches of a round, others in each.
    rounds: how many.
    threads: that prepare batches.
  """
  raw = plain(tokenizer)
  took: list[dict[str, float]] = []
  with program.progress(
    rounds, unit="rounds", label="tokenising on the fly"
  ) as progress:
    for number in range(rounds):
      start = number * count
      batches = make_batches(start + count)
      texts = [texts_of(mixture, batches, start + i) for i in range(count)]
      contenders = [
        ("raw", lambda t=texts: each(raw.encode_batch, t)),
        ("fast", lambda t=texts: each(raw.encode_batch_fast, t)),
        (
          "whole",
          lambda b=batches, s=start: in_threads(b, s, count, threads),
        ),
      ]
      first = number % len(contenders)
      order = contenders[first:] + contenders[:first]
      took.append({name: call() for name, call in order})
      progress.advance()
  return OnTheFly(
    *(statistics.median(one[name] for one in took) for name in OnTheFly._fields)
  )


def plain(tokenizer: tokens.Tokenizer) -> tokenizers.Tokenizer:
  """The library's own tokenizer, set as ours is."""
  found = tokenizers.Tokenizer.from_str(tokens.read(tokenizer.folder))
  found.no_padding()
  found.enable_truncation(tokenizer.max_length)
  return found


def each(
  encode: Callable[[list[str]], object], texts: Sequence[list[str]]
) -> float:
  """Seconds to encode the texts of some batches, one batch after another."""
  began = time.perf_counter()
  for of_batch in texts:
    encode(of_batch)
  return time.perf_counter() - began


def growth_mb(batches: loader.Batches) -> float | None:
  """By how much resident memory grows from a tenth of all batches on.

  Returns:
    MiB; None where the system does not tell.
  """
  count, before = len(batches), None
  with program.progress(count, unit="batches", label="growth") as progress:
    for step in range(count):
      batches[step]
      if step == count // _SETTLED:
        gc.collect()
        before = peak_memory.resident("VmRSS")
      progress.advance()
  gc.collect()
  after = peak_memory.resident("VmRSS")
  if before is None or after is None:
    return None
  return (after - before) / 2**20
