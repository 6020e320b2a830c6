"""The measures are sentence-transformers' BinaryClassificationEvaluator's."""

import json

import numpy as np
import pytest
from sentence_transformers.sentence_transformer import evaluation

from data import program
from embeddings.evals import pairs
from tests.embeddings.evals import lookup as lookup_lib

WAYS = ("cosine", "dot", "euclidean", "manhattan")


def task(seed, count=100, share=0.3):
  random = np.random.default_rng(seed)
  names = [f"text {n}" for n in range(count)]
  ones, others = random.choice(names, (2, count)).tolist()
  labels = (random.random(count) < share).astype(int).tolist()
  return pairs.Pairs(ones, others, labels)


def theirs(made, encode):
  """What sentence-transformers gives."""
  evaluator = evaluation.BinaryClassificationEvaluator(
    made.ones, made.others, made.labels, similarity_fn_names=list(WAYS)
  )
  return {
    f"{way}_{name}": float(value)
    for way, values in evaluator.compute_metrics(encode).items()
    for name, value in values.items()
    if name != "mcc"
  }


@pytest.mark.parametrize(
  ("seed", "share", "ties"),
  [(0, 0.3, True), (1, 0.3, False), (2, 0.9, True), (3, 0.02, False)],
)
def test_they_are_sentence_transformers(seed, share, ties):
  made = task(seed, share=share)
  encode = lookup_lib.lookup([*made.ones, *made.others], seed=seed, ties=ties)
  found = made.run(encode, "cosine").measure()
  assert found == pytest.approx(theirs(made, encode), abs=1e-6)


def test_nothing_is_best_where_everything_is_wrong():
  # The like pair is the less alike: no threshold beats that above all pairs.
  made = pairs.Pairs(["a", "a"], ["b", "c"], [0, 1])
  vectors = {"a": [1, 0], "b": [1, 0], "c": [0, 1]}
  encode = lookup_lib.Lookup({k: np.float32(v) for k, v in vectors.items()})
  found = made.run(encode, "cosine").measure()
  assert found == pytest.approx(theirs(made, encode))
  assert (found["cosine_accuracy"], found["cosine_ap"]) == (0.5, 0.5)
  assert found["cosine_accuracy_threshold"] > 1


def test_a_sample_is_measured_as_a_task_of_it():
  made = task(4)
  encode = lookup_lib.lookup([*made.ones, *made.others], seed=4)
  chosen = np.random.default_rng(5).integers(0, 100, 50)
  fewer = pairs.Pairs(
    *([column[n] for n in chosen] for column in (made.ones, made.others)),
    [made.labels[n] for n in chosen],
  )
  outcome = made.run(encode, "cosine")
  assert outcome.items == 100
  assert outcome.measure(chosen) == fewer.run(encode, "cosine").measure()
  unlike = np.flatnonzero(np.array(made.labels) == 0)
  none = outcome.measure(unlike)
  assert none["dot_ap"] == none["dot_f1"] == none["dot_recall"] == 0
  assert none["dot_accuracy"] == 1


def test_labels_must_be_of_both_kinds(tmp_path):
  row = {"s1": "a", "s2": "b", "label": 1}
  (tmp_path / "test.jsonl").write_text(json.dumps(row))
  with pytest.raises(program.BadInput, match="has no label but 1; wanted"):
    pairs.read(tmp_path, "test")
  (tmp_path / "test.jsonl").write_text(json.dumps({**row, "label": 2}))
  with pytest.raises(program.BadInput, match="line 1 is .*s1, s2, label"):
    pairs.read(tmp_path, "test")
