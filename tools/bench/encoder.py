"""Measures an encoder: packed, padded, and transformers' torch model.

    python -m tools.bench.encoder --family=bert --layers=6 --width=384

All three get the same weights and the same texts, whose lengths are those of
real pairs: from a table (tools/bench/work.py), or of the pairs in --data, cut
by --tokenizer. *packed* and *padded* are our encoder, with texts packed into
rows of --max_length tokens or one text a row, as on a TPU in 2021; *torch* is
what sentence-transformers does (tools/bench/reference.py), and is left out
where torch is not installed. Threads are all the machine's; torch takes a GPU
where it has one (leave it room: XLA_PYTHON_CLIENT_PREALLOCATE=false).
No side has dropout. The modes are

    forward    vectors, the mean over each text's tokens
    training   forward, and the gradient of the sum of their squares, in every
               parameter, without an optimiser

Before it measures, it checks that vectors and gradients agree. Then contenders
alternate batch by batch; a time is the sum over batches of the median over
--rounds. Fill is real tokens over slots. Peak memory is what a batch takes
beside the parameters. Start it as launch/venv.sh says (tune_environment), or
the allocator costs a third.

The last line is JSON: for training, fill, fill_padded and fill_torch;
packed_over_padded and packed_over_torch, times that packed is faster;
tokens_per_second and compile_seconds, of packed; and the same with _forward
behind. What was not measured is null.
"""

import importlib.util
from collections.abc import Sequence
from typing import Any, NamedTuple

from absl import flags
import jax
import numpy as np

from data import program
from data import tokens
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import table
from tools.bench import contest
from tools.bench import machine
from tools.bench import ours
from tools.bench import reference
from tools.bench import work as work_lib

MODES = {
  "both": ("forward", "training"),
  "forward": ("forward",),
  "training": ("training",),
}


class Row(NamedTuple):
  """What was measured of one contender in one mode."""

  mode: str
  name: str
  seconds: float  # for all texts
  fill: float
  compile_seconds: float | None
  peak_bytes: int | None


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  families = sorted(table.FAMILIES)
  flags.DEFINE_enum("family", "bert", families, "The encoder's family.")
  count = flags.DEFINE_integer
  count("layers", 6, "Blocks.", lower_bound=1)
  count("width", 384, "Numbers in a vector.", lower_bound=1)
  count(
    "heads",
    0,
    "Heads; 0 for heads of 32 numbers below width 512 (MiniLM) and of 64 from "
    "there on (BERT).",
    lower_bound=0,
  )
  count("mlp_width", 0, "Of the hidden layers; 0 for 4 widths.", lower_bound=0)
  count("vocab", 30_522, "Tokens that there are.", lower_bound=8)
  count("max_length", 128, "Most tokens a text.", lower_bound=1)
  count("texts", 192, "Texts, a multiple of --batch.", lower_bound=2)
  count("batch", 64, "Texts a batch; half are first, half second of pairs.")
  count("rounds", 3, "Times that each batch is measured.", lower_bound=1)
  flags.DEFINE_enum("mode", "both", list(MODES), "What is measured.")
  types = ["float32", "bfloat16"]
  flags.DEFINE_enum("dtype", "float32", types, "Of the computation.")
  flags.DEFINE_string("data", "", "A folder of real pairs (pairs.jsonl.gz).")
  flags.DEFINE_string("tokenizer", "", "The folder of their tokenizer.")


def main() -> None:
  """Measures the contenders and prints a table."""
  given = flags.FLAGS
  work = _work(given)
  config = _config(given)
  model = towers.Model(
    towers.ModelConfig(config, normalise=False, dtype=given.dtype)
  )
  params = jax.jit(model.init)(jax.random.key(0))
  contenders: list[contest.Contender] = [
    ours.Ours(model, params, work, "packed"),
    ours.Ours(model, params, work, "padded"),
  ]
  versions = f"jax {jax.__version__}"
  if importlib.util.find_spec("torch"):
    torch = reference.Reference(config, params, work, given.dtype)
    contenders.append(torch)
    versions += f", {torch.version} on {torch.device}"
  print(
    f"{config.family}, {config.layers} layers, width {config.width}, "
    f"{config.heads} heads, {given.dtype}: {towers.count(params):,} parameters"
  )
  print(
    f"{len(work.ids):,} texts, {work.tokens / len(work.ids):.1f} tokens each; "
    f"{machine.device()}, {machine.cores()} cores, {versions}",
    flush=True,
  )
  rows = []
  for mode in MODES[given.mode]:
    rows += _measure(contenders, mode, work, given)
  _print_table(rows, work)
  program.print_result(_result(rows, work))


