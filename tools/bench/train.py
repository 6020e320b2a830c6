"""Measures whole training steps beside sentence-transformers'.

    python -m tools.bench.train --against=sentence_transformers \\
      --data=../shared/data

Both start from the weights of --model (by default all-MiniLM-L6-v2, out of a
development package) and take the same steps on the same real batches: the pairs
files below --data (NAME/pairs.jsonl.gz), mixed evenly, --datasets_per_batch of
them in each, cut at --max_length tokens. A step is all of training but the
input, whose tokens are ready on either side: forward, in-batch cross entropy
of cosine similarities times 20, one-way, backward, the gradient clipped to
length 1, AdamW at 2e-5, float32. *ours* takes texts packed into rows by
data/loader.py and is compiled for the shapes that it meets; *theirs* takes
queries and documents each padded to their longest, as its data collator makes
them (tools/bench/their_trainer.py says with which settings). Neither has
dropout unless --dropout says so. Equal texts, which ours would not take as
negatives of each other, are negatives on both sides here. Threads are all the
machine's. Start it as launch/venv.sh says (tune_environment), or the allocator
costs either a good part of its speed.

A round that does not count comes first. In it the losses are compared: if the
first differ by more than 1e-4 of themselves, nothing is reported; and if
--dropout is given, a step without comes before. Then they alternate batch by
batch, --rounds times, and who begins changes. A batch's ratio is the median
over rounds of their time over ours; what is reported is the median over
batches, with the quartiles as its spread. Each batch of 64 is another draw of
the mixture, so the spread is that of the data as well as the machine's.

The last line is JSON; for each of --sizes, here 64:

    ratio_batch_64            their time over ours, the median over batches
    ratio_batch_64_quartiles  its quartiles
    pairs_per_s_batch_64, tokens_per_s_batch_64, peak_bytes_batch_64,
    fill_batch_64             ours: pairs and real tokens a second, by the
                              medians of all batches; what the first batch
                              takes beside parameters and moments; real tokens
                              over slots
    ..._batch_64_theirs       the same of theirs, null with --against=nothing
    loss_difference_batch_64  the largest in the first round, of themselves;
                              null under dropout
    compile_seconds_batch_64  of all our shapes
"""

import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

from absl import flags
import numpy as np

from data import program
from data import tokens
from embeddings import description
from embeddings import pretrained
from tools.bench import beside
from tools.bench import contest
from tools.bench import counts
from tools.bench import machine
from tools.bench import minilm
from tools.bench import mix
from tools.bench import our_trainer
from tools.bench import their_trainer

_AGREE = 1e-4  # of the loss

Trainer = our_trainer.OurTrainer | their_trainer.TheirTrainer


class Measured(NamedTuple):
  """What was measured of one size of batch."""

  size: int
  work: mix.Work
  seconds: dict[str, np.ndarray]  # [rounds, batches], by contender
  peaks: dict[str, int | None]
  difference: float | None  # of losses
  compile_seconds: float | None

  @property
  def ratios(self) -> np.ndarray:  # [batches]
    """Their time over ours, the median over rounds."""
    return np.median(self.seconds["theirs"] / self.seconds["ours"], axis=0)

  def rates(self, name: str) -> dict[str, float | None]:
    """What is reported of a contender, by the first part of its key."""
    whole = float(np.median(self.seconds[name], axis=0).sum())
    real = sum(self.work.tokens)
    form = {"ours": "packed", "theirs": "padded"}[name]
    return {
      "pairs_per_s": self.size * len(self.work.packed) / whole,
      "tokens_per_s": real / whole,
      "peak_bytes": self.peaks[name],
      "fill": real / self.work.slots[form],
    }


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_enum(
    "against",
    "sentence_transformers",
    ["sentence_transformers", "nothing"],
    "What stands beside ours.",
  )
  flags.DEFINE_string("data", "", "A folder of real pairs (pairs.jsonl.gz).")
  flags.DEFINE_string("model", "", "A sentence-transformers folder.")
  flags.DEFINE_string("datasets_per_batch", "2", "1, 2, ... or all.")
  flags.DEFINE_list("sizes", ["64", "256"], "Pairs a batch.")
  flags.DEFINE_list("batches", ["8", "4"], "Batches of each of --sizes.")
  count = flags.DEFINE_integer
  count("rounds", 3, "Times that each batch is measured.", lower_bound=1)
  count("pairs", 4_096, "Most pairs of each file; 0 for all.", lower_bound=0)
  count("max_length", 128, "Most tokens a text.", lower_bound=2)
  flags.DEFINE_float("dropout", 0.0, "The rate, on either side.", 0.0, 0.9)


def main() -> None:
  """Measures both at each size of batch and prints a table."""
  given = flags.FLAGS
  sizes, numbers = _sizes(given)
  folder = given.model or minilm.folder("model")
  found = pretrained.load(str(folder))
  works = _works(found, sizes, numbers, given)
  result: dict[str, Any] = {}
  for size, work in zip(sizes, works, strict=True):
    print(f"{size} pairs a batch", flush=True)
    measured = _measure(size, work, found, folder, given)
    _print_table(measured)
    result |= _result(measured)
  program.print_result(result)


