"""Sentences and their translations: tab-separated, or two files line by line.

    python -m data.sources.importers.parallel --in=en-de.tsv.gz --out=runs/en_de
    python -m data.sources.importers.parallel --in=europarl.en \\
      --in2=europarl.de --out=runs/en_de
    python -m data.sources.importers.parallel --in=en-de.txt.zip \\
      --language=en --translation=de --out=runs/en_de

A table has a text and its translation in its first two fields; what comes
behind is left out. Moses' two files (OPUS' among them, also within one archive)
have the translation in the same line of the other file, which is the one of
`--in2`, or the one that ends in `--translation` where the file of `--in` ends
in `--language`. Files whose numbers of lines differ are refused: from somewhere
on, each line would stand beside another's translation.
"""

import itertools
import pathlib
from collections.abc import Iterator

from data import program
from data.sources import importing
from data.sources import line_rows
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a table, or of a file and its other."""
  if options["in2"] or options["translation"]:
    return _aligned(file, _other(file, options))
  return line_rows.of_fields(file, _pair)


def _pair(number: int, fields: list[str]) -> Iterator[rows.Row]:
  """The row of a line."""
  if len(fields) < 2:
    fault = f"is {fields!r:.60}; wanted a text, a tab and its translation"
    yield rows.Row(number, fault=fault)
  else:
    yield rows.Row(number, (fields[0], fields[1]))


def _aligned(file: raw.File, other: raw.File) -> Iterator[rows.Row]:
  """The rows of two files, line by line."""
  pairs = itertools.zip_longest(line_rows.lines(file), line_rows.lines(other))
  for one, two in pairs:
    if one is None or two is None:
      short, long = (file, other) if one is None else (other, file)
      line = one or two
      assert line is not None
      raise program.BadInput(
        f"{short.name} has {line.number - 1:,} lines and {long.name} has more; "
        "wanted as many in both: one was cut short, or they are not two files "
        "of one corpus"
      )
    texts = []
    for name, line in ((file.name, one), (other.name, two)):
      text, fault = line_rows.decoded(line.line)
      fault = line.fault or fault
      if fault:
        place = f"{name} line {line.number:,}"
        yield rows.Row(line.number, fault=fault, where=place)
        break
      texts.append(text)
    else:
      yield rows.Row(one.number, texts)


def _other(file: raw.File, options: importer.Options) -> raw.File:
  """The file with the translations of another."""
  if options["in2"]:
    found = raw.find([options["in2"]], ["*"], flag="in2")
    if len(found) != 1:
      raise program.BadInput(
        f"--in2={options['in2']} means {len(found)} files; give one, or "
        "--language and --translation for many"
      )
    return found[0]
  language, translation = options["language"], options["translation"]
  stem = file.base.removesuffix(f".{language}")
  if stem == file.base:
    raise program.BadInput(
      f"{file.name} does not end in .{language}; give files that do, or --in2"
    )
  other = line_rows.beside(file, f"{stem}.{translation}")
  if other is None:
    raise program.BadInput(
      f"there is no {stem}.{translation} beside {file.name}; put it there, or "
      "give --in2"
    )
  return other


IMPORTER = importer.Importer(
  name="parallel",
  kinds={"pairs": ("text", "translation")},
  wanted=("*.{language}",),
  read=read,
  options=(
    importer.Option("in2", "", "The file with the translations."),
    importer.Option("language", "tsv", "The ending of the files of --in."),
    importer.Option("translation", "", "The ending of the files beside them."),
  ),
)


if __name__ == "__main__":
  importing.run(IMPORTER)
