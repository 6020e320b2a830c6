"""The measures are sentence-transformers' RerankingEvaluator's."""

import json

import numpy as np
import pytest
from sentence_transformers.sentence_transformer import evaluation

from data import program
from embeddings.evals import reranking
from tests.embeddings.evals import lookup as lookup_lib


def task(seed):
  """Queries with one to four positives and one to twenty negatives."""
  random = np.random.default_rng(seed)
  names = np.array([f"text {n}" for n in range(60)])

  def draw(most):
    return random.choice(names, random.integers(1, most + 1)).tolist()

  rows = [
    reranking.Row(f"query {n % 20}", draw(4), draw(20)) for n in range(25)
  ]
  texts = [*names, *(row.query for row in rows)]
  return reranking.Reranking(rows), texts


def theirs(made, encode):
  """What sentence-transformers gives, under our names."""
  evaluator = evaluation.RerankingEvaluator(
    [
      {"query": r.query, "positive": r.positive, "negative": r.negative}
      for r in made.rows
    ]
  )
  found = evaluator.compute_metrics(encode)
  return {
    "map": found["map"],
    "mrr_at_10": found["mrr"],
    "ndcg_at_10": found["ndcg"],
  }


@pytest.mark.parametrize("seed", [0, 1])
def test_they_are_sentence_transformers(seed):
  made, texts = task(seed)
  encode = lookup_lib.lookup(texts, seed=seed, ties=False)
  for row in made.rows:  # a text that is both would tie with itself
    row.negative = [t for t in row.negative if t not in row.positive] or texts[
      -1:
    ]
  found = made.run(encode, "cosine")
  assert found.items == 25
  assert found.measure() == pytest.approx(theirs(made, encode), abs=1e-6)


@pytest.mark.parametrize("seed", [2, 3])
def test_ties_count_as_in_scikit_learn_but_against_mrr(seed):
  made, texts = task(seed)
  encode = lookup_lib.lookup(texts, seed=seed)
  found, wanted = made.run(encode, "cosine").measure(), theirs(made, encode)
  assert found["mrr_at_10"] < wanted.pop("mrr_at_10")
  assert found == pytest.approx({**found, **wanted}, abs=1e-6)


def test_one_vector_for_all_is_not_praised():
  row = reranking.Row("q", ["a", "b"], ["c", "d", "e"])
  made = reranking.Reranking([row])
  found = made.run(lambda texts, _: np.ones((len(texts), 2)), "cosine")
  assert found.measure()["mrr_at_10"] == 1 / 4
  assert found.measure()["map"] == 2 / 5


def test_the_similarity_is_the_models():
  row = reranking.Row("q", ["far"], ["near"])
  vectors = {"q": [1, 0], "far": [5, 5], "near": [1, 0]}
  encode = lookup_lib.Lookup({k: np.float32(v) for k, v in vectors.items()})
  made = reranking.Reranking([row])
  assert made.run(encode, "dot").measure()["map"] == 1
  assert made.run(encode, "cosine").measure()["map"] == 1 / 2


@pytest.mark.parametrize("missing", ["positive", "negative"])
def test_a_query_needs_documents_of_both_kinds(tmp_path, missing):
  row = {"query": "who", "positive": ["a"], "negative": ["b"], missing: []}
  (tmp_path / "test.jsonl").write_text(json.dumps(row))
  with pytest.raises(program.BadInput, match=f"no {missing} for the query 'wh"):
    reranking.read(tmp_path, "test")
