"""Pairs of (documentation, code) out of the Python code on this machine.

    python -m data.sources.python_code --out=runs/python_code

reads the standard library and all installed packages of the running Python; or
with `--in=DIR,DIR` the packages in these folders. A pair is the first
paragraph of a function's docstring and the function without it, by the rules
of CodeSearchNet (Husain et al. 2019, arXiv 1909.09436; data/sources/
python_functions.py). Copies and near copies of code are dropped (Allamanis
2019, arXiv 1812.06469; data/duplicates.py). Whole packages are held out
(data/sources/package_split.py). In `--out`:

    train/        a data set folder (data/records.py), in the order of a hash
    dev/, test/   retrieval folders (data/retrieval_folder.py): documentation
                  finds the code among that of all held-out pairs of its split
    summary.json  the settings, and what the last line says

`--out` appears when it is whole. One that is whole and of the same settings is
not made again: the program prints its last line again.
"""

import json
import os
import pathlib
import platform
import time
from collections.abc import Sequence
from typing import Any

from absl import flags

from data import atomic
from data import duplicates
from data import program
from data import records
from data import retrieval_folder
from data.sources import package_split
from data.sources import python_files
from data.sources import python_functions
from data.sources import python_pairs

SUMMARY = "summary.json"
COLUMNS = ("documentation", "code")
# Of what is taken and how it is written; a new one mines a finished --out anew.
RULES_VERSION = 1


def build(
  out: pathlib.Path,
  folders: Sequence[pathlib.Path],
  split: package_split.Settings,
  processes: int,
) -> dict[str, Any]:
  """Mines the folders and writes `out`, unless it is there already.

  Args:
    out: the folder to write.
    folders: folders of packages; none for what is installed.
    split: how to split.
    processes: how many parse files.

  Returns:
    What the program's last line says.

  Raises:
    program.BadInput: if `out` is something else, a folder cannot be mined, or
      there are too few pairs.
  """
  settings = _settings(folders, split)
  finished = _finished(out, settings)
  if finished is not None:
    program.note_line(f"{out} is finished; nothing to do")
    return finished
  roots = [python_files.Root(folder) for folder in folders]
  mined = python_pairs.mine(roots or python_files.installed_roots(), processes)
  splits = package_split.assign(
    [pair.package for pair in mined.pairs],
    [pair.documentation for pair in mined.pairs],
    split,
  )
  pairs_of = {
    name: [
      pair for pair, its in zip(mined.pairs, splits, strict=True) if its == name
    ]
    for name in package_split.SPLITS
  }
  result = _result(mined, pairs_of)
  with atomic.folder(out.resolve()) as partial:
    _write_train(partial / package_split.TRAIN, pairs_of, settings, result)
    for name in package_split.HELD_OUT:
      if pairs_of[name]:
        _write_held_out(partial / name, pairs_of[name])
    summary = json.dumps({"settings": settings, "result": result}, indent=2)
    atomic.write_text(partial / SUMMARY, f"{summary}\n")
  return result


def _settings(
  folders: Sequence[pathlib.Path], split: package_split.Settings
) -> dict[str, Any]:
  """All that decides what is written, as JSON has it."""
  return {
    "rules": RULES_VERSION,
    "python": platform.python_version(),
    "in": [str(folder.resolve()) for folder in folders],
    "min_words": python_functions.MIN_WORDS,
    "min_lines": python_functions.MIN_LINES,
    "near_copy": duplicates.THRESHOLD,
    "dev_pairs": split.dev_pairs,
    "test_pairs": split.test_pairs,
    "split_seed": split.seed,
    "max_share": split.max_share,
  }


def _finished(
  out: pathlib.Path, settings: dict[str, Any]
) -> dict[str, Any] | None:
  """The result of an earlier run of the same settings, if there is one."""
  if not out.exists() or (out.is_dir() and not any(out.iterdir())):
    return None
  path = out / SUMMARY
  if not path.is_file():
    raise program.BadInput(
      f"--out={out} exists and is no such data (it has no {SUMMARY}); give "
      "another folder or move it away"
    )
  try:
    summary = json.loads(path.read_text(encoding="utf-8"))
    result, same = summary["result"], summary["settings"] == settings
    parts = [name for name in package_split.SPLITS if result[name]]
  except (ValueError, KeyError, TypeError):
    return None
  return result if same and all((out / n).is_dir() for n in parts) else None


