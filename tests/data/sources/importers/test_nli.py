"""Tests of data/sources/importers/nli.py."""

import json
import pathlib
import random

import pytest

from data.sources import raw
from data.sources import rows
from data.sources.importers import nli

_LINES = [
  ("p", "follows", "entailment"),
  ("p", "contradicts", "contradiction"),
  ("p", "both", "entailment"),
  ("p", "both", "contradiction"),
  ("p", "is open", "neutral"),
  ("r", "follows", "entailment"),
  ("r", "contradicts", "contradiction"),
]


def read(path: pathlib.Path) -> list[rows.Row]:
  """The rows of a file."""
  options = nli.IMPORTER.settings({}) | {"kind": "triplets"}
  return list(nli.read(raw.File(path), options, path.parent / "scratch"))


@pytest.mark.parametrize("style", ["SNLI", "hub", "table", "AllNLI"])
def test_forms(style: str, tmp_path: pathlib.Path) -> None:
  lines = _LINES[:]
  random.Random(7).shuffle(lines)
  path = tmp_path / "t.txt"
  if style == "SNLI":
    names = ("sentence1", "sentence2", "gold_label")
    objects = [dict(zip(names, line, strict=True)) for line in lines]
  else:
    numbers = {"entailment": 0, "neutral": 1, "contradiction": 2}
    objects = [
      {"premise": p, "hypothesis": h, "label": numbers[label]}
      for p, h, label in lines
    ]
  text = "".join(json.dumps(line) + "\n" for line in objects)
  if style in ("table", "AllNLI"):
    text = "split\tsentence1\tsentence2\tlabel\n" + "".join(
      "train\t{}\t{}\t{}\n".format(*line) for line in lines
    )
  if style == "AllNLI":
    text += "dev\tp\tof another split\tentailment\n"
  path.write_text(text)
  found = read(path)
  assert [list(row.values) for row in found if row.values] == [
    ["p", "follows", ["contradicts"]],
    ["r", "follows", ["contradicts"]],
  ] or [list(row.values) for row in found if row.values] == [
    ["r", "follows", ["contradicts"]],
    ["p", "follows", ["contradicts"]],
  ]
  dropped = sorted(row.dropped for row in found if row.dropped)
  assert dropped == ["neutral"] + ["other_split"] * (style == "AllNLI")
