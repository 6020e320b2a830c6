"""Encodes a corpus into an index that tools.search searches.

    python -m tools.encode --model=runs/model --in=corpus.jsonl --out=runs/index

`--in` takes files, patterns and lists of both, .gz or not: .jsonl with {"_id",
"text"} a line (a "title" is put in front of the text), .txt with a text a line
(blank ones are none), whose id is its number from 0; and data set folders, with
`--column` (`query`, say), whose ids are NAME:RECORD. Every document needs an id
of its own. Vectors are those whose dot product is the model's similarity;
`--dtype=float16` halves them, and `--texts=leave_out` keeps ids alone. With
`--hnsw` the index has a graph for `tools.search --how=hnsw` when it takes its
place.

All devices of the machine take part. What was killed goes on where it was: run
the same command again. On several hosts start the same command on each, with a
folder that all see, as with launch.train; on this machine:

    python -m launch.pod --program=tools.encode -n 2 -d 2 -- --model=... ...

The last line is JSON: how many documents there are, and how many of them had
their vectors before (`resumed`); `texts_per_s` is of this run.
"""

import time

from absl import flags

from data import program
from data.sources import corpus as corpus_lib
from embeddings import bulk
from embeddings import encode
from embeddings import hosts
from embeddings import index_writer
from embeddings import partition
from embeddings import vector_store


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("model", "", "A workdir, model folder or hub id.")
  flags.DEFINE_multi_string("in", None, "Files, patterns, data set folders.")
  flags.DEFINE_string("out", "", "The folder to write.")
  flags.DEFINE_string("column", "", "Of data set folders, as in document.")
  flags.DEFINE_enum(
    "dtype", "float32", vector_store.DTYPES, "Of the numbers on disk."
  )
  flags.DEFINE_enum(
    "texts", "keep", index_writer.TEXTS, "Whether texts stand beside the ids."
  )
  flags.DEFINE_integer(
    "stretch", bulk.STRETCH, "Texts that are sorted and encoded together.", 1
  )
  flags.DEFINE_bool("hnsw", False, "Make the graph of tools.search --how=hnsw.")
  flags.DEFINE_string(
    "coordinator", "", "HOST:PORT of process 0, where JAX cannot know it."
  )
  flags.DEFINE_integer(
    "hosts", 0, "Processes, with --coordinator; 1 alone looks for no others."
  )
  flags.DEFINE_integer("host", -1, "This process's number, with --coordinator.")


def main() -> None:
  """Encodes --in to --out."""
  given = flags.FLAGS
  names = given["in"].value or []
  program.require(given.model, "model", "runs/model")
  program.require(names, "in", "corpus.jsonl")
  program.require(given.out, "out", "runs/index")
  corpus = corpus_lib.Corpus(corpus_lib.find(names), given.column)
  index_writer.check_place(given.out)
  hosts.start(given.coordinator, given.hosts, given.host)
  with hosts.losing_others(), hosts.ending_together():
    start = time.monotonic()
    encoder = encode.load(given.model, mesh=partition.of_this_host())
    written = index_writer.write(
      given.out,
      corpus,
      encoder,
      model=given.model,
      dtype=given.dtype,
      texts=given.texts,
      stretch=given.stretch,
      graph=given.hnsw,
    )
    if hosts.is_first():
      _report(given.out, written, time.monotonic() - start)


def _report(out: str, written: index_writer.Written, seconds: float) -> None:
  """Prints what was done as the last line."""
  done = written.documents - written.resumed
  program.print_result(
    {
      "out": out,
      "documents": written.documents,
      "width": written.width,
      "seconds": round(seconds, 1),
      "texts_per_s": round(done / max(seconds, 1e-9), 1),
      "resumed": written.resumed,
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
