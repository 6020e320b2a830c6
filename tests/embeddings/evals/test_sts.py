"""The correlations are scipy's and sentence-transformers'."""

import json

import numpy as np
import pytest
from scipy import stats
from sentence_transformers.sentence_transformer import evaluation
from sklearn.metrics import pairwise

from data import program
from embeddings import encode as encode_lib
from embeddings.evals import sts
from embeddings.evals import table
from tests.embeddings import texts as texts_lib
from tests.embeddings.evals import lookup as lookup_lib

WAYS = ("cosine", "dot", "euclidean", "manhattan")


def task(count=120, seed=0):
  random = np.random.default_rng(seed)
  names = [f"text {n}" for n in range(count // 2)]
  ones, others = random.choice(names, (2, count)).tolist()
  scores = random.integers(0, 11, count) / 2
  return sts.Sts(ones, others, scores.tolist())


@pytest.fixture(params=[0, 1], ids=["ties", "no ties"])
def both(request):
  """A task, and vectors of its texts."""
  made = task(seed=request.param)
  texts = [*made.ones, *made.others]
  ties = request.param == 0
  return made, lookup_lib.lookup(texts, seed=request.param, ties=ties)


def test_they_are_scipys(both):
  made, encode = both
  ones, others = (
    encode(texts, "").astype(float) for texts in (made.ones, made.others)
  )
  lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
  dots = (ones * others).sum(1)
  similarities = {
    "cosine": dots / np.where(lengths, lengths, 1),
    "dot": dots,
    "euclidean": -pairwise.paired_euclidean_distances(ones, others),
    "manhattan": -pairwise.paired_manhattan_distances(ones, others),
  }
  wanted = {}
  for name, found in similarities.items():
    wanted[f"{name}_spearman"] = stats.spearmanr(found, made.scores)[0]
    wanted[f"{name}_pearson"] = stats.pearsonr(found, made.scores)[0]
  found = made.run(encode, "cosine").measure()
  assert found == pytest.approx(wanted, abs=1e-6)


def test_they_are_sentence_transformers(both):
  made, encode = both
  evaluator = evaluation.EmbeddingSimilarityEvaluator(
    made.ones, made.others, made.scores, similarity_fn_names=list(WAYS)
  )
  evaluator.store_metrics_in_model_card_data = lambda *_: None
  theirs = evaluator(encode)
  found = made.run(encode, "cosine").measure()
  assert found == pytest.approx(
    {
      f"{way}_{kind}": theirs[f"{kind}_{way}"]
      for way in WAYS
      for kind in ("spearman", "pearson")
    },
    abs=1e-6,
  )


def test_a_sample_is_measured_as_a_task_of_it(both):
  made, encode = both
  chosen = np.random.default_rng(2).integers(0, 120, 120)
  fewer = sts.Sts(
    [made.ones[n] for n in chosen],
    [made.others[n] for n in chosen],
    [made.scores[n] for n in chosen],
  )
  outcome = made.run(encode, "cosine")
  assert outcome.items == 120
  assert outcome.measure(chosen) == pytest.approx(
    fewer.run(encode, "cosine").measure()
  )


def test_vectors_that_are_all_the_same_tell_nothing():
  made = task()
  found = made.run(lambda texts, _: np.full((len(texts), 3), 0.1), "cosine")
  assert set(found.measure().values()) == {0.0}


def test_scores_that_are_all_the_same_are_refused(tmp_path):
  row = json.dumps({"s1": "a", "s2": "b", "score": 2})
  (tmp_path / "test.jsonl").write_text(f"{row}\n{row}\n")
  with pytest.raises(program.BadInput, match="has no score but 2.0; wanted"):
    sts.read(tmp_path, "test")


@pytest.mark.long
def test_minilm_has_its_published_figure(minilm):
  folder = texts_lib.SHARED / "stsbenchmark"
  if not folder.is_dir():
    pytest.skip("the shared data are not on this machine")
  encoder = encode_lib.load(str(minilm))
  found = table.read(folder).run(
    lambda texts, side: encoder.encode(texts, side=side), "cosine"
  )
  # https://huggingface.co/spaces/mteb/leaderboard: all-MiniLM-L6-v2, STSB.
  assert 100 * found.measure()["cosine_spearman"] == pytest.approx(
    82.03, abs=0.01
  )