def _config(given: flags.FlagValues) -> config_lib.EncoderConfig:
  """The encoder that the flags describe."""
  family = table.FAMILIES[given.family]
  head_width = 32 if given.width < 512 else 64
  fields = {
    "family": family.name,
    "vocab_size": given.vocab,
    "width": given.width,
    "layers": given.layers,
    "heads": given.heads or max(given.width // head_width, 1),
    "mlp_width": given.mlp_width or 4 * given.width,
    "max_positions": max(512, given.max_length),
  }
  return config_lib.EncoderConfig(**{**fields, **family.shape})


def _work(given: flags.FlagValues) -> work_lib.Work:
  """The texts that the flags describe."""
  if given.batch < 2 or given.batch % 2:
    raise program.BadInput(
      f"--batch={given.batch}; wanted an even number, the texts of pairs"
    )
  if given.texts % given.batch:
    raise program.BadInput(
      f"--texts={given.texts} is not a multiple of --batch={given.batch}; "
      f"wanted {-(-given.texts // given.batch) * given.batch}, for example"
    )
  random = np.random.default_rng(0)
  pairs = given.texts // 2
  if given.data:
    program.require(given.tokenizer, "tokenizer", "runs/tokenizer")
    tokenizer = tokens.Tokenizer(given.tokenizer, max_length=given.max_length)
    lengths = work_lib.measured(given.data, pairs, tokenizer, random)
  else:
    lengths = work_lib.drawn(pairs, random)
  return work_lib.make(
    lengths,
    pairs_per_batch=given.batch // 2,
    vocab_size=given.vocab,
    max_length=given.max_length,
    random=random,
  )


def _measure(
  contenders: Sequence[contest.Contender],
  mode: str,
  work: work_lib.Work,
  given: flags.FlagValues,
) -> list[Row]:
  """Measures all contenders in one mode."""
  peaks = {}
  for one in contenders:
    one.prepare(mode)
    peaks[one.name] = one.peak_bytes(mode)
  batches = len(work.batches)
  apart = contest.difference(contenders, mode, batches)
  what = {"forward": "vectors", "training": "gradient norms"}[mode]
  print(f"{mode}: {what} differ by at most {apart:.1e}", flush=True)
  exact = given.dtype == "float32" and jax.default_backend() == "cpu"
  if exact and not apart <= 1e-3:  # an accelerator's products are rounded
    raise AssertionError(f"{what} differ by {apart}; wanted at most 1e-3")
  took = contest.seconds(contenders, mode, batches=batches, rounds=given.rounds)
  return [
    Row(
      mode,
      one.name,
      took[one.name],
      work.tokens / one.slots[mode],
      one.compile_seconds[mode],
      peaks[one.name],
    )
    for one in contenders
  ]


def _print_table(rows: Sequence[Row], work: work_lib.Work) -> None:
  """Prints a line a contender and mode."""
  columns = ("texts/s", "tokens/s", "fill", "compile s", "peak MiB")
  print(f"{'':16}" + "".join(f"{name:>11}" for name in columns))
  for row in rows:
    cells = (
      f"{len(work.ids) / row.seconds:.1f}",
      f"{work.tokens / row.seconds:,.0f}",
      f"{row.fill:.3f}",
      "-" if row.compile_seconds is None else f"{row.compile_seconds:.1f}",
      "-" if row.peak_bytes is None else f"{row.peak_bytes / 2**20:,.0f}",
    )
    print(f"{row.mode:9}{row.name:7}" + "".join(f"{c:>11}" for c in cells))


def _result(rows: Sequence[Row], work: work_lib.Work) -> dict[str, Any]:
  """The last line; see the module's words."""
  result: dict[str, Any] = {}
  for mode, suffix in (("training", ""), ("forward", "_forward")):
    of = {row.name: row for row in rows if row.mode == mode}
    packed = of.get("packed")
    for name, before in (
      ("packed", ""),
      ("padded", "_padded"),
      ("torch", "_torch"),
    ):
      result[f"fill{before}{suffix}"] = of[name].fill if name in of else None
    for name in ("padded", "torch"):
      result[f"packed_over_{name}{suffix}"] = (
        of[name].seconds / packed.seconds if packed and name in of else None
      )
    result[f"tokens_per_second{suffix}"] = (
      packed and work.tokens / packed.seconds
    )
    result[f"compile_seconds{suffix}"] = packed and packed.compile_seconds
  return result


if __name__ == "__main__":
  define_flags()
  program.run(main)
