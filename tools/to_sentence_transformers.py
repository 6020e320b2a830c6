"""Exports a run as a sentence-transformers folder.

    python -m tools.to_sentence_transformers --workdir=runs/mine \\
      --out=runs/model

`SentenceTransformer("runs/model")` then gives the same vectors as Gigapair.
"""

import json
import pathlib

from absl import flags

from data import program
from embeddings import export
from embeddings import workdir as workdir_lib


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("workdir", "", "The run's folder.")
  flags.DEFINE_string("out", "", "The folder to write.")
  flags.DEFINE_string(
    "results", "", "JSON of tools.evaluate for the model card."
  )


def main() -> None:
  """Exports --workdir to --out."""
  given = flags.FLAGS
  program.require(given.workdir, "workdir", "runs/mine")
  program.require(given.out, "out", "runs/model")
  out = pathlib.Path(given.out)
  if out.exists() and not (out / "modules.json").exists():
    raise program.BadInput(
      f"--out={out} exists and is not a model; give another folder"
    )
  step = export.to_sentence_transformers(
    workdir_lib.Workdir(given.workdir), out, results=_results(given.results)
  )
  program.print_result({"out": str(out), "step": step})


def _results(path: str) -> dict[str, float] | None:
  """The numbers of a JSON file, or None without one."""
  if not path:
    return None
  try:
    content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return {k: v for k, v in content.items() if isinstance(v, int | float)}
  except (OSError, ValueError, AttributeError) as error:
    raise program.BadInput(
      f"--results={path} cannot be read ({error}); give the file that "
      "tools.evaluate --out wrote"
    ) from error


if __name__ == "__main__":
  define_flags()
  program.run(main)
