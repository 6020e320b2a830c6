"""Clustering is MTEB's: its draws, scikit-learn's k-means and V-measure."""

import random

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from data import program
from embeddings.evals import clustering
from tests.embeddings.evals import vectors_by_text

PAIRS = st.lists(
  st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30
)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_measure_is_scikit_learns_with_a_text_as_often_as_it_weighs(
  pairs, generator
):
  labels, clusters = map(np.array, zip(*pairs, strict=True))
  weights = np.array([generator.randrange(3) for _ in pairs])
  weights[0] += 1
  wanted = metrics.v_measure_score(
    labels.repeat(weights), clusters.repeat(weights)
  )
  found = clustering.v_measure(labels, clusters, weights.astype(float))
  assert found == pytest.approx(wanted, abs=1e-6)


def test_clusters_of_heaps_are_the_heaps_and_a_sample_is_one():
  texts, vectors, of = vectors_by_text.groups(300, 4, spread=0.9)
  rows = [
    clustering.Row(text, int(label))
    for text, label in zip(texts, of, strict=True)
  ]
  task = clustering.Clustering(rows)
  outcome = task.run(vectors_by_text.Table(texts, vectors), "cosine")
  found = outcome.measure()["v_measure"]
  assert outcome.items == 300
  assert 0.3 < found < 0.99
  everything = np.arange(300)
  assert outcome.measure(everything)["v_measure"] == pytest.approx(found)
  assert outcome.measure(everything[of < 1])["v_measure"] != found
  task = clustering.Clustering(rows)
  far = vectors_by_text.Table(texts, np.eye(4)[of].astype(np.float32))
  assert task.run(far, "cosine").measure() == {"v_measure": pytest.approx(1.0)}


@pytest.mark.long
def test_as_mteb():
  from mteb.abstasks import clustering as mteb  # It takes seconds.

  texts, vectors, of = vectors_by_text.groups(300, 7, spread=1.5)
  rows = [
    clustering.Row(text, f"label {label}")
    for text, label in zip(texts, of, strict=True)
  ]
  encode = vectors_by_text.Table(texts, vectors)
  found = clustering.Clustering(rows).run(encode, "cosine").measure()
  theirs = mteb.AbsTaskClustering
  with threadpoolctl.threadpool_limits(1):
    scores, _ = mteb._evaluate_clustering_bootstrapped(
      vectors,
      [[row.label] for row in rows],
      n_clusters=theirs.n_clusters,
      cluster_size=theirs.max_documents_per_cluster,
      kmean_batch_size=theirs.k_mean_batch_size,
      max_depth=theirs.max_depth,
      rng_state=random.Random(42),
      seed=42,
    )
  mean = np.mean(scores["v_measure"]["Level 0"])
  assert found["v_measure"] == pytest.approx(mean, abs=1e-6)


def test_folders(tmp_path):
  rows = [{"text": "a", "label": "one"}, {"text": "b", "label": "two"}]
  vectors_by_text.write(tmp_path / "test.jsonl", rows)
  task = clustering.read(tmp_path, "test")
  assert [row.text for row in task.rows] == ["a", "b"]
  assert task.main == "v_measure"
  vectors_by_text.write(tmp_path / "test.jsonl", rows[:1])
  with pytest.raises(program.BadInput, match="no label but 'one'"):
    clustering.read(tmp_path, "test")
