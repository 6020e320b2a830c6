"""BM25, the ranking by words that a model of meaning should beat (bm25s)."""

import logging
from collections.abc import Callable, Mapping

from data import retrieval_folder
from embeddings.evals import means
from embeddings.evals import retrieval


def run(
  task: retrieval_folder.RetrievalTask, words: Callable[[str], list[str]]
) -> means.Means:
  """What comes out of BM25's ranking, as of a model's.

  Args:
    task: corpus, queries and qrels.
    words: cuts a text into words.
  """
  ranked = rank(task, words, k=max(retrieval.CUTOFFS))
  return retrieval.of_ranking(ranked, task.qrels)


def rank(
  task: retrieval_folder.RetrievalTask,
  words: Callable[[str], list[str]],
  *,
  k: int = 10,
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
  import bm25s  # Here, because its import starts JAX's devices.
  from bm25s import stopwords

  logging.getLogger("bm25s").setLevel(logging.WARNING)
  stop = frozenset(stopwords.STOPWORDS_EN)

  def kept(text: str) -> list[str]:
    return [word for word in words(text) if word.lower() not in stop]

  ids, queries = list(task.corpus), list(task.qrels)
  retriever = bm25s.BM25()
  retriever.index(
    [kept(text) for text in task.corpus.values()], show_progress=False
  )
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
