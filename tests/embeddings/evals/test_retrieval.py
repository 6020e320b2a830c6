"""The measures are pytrec_eval's, MTEB's and sentence-transformers'."""

import math

import numpy as np
import pytest
import pytrec_eval
import torch
from sentence_transformers.sentence_transformer import evaluation

from data import retrieval_folder
from embeddings.evals import retrieval
from tests.embeddings.evals import lookup as lookup_lib

# Ours and trec_eval's names; its reciprocal rank has no cutoff.
TREC = {
  "ndcg": "ndcg_cut",
  "map": "map_cut",
  "recall": "recall",
  "precision": "P",
}


def by_trec_eval(scores, qrels, cutoffs):
  """What pytrec_eval gives, by measure and query."""
  measures = {f"{n}.{','.join(map(str, cutoffs))}" for n in TREC.values()}
  evaluator = pytrec_eval.RelevanceEvaluator(qrels, measures)
  each = evaluator.evaluate(scores)
  found = {
    f"{ours}_at_{k}": {query: each[query][f"{theirs}_{k}"] for query in each}
    for ours, theirs in TREC.items()
    for k in cutoffs
  }
  evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"})
  for k in cutoffs:
    first = {
      query: dict(sorted(row.items(), key=lambda x: (x[1], x[0]))[-k:])
      for query, row in scores.items()
    }
    each = evaluator.evaluate(first)
    found[f"mrr_at_{k}"] = {q: each[q]["recip_rank"] for q in each}
  return found


def assert_same(found, wanted, queries):
  """Each measure of each query is what pytrec_eval gives."""
  assert found.values.keys() == wanted.keys()
  for name, values in found.values.items():
    by_query = dict(zip(queries, values.tolist(), strict=True))
    assert by_query == pytest.approx(wanted[name], abs=1e-6), name


@pytest.mark.parametrize("seed", range(4))
def test_rankings_with_ties_are_measured_as_by_pytrec_eval(seed):
  random = np.random.default_rng(seed)
  names = [
    f"{random.choice(['d', 'D', 'é', '語', '🍺', ''])}{n}" for n in range(60)
  ]
  qrels = {
    f"q{n}": {
      str(name): int(random.integers(-1, 4))  # 0 and less: not relevant
      for name in random.choice(names, random.integers(1, 30), replace=False)
    }
    for n in range(20)
  }
  qrels["none"] = {names[0]: 0}
  scores = {
    query: {
      str(name): float(random.integers(-3, 4)) / 2
      for name in random.choice(names, random.integers(1, 50), replace=False)
    }
    for query in qrels
  }
  cutoffs = (1, 3, 10, 100)
  found = retrieval.of_scores(scores, qrels, cutoffs)
  assert_same(found, by_trec_eval(scores, qrels, cutoffs), qrels)
  assert found.items == 21


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_vectors_with_ties_are_ranked_as_by_pytrec_eval(similarity):
  random = np.random.default_rng(0)
  documents = {f"d{n}": f"document {n}" for n in random.permutation(150)}
  queries = {f"q{n}": f"query {n}" for n in range(20)}
  qrels = {
    query: {
      f"d{n}": int(random.integers(0, 3)) for n in random.integers(0, 150, 9)
    }
    for query in queries
  }
  encode = lookup_lib.lookup([*documents.values(), *queries.values()], seed=1)
  ones = encode(list(queries.values()), "query").astype(float)
  others = encode(list(documents.values()), "document").astype(float)
  if similarity == "cosine":
    for vectors in (ones, others):
      lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
      vectors /= np.where(lengths, lengths, 1)
  scores = {
    query: dict(zip(documents, row.tolist(), strict=True))
    for query, row in zip(queries, ones @ others.T, strict=True)
  }
  task = retrieval.Retrieval(documents, queries, qrels)
  found = task.run(encode, similarity)
  assert_same(found, by_trec_eval(scores, qrels, retrieval.CUTOFFS), queries)
  assert {"mrr_at_10", "recall_at_10", "ndcg_at_10"} <= found.values.keys()


@pytest.mark.long
def test_they_are_mtebs():
  from mteb._evaluators import retrieval_metrics

  random = np.random.default_rng(5)
  qrels = {
    f"q{n}": {f"d{d}": int(random.integers(0, 3)) for d in range(10)}
    for n in range(30)
  }
  scores = {
    query: {f"d{d}": float(random.integers(0, 9)) for d in range(200)}
    for query in qrels
  }
  theirs = retrieval_metrics.calculate_retrieval_scores(
    scores, qrels, retrieval.CUTOFFS
  )
  wanted = {}
  for ours, means in {
    "ndcg": theirs.ndcg,
    "map": theirs.map,
    "recall": theirs.recall,
    "precision": theirs.precision,
    "mrr": theirs.mrr,
  }.items():
    for name, value in means.items():
      wanted[f"{ours}_at_{name.split('@')[1]}"] = value
  found = retrieval.of_scores(scores, qrels).measure()
  assert found == pytest.approx(wanted, abs=1e-5)  # theirs has five digits


