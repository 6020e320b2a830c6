"""Exports a run as a sentence-transformers folder.

    python -m tools.to_sentence_transformers --workdir=runs/mine \\
      --out=runs/model --licence=apache-2.0 --verify

`SentenceTransformer("runs/model")` then gives the same vectors as Gigapair,
and --verify makes sure of it. --push_to=ORG/NAME uploads the folder as well.
The last line is JSON: out, step, dtype, verified (the largest difference, in
lengths of the vector, or null) and pushed (the model's page, or null).
"""

import json
import pathlib

from absl import flags

from data import program
from embeddings import description
from embeddings import export
from embeddings import hub
from embeddings import model_card
from embeddings import verify
from embeddings import workdir as workdir_lib


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string(
    "workdir", "", "The run's folder, or an imported model's."
  )
  flags.DEFINE_string("out", "", "The folder to write.")
  flags.DEFINE_enum("dtype", "float32", export.DTYPES, "Of the weights.")
  flags.DEFINE_enum(
    "towers", "router", export.LAYOUTS, "What two towers become."
  )
  flags.DEFINE_string("licence", "", "For the card, as the hub names it: mit.")
  flags.DEFINE_string(
    "results", "", "JSON of tools.evaluate for the model card."
  )
  flags.DEFINE_bool(
    "verify", False, "Compares vectors with those of sentence-transformers."
  )
  flags.DEFINE_string("push_to", "", "ORG/NAME of the hub to upload to.")
  flags.DEFINE_bool("private", False, "Makes a model new on the hub private.")


def main() -> None:
  """Exports --workdir to --out."""
  given = flags.FLAGS
  program.require(given.workdir, "workdir", "runs/mine")
  program.require(given.out, "out", "runs/model")
  out = pathlib.Path(given.out)
  _check_flags(out)
  verified: list[float] = []

  def check(folder: pathlib.Path, found: description.Pretrained) -> None:
    if given.verify:
      verified.append(verify.check(folder, found, given.dtype))

  step = export.to_sentence_transformers(
    workdir_lib.Workdir(given.workdir),
    out,
    dtype=given.dtype,
    layout=given.towers,
    card=_extras(),
    check=check,
  )
  pushed = None
  if given.push_to:
    pushed = hub.push(out, given.push_to, private=given.private)
  program.print_result(
    {
      "out": str(out),
      "step": step,
      "dtype": given.dtype,
      "verified": verified[0] if verified else None,
      "pushed": pushed,
    }
  )


def _check_flags(out: pathlib.Path) -> None:
  """Finds out before the work what would fail after it."""
  given = flags.FLAGS
  models = (out, out / "query")  # the second of two towers' folders
  if out.exists() and not any((m / "modules.json").exists() for m in models):
    raise program.BadInput(
      f"--out={out} exists and is not a model; give another folder"
    )
  if given.verify:
    verify.reference()
  if given.push_to:
    hub.check(given.push_to)
    if given.towers == "folders":
      raise program.BadInput(
        "--push_to takes one model, and --towers=folders makes two; leave "
        "--towers out, or upload each folder with `hf upload`"
      )


def _extras() -> model_card.Extras:
  """What the flags say for the card."""
  given = flags.FLAGS
  extras = model_card.Extras(_results(given.results), given.licence)
  return extras._replace(name=given.push_to) if given.push_to else extras


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
