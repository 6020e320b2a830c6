"""Paraphrases: Quora's duplicate questions, and WikiAnswers' clusters.

    python -m data.sources.importers.clusters \\
      --in=quora_duplicate_questions.tsv --out=runs/quora
    python -m data.sources.importers.clusters \\
      --in='clusters/part-*.gz' --out=runs/wikianswers

Quora's table has question1, question2 and is_duplicate; those with 1 are pairs,
the others are counted (`no_duplicate`). WikiAnswers (Fader et al. 2014) has a
cluster of questions a line, `q:` before each, tabs between, and perhaps answers
(`a:`), which are left out; tabs alone will do. Any two questions of a cluster
are a pair, no more than `--max_pairs` of one (data/sources/text_sets.py says
which). `--kind=grouped` says which cluster each pair is of.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

from data import program
from data.sources import importing
from data.sources import line_rows
from data.sources import named_rows
from data.sources import raw
from data.sources import rows
from data.sources import text_sets
from data.sources.importers import importer

_NAMES = {
  "one": ("question1",),
  "other": ("question2",),
  "same": ("is_duplicate",),
}
_QUESTION, _ANSWER = "q:", "a:"


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  first = line_rows.header(file)
  if "is_duplicate" not in first:
    return _clusters(file, options)
  if options["kind"] != "pairs":
    raise program.BadInput(
      f"{file.name} has pairs, which are in no cluster; give --kind=pairs"
    )
  delimiter = "\t" if "\t" in first else ","
  return named_rows.read(file, _NAMES, _pair, quoted=True, delimiter=delimiter)


def _pair(number: int, values: dict[str, Any]) -> Iterator[rows.Row]:
  """The row of two questions."""
  same = str(values["same"]).strip()
  if same in ("1", "True"):
    yield rows.Row(number, (values["one"], values["other"]))
  elif same in ("0", "False"):
    yield rows.Row(number, dropped="no_duplicate")
  else:
    fault = f"has is_duplicate {same!r:.60}, wanted 0 or 1"
    yield rows.Row(number, fault=fault)


def _clusters(file: raw.File, options: importer.Options) -> Iterator[rows.Row]:
  """The pairs of clusters."""

  def rows_of(number: int, fields: list[str]) -> Iterator[rows.Row]:
    texts = _questions(fields)
    pairs = text_sets.pairs(texts, options["max_pairs"])
    if not pairs:
      yield rows.Row(number, dropped="one_text")
      return
    group = text_sets.group_of(texts)
    for pair in pairs:
      grouped = options["kind"] == "grouped"
      yield rows.Row(number, (*pair, group) if grouped else pair)

  return line_rows.of_fields(file, rows_of)


def _questions(fields: list[str]) -> list[str]:
  """The questions of a cluster."""
  marked = any(field.startswith(_QUESTION) for field in fields)
  texts = (
    field.removeprefix(_QUESTION).strip()
    for field in fields
    if field.startswith(_QUESTION) or not (marked or field.startswith(_ANSWER))
  )
  return [text for text in texts if text]


IMPORTER = importer.Importer(
  name="clusters",
  kinds={
    "pairs": ("text", "paraphrase"),
    "grouped": ("text", "paraphrase", "cluster"),
  },
  wanted=("quora*.tsv", "*.tsv", "part-*"),
  read=read,
  options=(
    importer.Option(
      "max_pairs", 10, "The most pairs of a cluster; 0 for all.", low=0
    ),
  ),
)


if __name__ == "__main__":
  importing.run(IMPORTER)
