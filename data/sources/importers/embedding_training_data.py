"""The sentence-transformers project's embedding-training-data as a data set.

    printf '["how high is K2?", "8,611 metres"]\\n' > k2.jsonl
    python -m data.sources.importers.embedding_training_data \\
      --in=k2.jsonl --out=runs/k2

Its files have one of these on a line (as its data set card says):

- `["text1", "text2"]`, a pair, and `["anchor", "positive", "negative"]`;
- `{"query": ..., "pos": [...]}`, and with `"neg": [...]`;
- `{"set": [...]}`: texts that say the same, any two of which are a pair;
- `{"texts": [...]}`, which is as the list alone;
- `{"title": ..., "body": ...}`, a pair (of its Reddit titles).

`--kind` is `triplets` where the first line has negatives, else `pairs`. Pairs
leave negatives out; triplets leave lines without negatives out, and count them.
Of a set come `--max_pairs` pairs (data/sources/text_sets.py). `--kind=grouped`
says of each pair which set, or which query, it is of.
"""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from data import program
from data.sources import bad
from data.sources import importing
from data.sources import json_line
from data.sources import line_rows
from data.sources import raw
from data.sources import rows
from data.sources import text_sets
from data.sources.importers import importer

_LISTS = ("texts", "set", "pos", "neg")


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  kind, most = options["kind"], options["max_pairs"]

  def rows_of(number: int, value: Any) -> Iterator[rows.Row]:
    try:
      found = _texts(value)
    except ValueError as error:
      yield rows.Row(number, fault=str(error))
      return
    yield from _MAKE[kind](number, found, most)

  return line_rows.of_json(file, object, rows_of)


def kind_of(file: raw.File) -> str:
  """Triplets where the first line that can be read has negatives."""
  decode = json_line.decoder(object)
  for _, line, fault in line_rows.lines(file):
    try:
      if line.strip() and not fault:
        return "triplets" if _texts(decode(line)).get("neg") else "pairs"
    except (bad.BadRow, ValueError):
      continue
  raise program.BadInput(
    f"{file.name} has no line of embedding-training-data; wanted lists of "
    "texts, or objects with query and pos, set, or texts: read it with "
    "`python -m data.sources.tabular --columns=...`"
  )


def _texts(value: Any) -> dict[str, Any]:
  """What a line says: a set, or a query, its positives and its negatives.

  Raises:
    ValueError: says why it says nothing.
  """
  if isinstance(value, dict):
    for name in _LISTS:
      if name in value and not isinstance(value[name], list):
        value = {**value, name: [value[name]]}
    if "query" in value and "pos" in value:
      return value
    if "set" in value:
      return {"set": _strings(value["set"])}
    if "title" in value and "body" in value:
      return {"query": value["title"], "pos": [value["body"]]}
    names = ", ".join(list(value)[:9])
    value = value.get("texts")
    if value is None:
      raise ValueError(
        f"has {names or 'nothing'}; wanted query and pos, or set"
      )
  if not isinstance(value, list) or len(value) < 2:
    raise ValueError(f"is {value!r:.60}; wanted two texts or more")
  query, positive, *negatives = value
  return {"query": query, "pos": [positive], "neg": negatives}


def _strings(texts: list[Any]) -> list[str]:
  """The texts of a set, which must be texts, so that they can be laid out."""
  for text in texts:
    if not isinstance(text, str):
      raise ValueError(f"holds {text!r:.60}, which is not text")
  return texts


def _pairs(number: int, found: dict[str, Any], most: int) -> Iterator[rows.Row]:
  """A query with each positive, or pairs of a set."""
  if "set" not in found:
    yield rows.Row(number, (found["query"], found["pos"]))
    return
  pairs = text_sets.pairs(found["set"], most)
  for pair in pairs:
    yield rows.Row(number, pair)
  if not pairs:
    yield rows.Row(number, dropped="one_text")


def _triplets(number: int, found: dict[str, Any], _: int) -> Iterator[rows.Row]:
  """A query with each positive and all negatives."""
  if found.get("neg"):
    yield rows.Row(number, (found["query"], found["pos"], found["neg"]))
  else:
    yield rows.Row(number, dropped="no_negative")


def _grouped(
  number: int, found: dict[str, Any], most: int
) -> Iterator[rows.Row]:
  """The pairs, and the set or the query that they are of."""
  texts = found.get("set") or [found.get("query")]
  try:
    group = text_sets.group_of(_strings(texts))
  except ValueError as error:
    yield rows.Row(number, fault=str(error))
    return
  for row in _pairs(number, found, most):
    yield row._replace(values=(*row.values, group)) if row.values else row


_MAKE: dict[str, Callable[[int, dict[str, Any], int], Iterator[rows.Row]]] = {
  "pairs": _pairs,
  "triplets": _triplets,
  "grouped": _grouped,
}

IMPORTER = importer.Importer(
  name="embedding_training_data",
  kinds={
    "pairs": ("query", "document"),
    "triplets": ("query", "document", "negative"),
    "grouped": ("query", "document", "group"),
  },
  wanted=("*.jsonl", "*.json"),
  read=read,
  options=(
    importer.Option(
      "max_pairs", 10, "The most pairs of a set; 0 for all.", low=0
    ),
  ),
  kind_of=kind_of,
)


if __name__ == "__main__":
  importing.run(IMPORTER)
