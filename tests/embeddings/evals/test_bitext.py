"""The measures are scikit-learn's, as MTEB weights them."""

import numpy as np
import pytest
from sklearn import metrics

from embeddings.evals import bitext
from embeddings.evals import similarity
from tests.embeddings.evals import lookup as lookup_lib


def wanted(nearest):
  """MTEB's way: each row is a class of its own."""
  labels = np.arange(len(nearest))
  more = {"zero_division": 0, "average": "weighted"}
  return {
    "f1": metrics.f1_score(labels, nearest, **more),
    "accuracy": metrics.accuracy_score(labels, nearest),
    "precision": metrics.precision_score(labels, nearest, **more),
    "recall": metrics.recall_score(labels, nearest, **more),
  }


@pytest.mark.parametrize("how", ["cosine", "dot"])
def test_they_are_mtebs(how):
  random = np.random.default_rng(0)
  rows = [(f"one {n}", f"other {n % 70}") for n in range(80)]  # some are twice
  vectors = {}
  for one, other in rows:
    vectors[one] = random.normal(size=6).astype("f")
    near = vectors[one] + 0.4 * random.normal(size=6).astype("f")
    vectors.setdefault(other, near)
  encode = lookup_lib.Lookup(vectors)
  ones, others = (
    similarity.comparable(encode(texts, ""), how)
    for texts in zip(*rows, strict=True)
  )
  forth, back = (
    wanted((ones @ others.T).argmax(1)),
    wanted((others @ ones.T).argmax(1)),
  )
  found = bitext.Bitext(rows).run(encode, how)
  assert found.items == 80
  assert found.measure() == pytest.approx(
    {**forth, **{f"reverse_{name}": value for name, value in back.items()}},
    abs=1e-6,
  )
  assert 0.1 < forth["f1"] < 0.9
  assert forth != back