def _sizes(given: flags.FlagValues) -> tuple[list[int], list[int]]:
  """Pairs of the batches, and how many batches; BadInput before any work."""
  program.require(given.data, "data", "../shared/data")
  sizes = counts.parse(given.sizes, "sizes", 2)
  numbers = counts.parse(given.batches, "batches")
  if len(sizes) != len(numbers):
    raise program.BadInput(
      f"--sizes has {len(sizes)} numbers and --batches {len(numbers)}; wanted "
      "as many of either"
    )
  if given.against != "nothing":
    their_trainer.check_installed()
  return sizes, numbers


def _works(
  found: description.Pretrained,
  sizes: Sequence[int],
  numbers: Sequence[int],
  given: flags.FlagValues,
) -> list[mix.Work]:
  """The batches of each size."""
  tokenizer = tokens.Tokenizer(
    found.description.tokenizer, max_length=given.max_length
  )
  with tempfile.TemporaryDirectory(prefix="gigapair-") as out:
    mixture = mix.open_mixture(given.data, pathlib.Path(out), given.pairs)
    print(
      f"{len(mixture.names)} data sets mixed evenly, "
      f"{given.datasets_per_batch} a batch, at most {given.max_length} tokens, "
      f"dropout {given.dropout:g}\n"
      f"{machine.device()}, {machine.cores()} cores, {machine.versions()}",
      flush=True,
    )
    works = []
    for size, count in zip(sizes, numbers, strict=True):
      try:
        works.append(
          mix.make(
            mixture,
            tokenizer,
            size=size,
            count=count,
            datasets_per_batch=given.datasets_per_batch,
          )
        )
      except program.BadInput as error:  # speaks of a config's keys
        raise program.BadInput(
          f"a batch of --sizes, {size}: {error}"
        ) from error
    return works


def _measure(
  size: int,
  work: mix.Work,
  found: description.Pretrained,
  folder: str | pathlib.Path,
  given: flags.FlagValues,
) -> Measured:
  """Measures one size of batch."""

  def start(count: int, dropout: float) -> list[Trainer]:
    trainers: list[Trainer] = [
      our_trainer.OurTrainer(found, work.packed[:count], dropout)
    ]
    if given.against != "nothing":
      padded = work.padded[:count]
      trainers.append(their_trainer.TheirTrainer(folder, padded, dropout))
    return trainers

  count = len(work.packed)
  if given.dropout:
    _first_round(start(1, 0.0), 1, compare=True)
  trainers = start(count, given.dropout)
  difference = _first_round(trainers, count, compare=not given.dropout)
  took = contest.times(trainers, "training", batches=count, rounds=given.rounds)
  peaks = {one.name: one.peak_bytes(0) for one in trainers}
  return Measured(
    size,
    work,
    took,
    peaks,
    difference,
    {one.name: one.compile_seconds for one in trainers}["ours"],
  )


def _first_round(
  trainers: Sequence[Trainer], count: int, *, compare: bool
) -> float | None:
  """Each batch once; gives the largest difference of losses, of themselves.

  Raises:
    AssertionError: if the first losses differ.
  """
  apart = [0.0]
  for batch in range(count):
    for one in trainers:
      one.training(batch)
    losses = [one.losses[-1] for one in trainers]
    apart.append(max(losses) / min(losses) - 1)
    if compare and not apart[1] <= _AGREE:
      raise AssertionError(
        f"the first losses are {losses}; wanted no difference above {_AGREE}"
      )
  if not compare or len(trainers) == 1:
    return None
  print(f"losses of {count} steps differ by at most {max(apart):.1e}")
  return max(apart)


def _print_table(found: Measured) -> None:
  """Prints a line a contender, and the ratio."""
  columns = ("pairs/s", "tokens/s", "fill", "peak MiB")
  print(f"{'':8}" + "".join(f"{name:>10}" for name in columns))
  for name in found.seconds:
    rates = found.rates(name)
    peak = rates["peak_bytes"]
    cells = (
      f"{rates['pairs_per_s']:.1f}",
      f"{rates['tokens_per_s']:,.0f}",
      f"{rates['fill']:.3f}",
      "-" if peak is None else f"{peak / 2**20:,.0f}",
    )
    print(f"{name:8}" + "".join(f"{cell:>10}" for cell in cells))
  if "theirs" in found.seconds:
    low, middle, high = np.quantile(found.ratios, (0.25, 0.5, 0.75))
    print(
      f"ratio of times {middle:.2f} ({low:.2f} to {high:.2f})",
      flush=True,
    )


def _result(found: Measured) -> dict[str, Any]:
  """The part of the last line that is of one size; see the module's words."""
  batch = f"batch_{found.size}"
  return beside.keys(found, batch) | {
    f"loss_difference_{batch}": found.difference,
    f"compile_seconds_{batch}": found.compile_seconds,
  }


if __name__ == "__main__":
  define_flags()
  program.run(main)
