"""Premises, what follows from them and what contradicts them, of NLI files.

    python -m data.sources.importers.nli \\
      --in=snli_1.0_train.jsonl,multinli_1.0_train.jsonl --out=runs/nli

(SNLI: Bowman et al. 2015, arXiv 1508.05326; MultiNLI: Williams et al. 2018,
arXiv 1704.05426.) Files are JSON lines or tables with a header, and name their
columns as SNLI, GLUE, AllNLI.tsv or the hub's copies do. Each hypothesis that
follows from a premise is a positive of it, and the hypotheses that contradict
it are the hard negatives, `--max_negatives` of them. A premise with none gives
no triplet (`no_negative`); with `--kind=pairs` contradictions are not asked
for. Lines that annotators did not agree on ("-") are counted (`no_label`).

The lines of a premise need not follow each other; they are put together on
disk.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

from data.sources import importing
from data.sources import named_rows
from data.sources import raw
from data.sources import rows
from data.sources import text_groups
from data.sources.importers import importer

_NAMES = {
  "premise": ("sentence1", "premise"),
  "hypothesis": ("sentence2", "hypothesis"),
  "label": ("gold_label", "label"),
  "split?": ("split",),
}
_LABELS = {
  "entailment": "entailment",
  "contradiction": "contradiction",
  "neutral": "neutral",
  "0": "entailment",  # as the hub's copies have them
  "1": "neutral",
  "2": "contradiction",
  "-": "no_label",
  "-1": "no_label",
  "hidden": "no_label",
}


def read(
  file: raw.File, options: importer.Options, scratch: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  groups = text_groups.Groups(scratch)
  pairs = options["kind"] == "pairs"

  def rows_of(number: int, values: dict[str, Any]) -> Iterator[rows.Row]:
    label = _LABELS.get(str(values["label"]).strip())
    premise, hypothesis = values["premise"], values["hypothesis"]
    texts = isinstance(premise, str) and isinstance(hypothesis, str)
    if label is None or not texts:
      fault = f"is {list(values.values())!r:.80}; wanted two texts and a label"
      yield rows.Row(number, fault=fault)
    elif values.get("split", options["split"]) != options["split"]:
      yield rows.Row(number, dropped="other_split")
    elif label in ("neutral", "no_label"):
      yield rows.Row(number, dropped=label)
    elif label == "entailment" or not pairs:
      groups.add(premise, [label, hypothesis])

  yield from named_rows.read(file, _NAMES, rows_of)
  for premise, values in groups:
    found = _by_label(values)
    for text in found["entailment"]:
      yield _row(premise, text, found["contradiction"], options)


def _row(
  premise: str, positive: str, negatives: list[str], options: importer.Options
) -> rows.Row:
  """The row of one hypothesis that follows."""
  if options["kind"] == "pairs":
    return rows.Row(0, (premise, positive))
  if not negatives:
    return rows.Row(0, dropped="no_negative")
  most = options["max_negatives"] or len(negatives)
  return rows.Row(0, (premise, positive, negatives[:most]))


def _by_label(values: list[text_groups.Value]) -> dict[str, list[str]]:
  """The hypotheses of each label, but those that have both."""
  found: dict[str, list[str]] = {"entailment": [], "contradiction": []}
  for label, text in values:
    found[label].append(text)
  both = set(found["entailment"]) & set(found["contradiction"])
  return {
    label: [text for text in dict.fromkeys(texts) if text not in both]
    for label, texts in found.items()
  }


IMPORTER = importer.Importer(
  name="nli",
  kinds={
    "triplets": ("premise", "entailment", "contradiction"),
    "pairs": ("premise", "entailment"),
  },
  wanted=("*train*.jsonl", "*train*.tsv", "AllNLI.tsv"),
  read=read,
  options=(
    importer.Option("split", "train", "Where a column says which it is."),
    importer.Option(
      "max_negatives", 5, "The most of a record; 0 for all.", low=0
    ),
  ),
)


if __name__ == "__main__":
  importing.run(IMPORTER)
