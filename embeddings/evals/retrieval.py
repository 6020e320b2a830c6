"""Retrieval: for each query, are relevant documents among the first k?

Measures are trec_eval's, as pytrec_eval has them: nDCG, whose gain is the
relevance itself, MAP (a query's sum over all its relevant documents), recall
and precision; and MRR, 1 over the rank of the first relevant document, cut at k
as by MTEB and sentence-transformers. Of documents with the same score that with
the larger id comes first. A query without a relevant document counts as 0.
A document with the id of the query is the query itself, as in ArguAna: unless
it is judged, it is left out, as by BEIR.

    retrieval.read(folder, "test").run(encode, "cosine").measure()
    retrieval.of_scores({"q1": {"d7": 12.5}}, qrels).measure()
"""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from data import retrieval_folder
from embeddings import topk
from embeddings.evals import means
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import task as task_lib

CUTOFFS = (1, 10, 100)  # ranks k

Qrels = Mapping[str, Mapping[str, int]]


class Retrieval(retrieval_folder.RetrievalTask):
  """A corpus, queries and relevance."""

  @property
  def main(self) -> str:
    """The field's measure."""
    return "ndcg_at_10"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> means.Means:
    """Ranks the corpus for each query that is judged."""
    queries = [self.queries[query] for query in self.qrels]
    # topk.search puts the earlier of two that tie first, so the larger id.
    ids = sorted(self.corpus, reverse=True)
    documents = [self.corpus[name] for name in ids]
    _, found = topk.search(
      similarity_lib.comparable(encode(queries, "query"), similarity),
      similarity_lib.comparable(encode(documents, "document"), similarity),
      max(CUTOFFS) + 1,
    )
    ranked = {
      query: [ids[number] for number in row]
      for query, row in zip(self.qrels, found.tolist(), strict=True)
    }
    return of_ranking(without_themselves(ranked, self.qrels), self.qrels)


def without_themselves(
  ranked: Mapping[str, Sequence[str]], qrels: Qrels
) -> dict[str, list[str]]:
  """Rankings without the document that has the query's id and is not judged.

  Args:
    ranked: for each query the documents found, one more than are measured.
    qrels: for each query the relevance of documents.
  """
  return {
    query: [name for name in found if name != query or name in qrels[query]]
    for query, found in ranked.items()
  }


def of_scores(
  scores: Mapping[str, Mapping[str, float]],
  qrels: Qrels,
  cutoffs: Sequence[int] = CUTOFFS,
) -> means.Means:
  """What comes out of a ranking by scores, whoever gave them.

  Args:
    scores: for each query the documents found and their scores.
    qrels: for each query the relevance of documents.
    cutoffs: the ranks k.
  """
  ranked = {
    query: sorted(found, key=lambda name: (found[name], name), reverse=True)
    for query, found in scores.items()
  }
  return of_ranking(ranked, qrels, cutoffs)


def of_ranking(
  ranked: Mapping[str, Sequence[str]],
  qrels: Qrels,
  cutoffs: Sequence[int] = CUTOFFS,
) -> means.Means:
  """What comes out of a ranking, whoever made it.

  Args:
    ranked: for each query the documents found, best first; none of a query
      that is absent.
    qrels: for each query the relevance of documents; 0 and less: not relevant.
    cutoffs: the ranks k.

  Returns:
    ndcg_at_k, mrr_at_k, map_at_k, recall_at_k and precision_at_k, whose items
    are the queries of qrels, in order.
  """
  found, ideal, relevant = _grades(ranked, qrels, max(cutoffs))
  ranks = np.arange(1, found.shape[1] + 1)
  discount = np.log2(ranks + 1)
  hits = found > 0
  so_far = hits.cumsum(1)
  rows: dict[str, list[np.ndarray]] = {
    name: [] for name in ("ndcg", "mrr", "map", "recall", "precision")
  }
  for k in cutoffs:
    gain, best = ((x / discount)[:, :k].sum(1) for x in (found, ideal))
    rows["ndcg"].append(_share(gain, best))
    rows["mrr"].append((hits / ranks)[:, :k].max(1))
    at_hits = (hits * so_far / ranks)[:, :k].sum(1)
    rows["map"].append(_share(at_hits, relevant))
    rows["recall"].append(_share(so_far[:, k - 1], relevant))
    rows["precision"].append(so_far[:, k - 1] / k)
  return means.Means(
    {
      f"{name}_at_{k}": values
      for name, by_cutoff in rows.items()
      for k, values in zip(cutoffs, by_cutoff, strict=True)
    }
  )


def _grades(
  ranked: Mapping[str, Sequence[str]], qrels: Qrels, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """The relevance of the first k, as found and at best; how many there are.

  Returns:
    found: float64 [Q, k], by rank.
    ideal: float64 [Q, k], largest first.
    relevant: float64 [Q].
  """
  found, ideal = np.zeros((2, len(qrels), k))
  relevant = np.zeros(len(qrels))
  for row, (query, grades) in enumerate(qrels.items()):
    first = list(ranked.get(query, ()))[:k]
    assert len(set(first)) == len(first), (query, first)
    found[row, : len(first)] = [max(grades.get(name, 0), 0) for name in first]
    best = sorted((x for x in grades.values() if x > 0), reverse=True)
    ideal[row, : len(best)] = best[:k]
    relevant[row] = len(best)
  return found, ideal, relevant


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
  """part / whole, 0 where there is nothing of which it could be a part."""
  return part / np.where(whole > 0, whole, 1)


def read(folder: pathlib.Path, split: str) -> Retrieval:
  """The task in a folder.

  Raises:
    program.BadInput: names the file, and the line, that is missing or wrong.
  """
  found = retrieval_folder.read(folder, split)
  return Retrieval(found.corpus, found.queries, found.qrels)
