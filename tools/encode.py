"""Encodes a corpus into an index that tools.search searches.

    python -m tools.encode --model=runs/model --in=corpus.jsonl --out=runs/index

The corpus is a file with {"_id", "text"} a line (a "title" is put in front of
the text), plain or .gz. Every document needs an _id of its own.
"""

import pathlib
import time

from absl import flags

from data import program
from data import retrieval_folder
from embeddings import index


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("model", "", "A workdir, model folder or hub id.")
  flags.DEFINE_string("in", "", "The corpus.")
  flags.DEFINE_string("out", "", "The folder to write.")


def main() -> None:
  """Encodes --in to --out."""
  given = flags.FLAGS
  program.require(given.model, "model", "runs/model")
  program.require(given["in"].value, "in", "corpus.jsonl")
  program.require(given.out, "out", "runs/index")
  start = time.monotonic()
  corpus = retrieval_folder.read_texts(pathlib.Path(str(given["in"].value)))
  count, width = index.build(given.out, corpus, given.model)
  seconds = time.monotonic() - start
  program.print_result(
    {
      "out": given.out,
      "documents": count,
      "width": width,
      "seconds": round(seconds, 1),
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
