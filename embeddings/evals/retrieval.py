"""Retrieval: for each query, is a relevant document among the first k?

Measures as trec_eval defines them: a query's reciprocal rank is 1 over the
rank of its first relevant document, 0 past rank k; its recall the share of its
relevant documents among the first k; nDCG's gain is the relevance itself. A
query with no relevant document is left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from data import retrieval_folder
from embeddings import topk

# Texts, and their side ("query" or "document"), to vectors [N, E].
EncodeFunction = Callable[[Sequence[str], str], np.ndarray]


def evaluate(
  encode: EncodeFunction, task: retrieval_folder.RetrievalTask, *, k: int = 10
) -> dict[str, float]:
  """Ranks the corpus for each query by the dot product of the vectors.

  Args:
    encode: texts and their side to vectors [N, E].
    task: corpus, queries and relevance.
    k: the ranks that count.

  Returns:
    mrr_at_k, recall_at_k and ndcg_at_k, averaged over queries.
  """
  documents = list(task.corpus)
  queries = list(task.qrels)
  _, found = topk.search(
    encode([task.queries[query] for query in queries], "query"),
    encode(list(task.corpus.values()), "document"),
    k,
  )
  ranked = {
    query: [documents[number] for number in row]
    for query, row in zip(queries, found.tolist(), strict=True)
  }
  return measure(ranked, task.qrels, k=k)


def measure(
  ranked: Mapping[str, Sequence[str]],
  qrels: Mapping[str, Mapping[str, int]],
  *,
  k: int = 10,
) -> dict[str, float]:
  """The measures of a ranking.

  Args:
    ranked: for each query the documents found, best first.
    qrels: for each query the relevance of documents; 0 is not relevant.
    k: the ranks that count.

  Returns:
    mrr_at_k, recall_at_k and ndcg_at_k, averaged over queries.
  """
  sums = np.zeros(3)
  judged = 0
  for query, relevance in qrels.items():
    relevant = {name for name, grade in relevance.items() if grade > 0}
    if relevant:
      judged += 1
      first = list(ranked.get(query, ()))[:k]
      sums += _measure_one(first, relevance, relevant, k)
  names = (f"mrr_at_{k}", f"recall_at_{k}", f"ndcg_at_{k}")
  return dict(zip(names, (sums / max(judged, 1)).tolist(), strict=True))


def _measure_one(
  first: Sequence[str], relevance: Mapping[str, int], relevant: set[str], k: int
) -> tuple[float, float, float]:
  """Reciprocal rank, recall and nDCG of one query."""
  ranks = [rank for rank, name in enumerate(first, 1) if name in relevant]
  gains = sum(
    relevance.get(name, 0) / math.log2(rank + 1)
    for rank, name in enumerate(first, 1)
  )
  best = sorted(relevance.values(), reverse=True)[:k]
  ideal = sum(gain / math.log2(i + 1) for i, gain in enumerate(best, 1))
  reciprocal = 1 / ranks[0] if ranks else 0.0
  return reciprocal, len(ranks) / len(relevant), gains / ideal