def _result(
  mined: python_pairs.Mined, pairs_of: dict[str, list[python_pairs.Pair]]
) -> dict[str, Any]:
  """What was kept and dropped."""
  packages = {
    name: sorted({pair.package for pair in pairs_of[name]})
    for name in package_split.SPLITS
  }
  numbers = {name: len(pairs_of[name]) for name in package_split.SPLITS}
  kept = sum(numbers.values())
  return {
    "files": mined.files,
    "unreadable_files": mined.unreadable_files,
    "pairs": kept,
    **numbers,
    "datasets": {package_split.TRAIN: numbers[package_split.TRAIN]},
    "dropped": {
      **mined.dropped,
      "documentation_not_unique": len(mined.pairs) - kept,
    },
    "packages": sum(map(len, packages.values())),
    "dev_packages": packages[package_split.DEV],
    "test_packages": packages[package_split.TEST],
  }


def _write_train(
  folder: pathlib.Path,
  pairs_of: dict[str, list[python_pairs.Pair]],
  settings: dict[str, Any],
  result: dict[str, Any],
) -> None:
  """Writes the data set."""
  texts = [
    (pair.documentation, pair.code) for pair in pairs_of[package_split.TRAIN]
  ]
  writer = records.Writer(
    folder,
    name="python_code",
    kind="pairs",
    columns=COLUMNS,
    source=_source(settings),
    licence="each package's own",
    filters={k: v for k, v in settings.items() if k not in ("python", "in")},
  )
  with writer:
    for pair in texts:
      writer.write(pair)
    numbers = {name: result[name] for name in package_split.SPLITS}
    writer.counts = {**numbers, **result["dropped"]}


def _source(settings: dict[str, Any]) -> str:
  """Where the texts come from, in words."""
  what = ", ".join(settings["in"]) or "standard library and site-packages"
  return f"{what}, read by Python {settings['python']}"


def _write_held_out(
  folder: pathlib.Path, pairs: Sequence[python_pairs.Pair]
) -> None:
  """Writes a retrieval folder in which each documentation has one answer."""
  ordered = sorted(pairs)
  retrieval_folder.write(
    folder,
    corpus={pair.id: pair.code for pair in ordered},
    queries={pair.id: pair.documentation for pair in ordered},
    qrels={pair.id: {pair.id: 1} for pair in ordered},
  )


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  split = package_split.Settings()
  flags.DEFINE_string("out", "", "The folder to write.")
  flags.DEFINE_list("in", [], "Folders of packages; what is installed if none.")
  flags.DEFINE_integer("dev_pairs", split.dev_pairs, "At least, or 0.", 0)
  flags.DEFINE_integer("test_pairs", split.test_pairs, "At least, or 0.", 0)
  flags.DEFINE_integer("split_seed", split.seed, "Other packages held out.")
  flags.DEFINE_float(
    "max_share",
    split.max_share,
    "Packages with more of all pairs are always trained on.",
    0.0,
    1.0,
  )
  flags.DEFINE_integer("processes", 0, "That parse; 0 for one a core.", 0)


def main() -> None:
  """Reads the flags, mines and writes."""
  start = time.monotonic()
  given = flags.FLAGS
  program.require(given.out, "out", "runs/python_code")
  folders = [
    pathlib.Path(name).expanduser() for name in given["in"].value or []
  ]
  result = build(
    pathlib.Path(given.out).expanduser(),
    folders,
    package_split.Settings(
      dev_pairs=given.dev_pairs,
      test_pairs=given.test_pairs,
      seed=given.split_seed,
      max_share=given.max_share,
      always_train=() if folders else (python_files.STANDARD_LIBRARY,),
    ),
    given.processes or _cores(),
  )
  seconds = round(time.monotonic() - start, 1)
  program.print_result({"out": given.out, **result, "seconds": seconds})


def _cores() -> int:
  """Cores that this process may use."""
  if hasattr(os, "sched_getaffinity"):  # Not on macOS.
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


if __name__ == "__main__":
  define_flags()
  program.run(main)
