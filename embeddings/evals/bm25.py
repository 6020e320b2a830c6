"""BM25, the ranking by words that a model of meaning should beat (bm25s)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from data import retrieval_folder
from embeddings.evals import means
from embeddings.evals import reranking
from embeddings.evals import retrieval
from embeddings.evals import subsets
from embeddings.evals import task as task_lib

Words = Callable[[str], list[str]]


def run(task: task_lib.Task, words: Words) -> task_lib.Outcome | None:
  """What comes out of BM25's ranking, as of a model's.

  Args:
    task: of retrieval or reranking, or subsets of these.
    words: cuts a text into words.

  Returns:
    The outcome, or None of another task: there is nothing to rank.
  """
  if isinstance(task, subsets.Subsets):
    parts = {name: run(part, words) for name, part in task.parts.items()}
    there = {name: part for name, part in parts.items() if part is not None}
    return subsets.SubsetsOutcome(there) if there else None
  if isinstance(task, reranking.Reranking):
    return _rerank(task, words)
  if isinstance(task, retrieval.Retrieval):
    ranked = rank(task, words, k=max(retrieval.CUTOFFS) + 1)
    ranked = retrieval.without_themselves(ranked, task.qrels)
    return retrieval.of_ranking(ranked, task.qrels)
  return None


def rank(
  task: retrieval_folder.RetrievalTask, words: Words, *, k: int = 10
) -> Mapping[str, list[str]]:
  """The documents that BM25 (Lucene's variant) finds for each query.

  Args:
    task: corpus and queries.
    words: cuts a text into words; English stop words are left out here.
    k: how many to find.

  Returns:
    For each judged query, ids of documents that share a word with it, best
    first.
  """
  kept = _without_stop_words(words)
  ids, queries = list(task.corpus), list(task.qrels)
  retriever = _index([kept(text) for text in task.corpus.values()])
  if retriever is None:
    return {query: [] for query in queries}
  found, scores = retriever.retrieve(
    [kept(task.queries[query]) for query in queries],
    k=min(k, len(ids)),
    show_progress=False,
  )
  return {
    query: [ids[n] for n, score in zip(*row, strict=True) if score > 0]
    for query, *row in zip(
      queries, found.tolist(), scores.tolist(), strict=True
    )
  }


def _rerank(task: reranking.Reranking, words: Words) -> means.Means:
  """Scores each query's documents; how rare words are, all of them tell."""
  kept = _without_stop_words(words)
  texts = dict.fromkeys(text for row in task.rows for text in row.documents)
  place = {text: number for number, text in enumerate(texts)}
  retriever = _index([kept(text) for text in texts])
  each = []
  for row in task.rows:
    query, scores = kept(row.query), np.zeros(len(texts), np.float32)
    if query and retriever is not None:
      scores = retriever.get_scores(query)
    each.append(scores[[place[text] for text in row.documents]])
  return reranking.of_scores(task.rows, each)


def _index(texts: Sequence[list[str]]) -> Any:
  """bm25s's index of texts in words, or None if there is not a word."""
  import bm25s  # Here, because its import starts JAX's devices.

  if not any(texts):
    return None
  logging.getLogger("bm25s").setLevel(logging.WARNING)
  retriever = bm25s.BM25()
  retriever.index(texts, show_progress=False)
  return retriever


def _without_stop_words(words: Words) -> Words:
  """The same without English stop words."""
  from bm25s import stopwords  # Here, as in _index.

  stop = frozenset(stopwords.STOPWORDS_EN)
  return lambda text: [word for word in words(text) if word.lower() not in stop]
