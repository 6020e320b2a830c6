"""Measures texts to vectors beside `SentenceTransformer.encode`.

    python -m tools.bench.encode --data=../shared/data

Both take the same texts as strings and give the same vectors in memory, by
--model (by default all-MiniLM-L6-v2, out of a development package), in float32,
with all cores. The texts are of the pairs files below --data
(NAME/pairs.jsonl.gz), in three parts: *short* ones of at most 32 tokens, *long*
ones of at least 128, cut where the model cuts them, and *mixed*, as they come.
*ours* is `encode.Encoder.encode`, *theirs* sentence-transformers at its best
settings; its batch size is the fastest of --batch_sizes, for each part, on a
quarter of the texts. Start it as launch/venv.sh says (tune_environment), or the
allocator costs either a part of its speed.

A round that does not count comes first: ours compiles in it, and vectors are
compared; if they differ by more than 1e-5, nothing is reported. Then both take
turns, part by part, --rounds times, and who begins changes. Times are medians
over rounds, and a part's ratio is the median of its rounds' ratios. Peak memory
is what a part takes beside the parameters, on a CPU. It takes four minutes or
so on two cores.

Then it shows where our time goes: the stages one after the other, without the
overlap that they have elsewhere, and the operations on the device, by XLA's
trace of one call (tools/bench/operations.py).

The last line is JSON; for each part, here short; what was not measured is null:

    ratio_short             their time over ours: above 1 we are faster
    ratio_short_quartiles   over rounds
    texts_per_s_short, tokens_per_s_short, peak_bytes_short, fill_short
                            ours; fill is real tokens over slots
    batch_size_short_theirs what was chosen
    ..._short_theirs        the same of theirs, null with --against=nothing
    difference_short        the largest of the vectors' numbers
    stages_short            seconds of ours by stage
    operations_short        shares of the device's time by kind of operation
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from absl import flags
import numpy as np

from data import program
from tools.bench import beside
from tools.bench import contest
from tools.bench import counts
from tools.bench import machine
from tools.bench import minilm
from tools.bench import our_encoder
from tools.bench import real_texts
from tools.bench import their_encoder
from tools.bench import their_trainer

_AGREE = 1e-5  # of the vectors' numbers

Encoder = our_encoder.OurEncoder | their_encoder.TheirEncoder


class Measured(NamedTuple):
  """What was measured of one part."""

  part: str
  texts: int
  tokens: int  # real ones, of all texts
  seconds: dict[str, np.ndarray]  # [rounds], by contender
  slots: dict[str, int]
  peaks: dict[str, int | None]
  settings: dict[str, int | None]
  difference: float | None
  stages: dict[str, float]
  operations: dict[str, float] | None

  @property
  def ratios(self) -> np.ndarray:  # [rounds]
    """Their time over ours."""
    return self.seconds["theirs"] / self.seconds["ours"]

  def rates(self, name: str) -> dict[str, float | None]:
    """What is reported of a contender, by the first part of its key."""
    seconds = float(np.median(self.seconds[name]))
    return {
      "texts_per_s": self.texts / seconds,
      "tokens_per_s": self.tokens / seconds,
      "peak_bytes": self.peaks[name],
      "fill": self.tokens / self.slots[name],
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
  flags.DEFINE_list(
    "texts",
    ["1536", "192", "640"],
    f"Texts of each part: {', '.join(real_texts.PARTS)}.",
  )
  flags.DEFINE_list(
    "batch_sizes", ["16", "32", "64", "128"], "Theirs, to choose from."
  )
  count = flags.DEFINE_integer
  count("rounds", 3, "Times that each part is measured.", lower_bound=1)
  count("pairs", 1_024, "Most pairs of each file.", lower_bound=1)


def main() -> None:
  """Measures both on each part and prints tables."""
  given = flags.FLAGS
  program.require(given.data, "data", "../shared/data")
  numbers = counts.parse(given.texts, "texts")
  sizes = counts.parse(given.batch_sizes, "batch_sizes")
  if len(numbers) != len(real_texts.PARTS):
    raise program.BadInput(
      f"--texts={','.join(given.texts)}; wanted a number for each of "
      f"{', '.join(real_texts.PARTS)}"
    )
  if given.against != "nothing":
    their_trainer.check_installed()
  folder = given.model or minilm.folder("model")
  texts = real_texts.read(given.data, given.pairs)
  ours = our_encoder.OurEncoder(folder)
  parts = real_texts.parts(
    texts,
    ours.encoder.tokenizer,
    dict(zip(real_texts.PARTS, numbers, strict=True)),
  )
  ours.take(parts)
  contenders: list[Encoder] = [ours]
  if given.against != "nothing":
    contenders.append(their_encoder.TheirEncoder(folder, parts, sizes))
  print(
    f"{len(texts):,} texts to draw from; {machine.device()}, "
    f"{machine.cores()} cores, {machine.versions()}",
    flush=True,
  )
  measured = _measure(contenders, parts, given.rounds)
  _print_tables(measured)
  result: dict[str, Any] = {}
  for one in measured:
    result |= _result(one)
  program.print_result(result)


def _measure(
  contenders: list[Encoder], parts: Mapping[str, list[str]], rounds: int
) -> list[Measured]:
  """Measures all contenders on all parts."""
  apart = {part: _difference(contenders, part) for part in parts}
  took = contest.times(contenders, "encode", batches=len(parts), rounds=rounds)
  ours = contenders[0]
  assert isinstance(ours, our_encoder.OurEncoder)
  return [
    Measured(
      part,
      len(texts),
      ours.tokens[part],
      {name: seconds[:, number] for name, seconds in took.items()},
      {one.name: one.slots[part] for one in contenders},
      {one.name: one.peak_bytes(part) for one in contenders},
      {one.name: one.settings[part] for one in contenders},
      apart[part],
      ours.stages(part),
      ours.operations(part),
    )
    for number, (part, texts) in enumerate(parts.items())
  ]


def _difference(contenders: list[Encoder], part: str) -> float | None:
  """The largest difference of vectors; None where nothing is beside ours.

  Raises:
    AssertionError: if they differ by more than rounding.
  """
  ours, *others = [one.vectors(part) for one in contenders]
  if not others:
    return None
  apart = float(np.abs(ours - others[0]).max())
  if not apart <= _AGREE:
    raise AssertionError(
      f"{part}: vectors differ by {apart:.1e}; wanted at most {_AGREE}"
    )
  return apart


def _print_tables(measured: list[Measured]) -> None:
  """Prints a line a part and contender, and where our time goes."""
  columns = ("texts/s", "tokens/s", "fill", "peak MiB", "batch", "ratio")
  print(f"{'':14}" + "".join(f"{name:>10}" for name in columns))
  for one in measured:
    for name in one.seconds:
      rates, size = one.rates(name), one.settings[name]
      peak = rates["peak_bytes"]
      cells = (
        f"{rates['texts_per_s']:,.1f}",
        f"{rates['tokens_per_s']:,.0f}",
        f"{rates['fill']:.3f}",
        "-" if peak is None else f"{peak / 2**20:,.0f}",
        "-" if size is None else f"{size}",
        f"{np.median(one.ratios):.2f}" if name == "theirs" else "",
      )
      print(f"{one.part:7}{name:7}" + "".join(f"{c:>10}" for c in cells))
  for one in measured:
    whole = sum(one.stages.values())
    print(f"{one.part}: where our time goes")
    for stage, seconds in one.stages.items():
      print(f"  {stage:29}{seconds / whole:7.1%}")
      for kind, share in (one.operations or {}).items():
        if stage == "devices":
          print(f"    {kind:27}{share * seconds / whole:7.1%}")


def _result(found: Measured) -> dict[str, Any]:
  """The part of the last line that is of one part; see the module's words."""
  part = found.part
  return beside.keys(found, part) | {
    f"batch_size_{part}_theirs": found.settings.get("theirs"),
    f"difference_{part}": found.difference,
    f"stages_{part}": found.stages,
    f"operations_{part}": found.operations,
  }


if __name__ == "__main__":
  define_flags()
  program.run(main)
