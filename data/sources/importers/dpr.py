"""Questions, passages and hard negatives of DPR's files.

    python -m data.sources.importers.dpr \\
      --in=biencoder-nq-train.json.gz --out=runs/nq

(Karpukhin et al. 2020, arXiv 2004.04906.) A file is one array of objects with
question, positive_ctxs, negative_ctxs and hard_negative_ctxs, each a list of
passages with title and text; Natural Questions' has 2.4 GB, so an element at a
time is in memory. Each positive passage gives a triplet with the negatives,
in the file's order (BM25's best come first), `--max_negatives` of them: the
hard ones, and with `--negatives=all` the others behind them. With
`--kind=pairs` negatives are left out. Titles go in front of the texts unless
`--title=drop`. `--positives=first` takes the first positive passage alone.
"""

import pathlib
from collections.abc import Iterator

import msgspec

from data.sources import bad
from data.sources import importing
from data.sources import json_array
from data.sources import json_line
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer


class _Passage(msgspec.Struct):
  """A passage of Wikipedia."""

  text: str
  title: str | None = None


class _Element(msgspec.Struct):
  """A question and its passages."""

  question: str
  positive_ctxs: list[_Passage]
  negative_ctxs: list[_Passage] = []
  hard_negative_ctxs: list[_Passage] = []


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  decode = json_line.decoder(_Element)
  with raw.open_stream(file) as stream:
    for number, element, fault in json_array.elements(stream):
      if fault:
        yield rows.Row(number, fault=fault)
        continue
      try:
        yield _row(number, decode(element), options)
      except bad.BadRow as error:
        yield rows.Row(number, fault=f"is bad ({error})")


def _row(number: int, element: _Element, options: importer.Options) -> rows.Row:
  """The row of an element."""
  positives = _texts(element.positive_ctxs, options)
  if options["positives"] == "first":
    positives = positives[:1]
  if not positives:
    return rows.Row(number, dropped="no_positive")
  if options["kind"] == "pairs":
    return rows.Row(number, (element.question, positives))
  passages = element.hard_negative_ctxs
  if options["negatives"] == "all":
    passages = passages + element.negative_ctxs
  # A passage that answers the question is no negative of it.
  answers = set(_texts(element.positive_ctxs, options))
  negatives = [t for t in _texts(passages, options) if t not in answers]
  most = options["max_negatives"] or len(negatives)
  if not negatives:
    return rows.Row(number, dropped="no_negative")
  return rows.Row(number, (element.question, positives, negatives[:most]))


def _texts(passages: list[_Passage], options: importer.Options) -> list[str]:
  """The passages' texts, each once, with their titles if wanted."""
  joined = options["title"] == "join"
  texts = (
    f"{passage.title} {passage.text}"
    if joined and passage.title
    else passage.text
    for passage in passages
    if passage.text.strip()
  )
  return list(dict.fromkeys(texts))


IMPORTER = importer.Importer(
  name="dpr",
  kinds={
    "triplets": ("question", "passage", "negative"),
    "pairs": ("question", "passage"),
  },
  wanted=("*train*.json",),
  read=read,
  options=(
    importer.Option(
      "negatives", "hard", "Which passages are negatives.", ("hard", "all")
    ),
    importer.Option(
      "max_negatives", 10, "The most of a record; 0 for all.", low=0
    ),
    importer.Option(
      "positives", "all", "Which give a record each.", ("all", "first")
    ),
    importer.Option(
      "title", "join", "In front of the text, or left out.", ("join", "drop")
    ),
  ),
  unit="element",
)


if __name__ == "__main__":
  importing.run(IMPORTER)
