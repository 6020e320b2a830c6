"""Two texts and how alike they are: STS-B, SICK and files of their kind.

    python -m data.sources.importers.sts --in=sts-train.csv --out=runs/sts_b
    python -m data.sources.importers.sts --in=SICK_train.txt --min_score=1 \\
      --out=runs/sick

(STS-B: Cer et al. 2017, arXiv 1708.00055; SICK: Marelli et al. 2014.) Files are
JSON lines (`{"s1", "s2", "score"}`), tables with a header, or STS-B's own,
which has none: genre, file, year, number, score, both texts. Scores from
`--min_score` to `--max_score` become 0 to 1; others are bad rows. Where a
column says the split, `--split` is taken.
"""

import math
import pathlib
from collections.abc import Iterator
from typing import Any

from data import program
from data.sources import importing
from data.sources import line_rows
from data.sources import named_rows
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer

_NAMES = {
  "one": ("s1", "sentence1", "sentence_A", "text1"),
  "other": ("s2", "sentence2", "sentence_B", "text2"),
  "score": ("score", "relatedness_score", "similarity_score", "label"),
  # SICK's own last column.
  "split?": ("split", "SemEval_set"),
}
_STS_B = ("genre", "filename", "year", "id", "score", "sentence1", "sentence2")


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  low, high = options["min_score"], options["max_score"]
  if not -math.inf < low < high < math.inf:
    raise program.BadInput(
      f"--min_score={low:g} and --max_score={high:g}: wanted two numbers, the "
      "first below the second; give those of the file's scores"
    )
  split = options["split"]

  def rows_of(number: int, values: dict[str, Any]) -> Iterator[rows.Row]:
    found = str(values.get("split", split)).strip().lower()
    score = _number(values["score"])
    if found != split:
      yield rows.Row(number, dropped="other_split")
    elif not low <= score <= high:
      fault = (
        f"has the score {values['score']!r:.60}, wanted {low:g} to {high:g}; "
        "give --min_score and --max_score"
      )
      yield rows.Row(number, fault=fault)
    else:
      scaled = round((score - low) / (high - low), 6)
      yield rows.Row(number, (values["one"], values["other"], scaled))

  return named_rows.read(
    file,
    _NAMES,
    rows_of,
    header=_STS_B if _is_sts_b(file) else (),
    quoted=file.base.endswith(".csv") and not _has_tabs(file),
    delimiter="\t" if _has_tabs(file) else ",",
  )


def _is_sts_b(file: raw.File) -> bool:
  """Whether a file is STS-B's own, without a header."""
  fields = line_rows.header(file).split("\t")
  return len(fields) >= len(_STS_B) and not math.isnan(_number(fields[4]))


def _has_tabs(file: raw.File) -> bool:
  """Whether there are tabs between fields."""
  return "\t" in line_rows.header(file)


def _number(value: Any) -> float:
  """A score, or NaN."""
  try:
    return math.nan if isinstance(value, bool) else float(value)
  except (TypeError, ValueError):
    return math.nan


IMPORTER = importer.Importer(
  name="sts",
  kinds={"scored": ("sentence1", "sentence2", "score")},
  wanted=("*train*.csv", "*train*.tsv", "*train*.txt", "*.jsonl", "SICK.txt"),
  read=read,
  options=(
    importer.Option("min_score", 0.0, "The score that becomes 0."),
    importer.Option("max_score", 5.0, "The score that becomes 1."),
    importer.Option("split", "train", "Where a column says which it is."),
  ),
)


if __name__ == "__main__":
  importing.run(IMPORTER)
