"""Reranking: of a query's own documents, do the relevant ones come first?

A row is {"query", "positive": [...], "negative": [...]}. Measures are those of
sentence-transformers' RerankingEvaluator: mean average precision, nDCG@10 and
MRR@10. Average precision takes documents of one score together, and nDCG shares
their gains out, as scikit-learn does. MRR counts a negative that has the score
of a positive before it: a model that gives all documents one vector is not to
be praised for the order in which they are written.
"""

import dataclasses
import pathlib
from collections.abc import Sequence

import msgspec
import numpy as np
from sklearn import metrics

from data import program
from embeddings.evals import distinct
from embeddings.evals import means
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

_K = 10  # the ranks that count


class Row(msgspec.Struct):
  """A query, the documents that answer it, and some that do not."""

  query: str
  positive: list[str]
  negative: list[str]

  @property
  def documents(self) -> list[str]:
    """All of them, those that answer it first."""
    return [*self.positive, *self.negative]


@dataclasses.dataclass(frozen=True)
class Reranking:
  """Queries, each with documents of its own."""

  rows: list[Row]

  @property
  def main(self) -> str:
    """The field's measure."""
    return "map"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> means.Means:
    """Ranks each query's documents."""
    queries = distinct.vectors(
      encode, [row.query for row in self.rows], "query"
    )
    documents = distinct.vectors(
      encode,
      [text for row in self.rows for text in row.documents],
      "document",
    )
    queries = similarity_lib.comparable(queries, similarity)
    documents = similarity_lib.comparable(documents, similarity)
    ends = np.cumsum([len(row.documents) for row in self.rows])
    scores = [
      np.einsum("ne,e->n", own, query)
      for own, query in zip(
        np.split(documents, ends[:-1]), queries, strict=True
      )
    ]
    return of_scores(self.rows, scores)


def of_scores(rows: Sequence[Row], scores: Sequence[np.ndarray]) -> means.Means:
  """What comes out of scores, whoever gave them.

  Args:
    rows: the queries.
    scores: float [D] for each, of its documents.
  """
  each = [
    _measure_one(found, np.arange(len(found)) < len(row.positive))
    for row, found in zip(rows, scores, strict=True)
  ]
  return means.Means(
    {name: np.array([one[name] for one in each]) for name in each[0]}
  )


def _measure_one(
  scores: np.ndarray,  # float32 [N]
  relevant: np.ndarray,  # bool [N]
) -> dict[str, float]:
  """The measures of one query."""
  order = np.lexsort((relevant, -scores))
  first = int(relevant[order].argmax()) + 1
  return {
    "map": float(metrics.average_precision_score(relevant, scores)),
    f"mrr_at_{_K}": 1 / first if first <= _K else 0.0,
    f"ndcg_at_{_K}": float(metrics.ndcg_score([relevant], [scores], k=_K)),
  }


def read(folder: pathlib.Path, split: str) -> task_lib.Task:
  """The task in a folder.

  Raises:
    program.BadInput: if there is no such split, or a line of it is wrong.
  """
  return subsets.read(folder, split, Row, _task)


def _task(path: pathlib.Path, rows: list[Row]) -> Reranking:
  """The task of a file's rows."""
  for row in rows:
    if not (row.positive and row.negative):
      missing = "negative" if row.positive else "positive"
      raise program.BadInput(
        f"{path} has no {missing} for the query {row.query[:60]!r}; wanted one "
        "or more of both; take the line out"
      )
  return Reranking(rows)
