"""Finds hard negatives for the pairs of a data set, and writes triplets.

    python -m tools.mine_negatives --data=runs/pairs --model=runs/quickstart \\
      --out=runs/mined

The candidates of a pair are the `--range_max` documents of the data set (and
of `--corpus`, files and folders as data/sources/corpus.py reads them) that are
nearest to its query. Left out are all positives that the query has anywhere in
the data set, and texts equal to it or to one of them. Bounds and margins drop
more. Of those left, best first, `--range_min` are passed over, and then the
best are taken, or some at random. All this is as in sentence-transformers'
`mine_hard_negatives`; ours passes over ten unless told, which may be answers
that nobody has marked. NV-Retriever (arXiv:2407.15831) found best what is here
`--range_min=0 --relative_margin=0.05`.

`--model` is a workdir, a model folder or a hub id; `--by=bm25` ranks by words
and wants none. `--cross_encoder=MODEL` (sentence-transformers) scores the
candidates and the positive anew, before bounds and margins. Of triplets, the
negatives they have stay before the mined ones, unless `--existing=drop`. With
`--keep_scores` the data set is one of scored triplets, for margin MSE and KL.

Work is done beside the data set, in `.OUT.mining`: a run that was stopped goes
on where it was, and what is whole is left alone. Texts and vectors stay on disk
there; memory grows by some 100 bytes a text (by words, with the index too:
embeddings/mining/by_words.py). For 2,048 pairs all vectors are read, once or a
few times.
"""

import dataclasses
import functools
import pathlib
import re
import time
from collections.abc import Iterator
from typing import Any

from absl import flags

from data import kinds
from data import manifest
from data import program
from data import records
from data.sources import corpus as corpus_lib
from embeddings import encode
from embeddings import partition
from embeddings import vector_store
from embeddings.mining import collected
from embeddings.mining import rescore
from embeddings.mining import rules as rules_lib
from embeddings.mining import work
from tools.bench import peak_memory

BY = ("model", "bm25")


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("data", "", "A data set of pairs or triplets.")
  flags.DEFINE_string("out", "", "The data set to write.")
  flags.DEFINE_enum("by", "model", BY, "What ranks the documents.")
  flags.DEFINE_string("model", "", "A workdir, model folder or hub id.")
  flags.DEFINE_string("corpus", "", "FILE,... of further documents.")
  flags.DEFINE_string("column", "", "Of data sets in --corpus.")
  flags.DEFINE_string("cross_encoder", "", "A folder or hub id.")
  flags.DEFINE_integer("num_negatives", 1, "Of each pair.")
  flags.DEFINE_integer("range_min", 10, "So many of the best are passed over.")
  flags.DEFINE_integer("range_max", 50, "So many are candidates.")
  flags.DEFINE_float("max_score", None, "Of a negative at most.")
  flags.DEFINE_float("min_score", None, "Of a negative at least.")
  flags.DEFINE_float("absolute_margin", None, "Below the positive at least.")
  flags.DEFINE_float("relative_margin", None, "The same, as a fraction of it.")
  flags.DEFINE_enum(
    "margin_from",
    "pair",
    rules_lib.MARGIN_FROM,
    "The pair's own positive, or the query's with the least score.",
  )
  flags.DEFINE_enum("sampling", "top", rules_lib.SAMPLING, "Best, or drawn.")
  flags.DEFINE_integer("seed", 0, "Another draws others.")
  flags.DEFINE_enum(
    "fewer", "drop", rules_lib.FEWER, "Pairs with too few negatives."
  )
  flags.DEFINE_enum(
    "existing", "keep", rules_lib.EXISTING, "Negatives that triplets have."
  )
  flags.DEFINE_bool("keep_scores", False, "Write scored triplets.")
  flags.DEFINE_enum(
    "dtype", "float32", vector_store.DTYPES, "Of vectors on disk meanwhile."
  )


def _wanted() -> work.Wanted:
  """What the flags ask for.

  Raises:
    program.BadInput: if they do not go together.
  """
  given = flags.FLAGS
  program.require(given.data, "data", "runs/pairs")
  program.require(given.out, "out", "runs/mined")
  fields = dataclasses.fields(rules_lib.Rules)
  rules = rules_lib.Rules(**{f.name: getattr(given, f.name) for f in fields})
  rules.check()
  if given.by == "model":
    program.require(given.model, "model", "runs/quickstart")
  elif given.model:
    raise program.BadInput(
      f"--model={given.model} ranks nothing beside --by={given.by}; leave out "
      "one of the two"
    )
  data_set = records.DataSet(given.data)
  if data_set.manifest.kind not in collected.KINDS:
    raise program.BadInput(
      f"{given.data} holds {data_set.manifest.kind}; wanted "
      f"{' or '.join(collected.KINDS)}: write it as one of these"
    )
  out = _place(given.out)
  named, mesh = given.cross_encoder, partition.of_this_host()
  corpus = _corpus(given.corpus, given.column)
  return work.Wanted(
    data_set,
    functools.partial(_texts, corpus),
    corpus.digests(),
    out,
    rules,
    encode.load(given.model, mesh=mesh) if given.model else None,
    rescore.CrossEncoder(named) if named else None,
    given.dtype,
    given.keep_scores,
    {"model": given.model, "cross_encoder": named},
  )


def _corpus(names: str, column: str) -> corpus_lib.Corpus:
  """The further documents.

  Raises:
    program.BadInput: if they are not there, or a column of nothing is named.
  """
  if column and not names:
    raise program.BadInput(
      f"--column={column} is of data sets of --corpus, and there are none; "
      "leave it out"
    )
  return corpus_lib.Corpus(corpus_lib.find([names], "corpus"), column)


def _place(out: str) -> pathlib.Path:
  """Where to write, once it is sure that one can.

  Raises:
    program.BadInput: if no folder can be made there.
  """
  path = pathlib.Path(out).resolve()
  try:
    if re.match(r"\w\w+:/", out):
      raise OSError("it is in a bucket")
    path.parent.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise program.BadInput(
      f"cannot write to {out} ({error}); give a folder of this machine"
    ) from error
  return path


def _texts(corpus: corpus_lib.Corpus) -> Iterator[str]:
  """The texts of a corpus, but for blank ones.

  Raises:
    program.BadInput: if one is longer than a data set may have.
  """
  for document in corpus:
    if len(document.text) > kinds.MAX_TEXT_CHARS:
      raise program.BadInput(
        f"{document.where} has a text of {len(document.text):,} characters; "
        f"wanted at most {kinds.MAX_TEXT_CHARS:,}: cut it"
      )
    if document.text.strip():
      yield document.text


def main() -> None:
  """Runs the program."""
  start, wanted = time.monotonic(), _wanted()
  done = work.mine(wanted)
  seconds = time.monotonic() - start
  counts = dict(manifest.read(wanted.out).counts)
  result: dict[str, Any] = {
    "out": str(wanted.out),
    "pairs": counts.pop("pairs"),
    "negatives": counts.pop("negatives"),
    "dropped": counts,
    "seconds": round(seconds, 2),
    "seconds_of": done.seconds_of,
    "pairs_per_s": round(done.pairs / max(seconds, 1e-9), 1),
    "peak_bytes": peak_memory.resident("VmHWM"),
    "resumed": done.resumed,
  }
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
