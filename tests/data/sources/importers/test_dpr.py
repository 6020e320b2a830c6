"""Tests of data/sources/importers/dpr.py."""

import json
import pathlib
from typing import Any

import pytest

from data.sources import raw
from data.sources import rows
from data.sources.importers import dpr


def row_of(
  folder: pathlib.Path, kind: str = "triplets", **given: Any
) -> rows.Row:
  """The row of a question with these options."""
  passages = {
    "positive_ctxs": ["p", "r", "p"],
    "hard_negative_ctxs": ["h", "p", "i", "h"],
    "negative_ctxs": ["n", "i", " "],
  }
  passages |= {n: given.pop(n) for n in list(given) if n.endswith("ctxs")}
  element = {"question": "q"} | {
    name: [{"title": None, "text": text} for text in texts]
    for name, texts in passages.items()
  }
  path = folder / "t.json"
  path.write_text(json.dumps([element]))
  options = dpr.IMPORTER.settings(given) | {"kind": kind}
  (row,) = dpr.read(raw.File(path), options, folder)
  return row


@pytest.mark.parametrize(
  "given, values",
  [
    ({}, ("q", ["p", "r"], ["h", "i"])),
    ({"positives": "first"}, ("q", ["p"], ["h", "i"])),
    ({"max_negatives": 1}, ("q", ["p", "r"], ["h"])),
    (
      {"max_negatives": 0, "negatives": "all"},
      ("q", ["p", "r"], ["h", "i", "n"]),
    ),
    ({"kind": "pairs"}, ("q", ["p", "r"])),
  ],
)
def test_options(
  given: dict[str, Any], values: tuple[Any, ...], tmp_path: pathlib.Path
) -> None:
  assert row_of(tmp_path, **given) == rows.Row(1, values)


def test_questions_without(tmp_path: pathlib.Path) -> None:
  row = row_of(tmp_path, positive_ctxs=[])
  assert row == rows.Row(1, dropped="no_positive")
  row = row_of(tmp_path, hard_negative_ctxs=["p", "r"])
  assert row == rows.Row(1, dropped="no_negative")
