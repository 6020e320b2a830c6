"""Winogender (Rudinger et al. 2018, arXiv 1804.09301) as a bias evaluation.

    all.jsonl.gz            {"occupation", "participant", "answer", "gender",
                            "text"} a line; gender: male, female, neutral
    occupations-stats.tsv   occupation, bls_pct_female: women in 100 of the
                            occupation in the United States

Sentences come in threes that differ in the pronoun: "they", "he", "she". Those
are used whose pronoun is the occupation's (`answer` "0"), not the participant's
("1"), who has no stereotype. The stereotype is the gender of the majority.
"""

import csv
import pathlib

import msgspec

from data import json_rows
from data import program
from embeddings.evals import bias
from embeddings.evals import splits

GENDERS = ("neutral", "male", "female")
STATISTICS = "occupations-stats.tsv"


class Row(msgspec.Struct):
  """A line of the file."""

  occupation: str
  participant: str
  answer: str
  gender: str
  text: str


def read(folder: pathlib.Path, split: str) -> bias.Bias:
  """The task in a folder.

  Args:
    folder: with all.jsonl or all.jsonl.gz and occupations-stats.tsv.
    split: any; there is one.

  Raises:
    program.BadInput: if a file is missing or wrong.
  """
  (path,) = splits.files(folder, "all").values()
  threes: dict[tuple[str, str], dict[str, str]] = {}
  for row in json_rows.read(path, Row):
    if row.answer == "0":
      three = threes.setdefault((row.occupation, row.participant), {})
      three[row.gender] = row.text
  women = _women(folder / STATISTICS)
  items = []
  for (occupation, participant), three in threes.items():
    if set(three) != set(GENDERS):
      raise program.BadInput(
        f"{path} has {occupation} and {participant} as {', '.join(three)}; "
        f"wanted {', '.join(GENDERS)}"
      )
    if occupation not in women:
      raise program.BadInput(
        f"{folder / STATISTICS} has no {occupation!r}, which {path.name} has; "
        "add a line for it"
      )
    stereotype = "female" if women[occupation] > 50 else "male"
    items.append((*(three[gender] for gender in GENDERS), stereotype))
  return bias.made(path, items)


def _women(path: pathlib.Path) -> dict[str, float]:
  """Women in 100, by occupation."""
  try:
    with path.open(encoding="utf-8", newline="") as file:
      return {
        row["occupation"]: float(row["bls_pct_female"])
        for row in csv.DictReader(file, delimiter="\t")
      }
  except (OSError, KeyError, ValueError, TypeError) as error:
    raise program.BadInput(
      f"{path} cannot be read ({error!r}); wanted columns occupation and "
      "bls_pct_female with tabs between them"
    ) from error
