"""The measures are trec_eval's and sentence-transformers'."""

import math

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer import evaluation

from data import retrieval_folder
from embeddings.evals import retrieval


def test_an_example_by_hand():
  qrels = {
    "q1": {"a": 1, "b": 0},  # found third
    "q2": {"c": 2, "d": 1, "e": 1},  # d first, c fourth, e past the end
    "q3": {"f": 1},  # not found
    "q4": {"g": 0},  # nothing is relevant: left out
    "q5": {"h": 1},  # no ranking at all
  }
  ranked = {
    "q1": ["b", "x", "a", "y"],
    "q2": ["d", "x", "y", "c", "e"],
    "q3": ["x", "y", "z", "w", "f"],
    "q4": ["g", "x"],
  }
  found = retrieval.measure(ranked, qrels, k=4)
  ideal = 2 + 1 / math.log2(3) + 1 / 2
  gain = 1 + 2 / math.log2(5)
  assert found == pytest.approx(
    {
      "mrr_at_4": (1 / 3 + 1 + 0 + 0) / 4,
      "recall_at_4": (1 + 2 / 3 + 0 + 0) / 4,
      "ndcg_at_4": (1 / math.log2(4) + gain / ideal + 0 + 0) / 4,
    }
  )


def test_the_ideal_ranking_has_no_more_than_k():
  qrels = {"q": dict.fromkeys("abcdef", 1)}
  found = retrieval.measure({"q": list("fedcba")}, qrels, k=3)
  assert found == {"mrr_at_3": 1, "recall_at_3": 0.5, "ndcg_at_3": 1}


def test_nothing_judged_is_nothing_found():
  found = retrieval.measure({}, {"q": {"a": 0}})
  assert found == {"mrr_at_10": 0, "recall_at_10": 0, "ndcg_at_10": 0}


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


@pytest.mark.parametrize("k", [1, 5, 10])
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
    score_functions={"dot": lambda a, b: a @ b.T},
  )
  wanted = evaluator.compute_all_metrics(Stand())["dot"]
  found = retrieval.evaluate(encode, task, k=k)
  assert 0.1 < found[f"recall_at_{k}"] < 0.9
  assert found == pytest.approx(
    {
      f"mrr_at_{k}": wanted["mrr@k"][k],
      f"recall_at_{k}": wanted["recall@k"][k],
      f"ndcg_at_{k}": wanted["ndcg@k"][k],
    }
  )
