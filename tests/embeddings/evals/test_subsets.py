"""Subsets are tasks of their own, and a mean."""

import json

import numpy as np
import pytest

from embeddings.evals import bitext
from embeddings.evals import means
from embeddings.evals import splits
from embeddings.evals import subsets
from embeddings.evals import sts
from tests.embeddings.evals import lookup as lookup_lib

OUTCOME = subsets.SubsetsOutcome(
  {
    "x": means.Means({"f1": np.array([0.0, 1.0])}),
    "y.z": means.Means({"f1": np.array([0.5, 0.25, 0.75])}),
  }
)


def test_the_mean_is_over_subsets_not_items():
  assert OUTCOME.measure() == {"f1": 0.5, "x.f1": 0.5, "y.z.f1": 0.5}
  assert OUTCOME.items == 5


def test_what_is_drawn_is_each_subsets_own():
  found = OUTCOME.measure(np.array([4, 1, 3, 4, 4]))
  assert found == {"f1": 0.8125, "x.f1": 1.0, "y.z.f1": 0.625}
  # Nothing of y.z: it counts whole.
  found = OUTCOME.measure(np.array([0, 0]))
  assert found == {"f1": 0.25, "x.f1": 0.0, "y.z.f1": 0.5}


def test_one_that_cannot_be_measured_again_is_enough():
  none = means.Means({"f1": np.zeros(0)})
  assert subsets.SubsetsOutcome({**OUTCOME.parts, "none": none}).items == 0


def test_files_of_a_split_are_subsets(tmp_path):
  texts = [f"text {n}" for n in range(12)]
  encode = lookup_lib.lookup(texts, seed=0)
  random = np.random.default_rng(0)
  for name in ("2012.a.test", "2013.b.test", "2013.b.dev"):
    rows = [
      {"s1": str(one), "s2": str(other), "score": n % 5}
      for n, (one, other) in enumerate(random.choice(texts, (20, 2)))
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / f"{name}.jsonl").write_text(lines)
  task = sts.read(tmp_path, "test")
  assert task.main == "cosine_spearman"
  found = task.run(encode, "cosine").measure()
  for name in ("2012.a", "2013.b"):
    (tmp_path / name).mkdir()
    (tmp_path / f"{name}.test.jsonl").rename(tmp_path / name / "test.jsonl")
    alone = sts.read(tmp_path / name, "test").run(encode, "cosine").measure()
    assert (
      alone.items()
      == {measure: found[f"{name}.{measure}"] for measure in alone}.items()
    )
  both = found["2012.a.dot_pearson"] + found["2013.b.dot_pearson"]
  assert found["dot_pearson"] == pytest.approx(both / 2)


def test_files_without_a_split_are_subsets_of_all(tmp_path):
  for name in ("en-de", "en-fr"):
    (tmp_path / f"{name}.jsonl").write_text('["one", "other"]\n')
  assert splits.files(tmp_path, "dev").keys() == {"en-de", "en-fr"}
  task = bitext.read(tmp_path, "dev")
  encode = lookup_lib.lookup(["one", "other"], seed=0)
  found = task.run(encode, "dot").measure()
  assert found["en-de.f1"] == found["reverse_f1"] == 1