def test_an_example_by_hand():
  qrels = {
    "q1": {"a": 1, "b": 0},  # found third
    "q2": {"c": 2, "d": 1, "e": 1},  # d first, c fourth, e past the end
    "q3": {"f": 1},  # not found
    "q4": {"g": 0},  # nothing is relevant
    "q5": {"h": 1},  # no ranking at all
  }
  ranked = {
    "q1": ["b", "x", "a", "y"],
    "q2": ["d", "x", "y", "c", "e"],
    "q3": ["x", "y", "z", "w", "f"],
    "q4": ["g", "x"],
  }
  found = retrieval.of_ranking(ranked, qrels, [4]).measure()
  ideal = 2 + 1 / math.log2(3) + 1 / 2
  gain = 1 + 2 / math.log2(5)
  assert found == pytest.approx(
    {
      "ndcg_at_4": (1 / math.log2(4) + gain / ideal) / 5,
      "mrr_at_4": (1 / 3 + 1) / 5,
      "map_at_4": (1 / 3 + (1 + 2 / 4) / 3) / 5,
      "recall_at_4": (1 + 2 / 3) / 5,
      "precision_at_4": (1 / 4 + 2 / 4) / 5,
    }
  )


@pytest.fixture(scope="module")
def task():
  """200 documents and 30 queries with one to four answers each."""
  random = np.random.default_rng(0)
  qrels = {
    f"q{i}": {f"d{n}": 1 for n in random.choice(200, 1 + i % 4, replace=False)}
    for i in range(30)
  }
  return retrieval_folder.RetrievalTask(
    corpus={f"d{i}": f"document {i}" for i in range(200)},
    queries={f"q{i}": f"query {i}" for i in range(31)},  # the last unjudged
    qrels=dict(reversed(qrels.items())),
  )


@pytest.fixture(scope="module")
def encode(task):
  """Queries near one of their answers, by a chance."""
  random = np.random.default_rng(1)
  vectors = {text: random.normal(size=16) for text in task.corpus.values()}
  for name, answers in task.qrels.items():
    near = vectors[task.corpus[next(iter(answers))]]
    vectors[task.queries[name]] = near + 1.5 * random.normal(size=16)

  def encode(texts, side):
    wanted = task.queries if side == "query" else task.corpus
    assert set(texts) <= set(wanted.values())
    found = np.stack([vectors[text] for text in texts])
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype("f")

  return encode


@pytest.mark.parametrize("k", [1, 10, 100])
def test_they_are_sentence_transformers_measures(task, encode, k):
  class Stand:
    """Gives those vectors as a SentenceTransformer would."""

    def encode_query(self, texts, **_):
      return torch.from_numpy(encode(texts, "query"))

    def encode_document(self, texts, **_):
      return torch.from_numpy(encode(texts, "document"))

  evaluator = evaluation.InformationRetrievalEvaluator(
    {name: task.queries[name] for name in task.qrels},
    task.corpus,
    {name: set(answers) for name, answers in task.qrels.items()},
    mrr_at_k=[k],
    ndcg_at_k=[k],
    precision_recall_at_k=[k],
    map_at_k=[k],
    score_functions={"dot": lambda a, b: a @ b.T},
  )
  wanted = evaluator.compute_all_metrics(Stand())["dot"]
  found = retrieval.Retrieval(task.corpus, task.queries, task.qrels)
  found = found.run(encode, "dot").measure()
  assert found[f"recall_at_{k}"] > 0.1
  named = {
    f"mrr_at_{k}": wanted["mrr@k"][k],
    f"recall_at_{k}": wanted["recall@k"][k],
    f"ndcg_at_{k}": wanted["ndcg@k"][k],
    f"precision_at_{k}": wanted["precision@k"][k],
    f"map_at_{k}": wanted["map@k"][k],
  }
  if k == 1:  # where more than k are relevant, theirs is a share of k
    del named[f"map_at_{k}"]
  assert found == pytest.approx({**found, **named}, abs=1e-6)


def test_the_query_itself_is_left_out_unless_it_is_judged():
  # As BEIR does, whose ArguAna has each query among the documents.
  texts = {f"d{n}": f"text {n}" for n in range(150)}
  encode = lookup_lib.lookup(list(texts.values()), seed=0, ties=False)
  qrels = {f"d{n}": {f"d{n + 1}": 1} for n in range(40)}
  found = retrieval.Retrieval(texts, texts, qrels).run(encode, "cosine")
  vectors = encode(list(texts.values()), "")
  vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
  scores = {
    query: dict(zip(texts, (vectors @ vectors[n]).tolist(), strict=True))
    for n, query in enumerate(qrels)
  }
  for query, row in scores.items():
    del row[query]
  assert_same(found, by_trec_eval(scores, qrels, retrieval.CUTOFFS), qrels)
  judged = {"d1": {"d1": 1}}
  found = retrieval.Retrieval(texts, texts, judged).run(encode, "cosine")
  assert found.measure()["mrr_at_1"] == 1
