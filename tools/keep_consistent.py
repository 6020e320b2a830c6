"""Keeps the pairs of a data set whose positive a model finds, and no others.

    python -m tools.keep_consistent --data=runs/pairs --model=runs/quickstart \\
      --top=10 --out=runs/consistent

A pair stays if fewer than `--top` documents of the data set are nearer to its
query than its positive is. Other positives of the query, and texts equal to it,
are not counted; a triplet's negatives are. So goes what no model should learn
from, such as a page's cookie notice as the answer to all its questions; and
what this model does not know, so that a good one is wanted, and not too small a
`--top`: Promptagator (Dai et al. 2022, arXiv:2209.11755) takes 1 with a model
trained on the very pairs, E5 (Wang et al. 2022, arXiv:2212.03533) 2 among a
million documents.

`--model` is a workdir, a model folder or a hub id. Work is done beside the data
set, in `.OUT.ranking`: a run that was stopped goes on where it was, and what is
whole is left alone. Texts and vectors stay on disk there; memory grows by some
100 bytes a text.
"""

import pathlib
import time

from absl import flags

from data import manifest
from data import program
from data import records
from embeddings import encode
from embeddings import partition
from embeddings import vector_store
from embeddings.mining import collected
from embeddings.mining import consistent
from tools.bench import peak_memory


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("data", "", "A data set of pairs or triplets.")
  flags.DEFINE_string("out", "", "The data set to write.")
  flags.DEFINE_string("model", "", "A workdir, model folder or hub id.")
  flags.DEFINE_integer("top", 10, "Of the documents nearest to a query.", 1)
  flags.DEFINE_enum(
    "dtype", "float32", vector_store.DTYPES, "Of vectors on disk meanwhile."
  )


def _wanted() -> consistent.Wanted:
  """What the flags ask for.

  Raises:
    program.BadInput: if they do not go together.
  """
  given = flags.FLAGS
  program.require(given.data, "data", "runs/pairs")
  program.require(given.out, "out", "runs/consistent")
  program.require(given.model, "model", "runs/quickstart")
  data_set = records.DataSet(given.data)
  if data_set.manifest.kind not in collected.KINDS:
    raise program.BadInput(
      f"{given.data} holds {data_set.manifest.kind}; wanted "
      f"{' or '.join(collected.KINDS)}: write it as one of these"
    )
  encoder = encode.load(given.model, mesh=partition.of_this_host())
  out = pathlib.Path(given.out).expanduser().resolve()
  return consistent.Wanted(
    data_set, out, encoder, given.top, given.model, given.dtype
  )


def main() -> None:
  """Runs the program."""
  start, wanted = time.monotonic(), _wanted()
  consistent.keep(wanted)
  counts = manifest.read(wanted.out).counts
  seconds = time.monotonic() - start
  result = {
    "out": str(wanted.out),
    "pairs": counts["kept"],
    "read": counts["read"],
    "dropped": {"not_found": counts["not_found"]},
    "top": wanted.top,
    "seconds": round(seconds, 2),
    "peak_bytes": peak_memory.resident("VmHWM"),
  }
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
