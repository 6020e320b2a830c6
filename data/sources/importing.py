"""What makes a program of an importer: its flags, its files, its data set.

    if __name__ == "__main__":
      importing.run(IMPORTER)

reads `--in` (files, patterns, folders, archives; data/sources/raw.py), gives
each row to data/sources/sieve.py, whose rules are flags too, and writes the
data set at `--out`, which appears when all is read. A row that cannot be read
is counted; where more than `--max_bad_share` of all rows are such, it fails.
"""

import functools
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from absl import flags

from data import program
from data.cleaning import flags as cleaning_flags
from data.sources import raw
from data.sources import sieve
from data.sources import sifted
from data.sources.importers import importer as importer_lib

MAX_BAD_SHARE = 0.01

Importer = importer_lib.Importer


def find(
  importer: Importer, names: Sequence[str], options: Mapping[str, Any]
) -> list[raw.File]:
  """The files that names mean to an importer.

  Args:
    importer: says which files of folders and archives are its.
    names: as a program is given them.
    options: of the importer.

  Raises:
    program.BadInput: if a name gives none.
  """
  return raw.find(names, _wanted(importer, options))


def convert(
  importer: Importer,
  files: Sequence[raw.File],
  out: pathlib.Path,
  *,
  rules: sieve.Rules,
  about: sifted.About,
  options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
  """Writes the data set of some files.

  Args:
    importer: which.
    files: as `find` gives them.
    out: the folder to write.
    rules: which records are taken; of one of the importer's kinds.
    about: what the data set says of itself.
    options: of the importer; those not given are as they are.

  Returns:
    What the program's last line says.

  Raises:
    program.BadInput: if a file cannot be read, more rows than may be are bad,
      or no record is left.
  """
  settings = importer.settings(options or {})
  check_kind(importer, rules.kind)
  sifted.check_place([file.path for file in files], out)
  scratch = out.resolve().with_name(f".{out.resolve().name}.scratch")
  shutil.rmtree(scratch, ignore_errors=True)  # Of a run that was killed.
  given = {**settings, "kind": rules.kind}
  try:
    return sifted.write(
      [
        sifted.Input(
          file.name,
          importer.read(file, given, scratch / str(number)),
          functools.partial(_place, file, importer.unit),
        )
        for number, file in enumerate(files)
      ],
      out,
      shape=sifted.Shape(importer.kinds[rules.kind], importer.origin),
      rules=rules,
      about=about._replace(
        settings={"importer": importer.name, **settings, **about.settings}
      ),
    )
  finally:
    shutil.rmtree(scratch, ignore_errors=True)


def kind_of(
  importer: Importer, files: Sequence[raw.File], wanted: str = ""
) -> str:
  """The kind of data set that some files become.

  Args:
    importer: which.
    files: as `find` gives them.
    wanted: what the caller wants; "" for what the importer takes the first
      file for.

  Raises:
    program.BadInput: if the importer has no such kind.
  """
  if not wanted and importer.kind_of and files:
    wanted = importer.kind_of(files[0])
  kind = wanted or importer.kind
  check_kind(importer, kind)
  return kind


def check_kind(importer: Importer, kind: str) -> None:
  """Raises BadInput unless the importer makes records of the kind."""
  if kind not in importer.kinds:
    raise program.BadInput(
      f"--kind={kind}: {importer.name} makes {' or '.join(importer.kinds)}; "
      "give one of these"
    )


def define_flags(importer: Importer) -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_multi_string("in", [], "Files, patterns, folders, archives.")
  flags.DEFINE_string("out", "", "The data set folder to write.")
  flags.DEFINE_enum(
    "kind", "", ["", *importer.kinds], "Of the records; by the files if empty."
  )
  flags.DEFINE_string("name", "", "The data set's name; --out's if empty.")
  flags.DEFINE_string("source", "", "Where the texts come from.")
  flags.DEFINE_string("licence", "", "Under which terms.")
  flags.DEFINE_enum(
    "duplicates", "drop", ["drop", "keep"], "Records that repeat another."
  )
  flags.DEFINE_float(
    "max_bad_share",
    MAX_BAD_SHARE,
    "The most of all rows that may be unreadable; 0 stops at the first.",
    0,
    1,
  )
  cleaning_flags.define()
  for option in importer.options:
    _define(option)


def main(importer: Importer) -> None:
  """Reads the flags and writes the data set."""
  given = flags.FLAGS
  names = given["in"].value or []
  options = {o.name: getattr(given, o.name) for o in importer.options}
  program.require(names, "in", f"DIR/{_wanted(importer, options)[0]}")
  program.require(given.out, "out", f"runs/{importer.name}")
  out = pathlib.Path(given.out).expanduser()
  files = find(importer, names, options)
  kind = kind_of(importer, files, given.kind)
  program.print_result(
    convert(
      importer,
      files,
      out,
      rules=sieve.Rules(
        kind, cleaning_flags.read(), given.duplicates, given.max_bad_share
      ),
      about=sifted.About(
        given.name or out.resolve().name,
        given.source,
        given.licence,
        remedy=f"check the file and the options of {importer.name}",
      ),
      options=options,
    )
  )


def run(importer: Importer) -> None:
  """The whole program."""
  define_flags(importer)
  program.run(functools.partial(main, importer))


def _wanted(importer: Importer, options: Mapping[str, Any]) -> list[str]:
  """The patterns of an importer's files."""
  settings = importer.settings(options)
  return [pattern.format(**settings) for pattern in importer.wanted]


def _define(option: importer_lib.Option) -> None:
  """Defines the flag of an option."""
  name, default, words, choices, low, high = option
  if choices:
    flags.DEFINE_enum(name, str(default), choices, words)
  elif isinstance(default, int):
    flags.DEFINE_integer(name, default, words, low, high)
  elif isinstance(default, float):
    flags.DEFINE_float(name, default, words)
  else:
    flags.DEFINE_string(name, default, words)


def _place(file: raw.File, unit: str, number: int) -> str:
  """Names a row in a message."""
  return f"{file.name} {unit} {number:,}"
