"""Texts of any evaluation or training folder, and which of them are alike.

Rows may be a text, or texts with a score (alike from LIKE of the highest on: 4
of 5), with a label (1: alike), a query with its positives, two languages, a
pair, a triplet (the first two); or the folder is one of retrieval.
"""

import dataclasses
import pathlib
from typing import Any, cast

from data import json_rows
from data import program
from data import retrieval_folder
from embeddings.evals import splits

LIKE = 0.8  # of the highest score

# A text with its side: "query", "document" or "" for neither.
Text = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Positives:
  """Texts and pairs of them.

  Attributes:
    texts: each once, in the order of the folder.
    pairs: two texts that are alike, each pair once.
  """

  texts: list[Text]
  pairs: list[tuple[Text, Text]]


def read(folder: pathlib.Path, split: str) -> Positives:
  """All texts of a folder's split, and the pairs among them.

  Raises:
    program.BadInput: if there is no such split, or a row is of no known form.
  """
  if retrieval_folder.is_one(folder):
    return _of_retrieval(retrieval_folder.read(folder, split))
  texts: dict[Text, None] = {}
  pairs: dict[tuple[Text, Text], None] = {}
  for path in splits.files(folder, split).values():
    rows = json_rows.read(path, cast(type[Any], Any))
    like = LIKE * max(_score(row) for row in rows)
    for row in rows:
      found, alike = _texts(path, row)
      texts.update(dict.fromkeys(found))
      if alike and len(found) > 1 and _score(row) >= like:
        pairs[found[0], found[1]] = None
  return Positives(list(texts), list(pairs))


def _of_retrieval(task: retrieval_folder.RetrievalTask) -> Positives:
  """The documents and the judged queries, and which answers which."""
  documents = {key: (text, "document") for key, text in task.corpus.items()}
  queries = {key: (task.queries[key], "query") for key in task.qrels}
  pairs = [
    (queries[query], documents[document])
    for query, scores in task.qrels.items()
    for document, score in scores.items()
    if score > 0
  ]
  texts = [*documents.values(), *queries.values()]
  return Positives(list(dict.fromkeys(texts)), list(dict.fromkeys(pairs)))


def _score(row: Any) -> float:
  """How alike a row's texts are said to be; 0.0 where nothing is said."""
  score = row.get("score") if isinstance(row, dict) else None
  return float(score) if isinstance(score, int | float) else 0.0


def _texts(path: pathlib.Path, row: Any) -> tuple[list[Text], bool]:
  """The texts of a row, and whether the first two are alike, by its fields."""
  found: list[Any] = []
  sides, alike = ("", ""), True
  if isinstance(row, list):
    found = row
  elif isinstance(row, dict) and "query" in row:
    positive, negative = row.get("positive", []), row.get("negative", [])
    found, alike = [row["query"], *positive, *negative], bool(positive)
    sides = ("query", "document")
  elif isinstance(row, dict) and "s1" in row:
    found, alike = [row["s1"], row.get("s2")], row.get("label", 1) == 1
  elif isinstance(row, dict):
    found = [row.get("text")]
  if not found or not all(isinstance(text, str) for text in found):
    raise program.BadInput(
      f"{path} has {str(row)[:60]!r}; wanted a list of texts, or an object "
      "with text, with s1 and s2, or with query, positive and negative"
    )
  return [(text, sides[at > 0]) for at, text in enumerate(found)], alike
