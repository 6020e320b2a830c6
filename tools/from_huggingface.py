"""Imports a model from the Hugging Face hub or a folder.

    python -m tools.from_huggingface --out=runs/minilm \\
      --model=sentence-transformers/all-MiniLM-L6-v2

What is written serves as --model of tools.encode and tools.evaluate, as
--config.model.init of launch.train and as --workdir of
tools.to_sentence_transformers. Two models with a comma between become the query
and the document tower of one. The last line is JSON: family, parameters, width,
layers, pooling, max_length, out.
"""

import pathlib
import shlex
import sys

from absl import flags

from data import program
from embeddings import pretrained
from embeddings import towers


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("model", "", "A folder or hub id; or two of them.")
  flags.DEFINE_string("out", "", "The folder to write.")


def main() -> None:
  """Imports --model to --out."""
  given = flags.FLAGS
  program.require(
    given.model, "model", "sentence-transformers/all-MiniLM-L6-v2"
  )
  program.require(given.out, "out", "runs/model")
  found = pretrained.load(given.model)
  command = ["python", "-m", "tools.from_huggingface", *sys.argv[1:]]
  pretrained.keep(found, pathlib.Path(given.out), shlex.join(command))
  about = found.description
  program.print_result(
    {
      "family": about.config.encoder.family,
      "parameters": towers.count(found.params),
      "width": about.config.width,
      "layers": about.config.encoder.layers,
      "pooling": about.config.pooling,
      "towers": about.config.towers,
      "max_length": about.max_length,
      "out": given.out,
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
