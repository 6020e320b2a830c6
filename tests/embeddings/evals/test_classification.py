"""Classification is MTEB's: its draws, scikit-learn's regression and F1."""

import types

import numpy as np
import pytest
from sklearn import linear_model
from sklearn import metrics

from data import program
from embeddings.evals import classification
from tests.embeddings.evals import vectors_by_text


def task_and_encode(labels=5):
  texts, vectors, of = vectors_by_text.groups(260, labels)
  rows = [
    classification.Row(text, f"label {number}")
    for text, number in zip(texts, of, strict=True)
  ]
  task = classification.Classification(rows[:200], rows[200:])
  return task, vectors_by_text.Table(texts, vectors)


def test_a_measure_is_scikit_learns_and_its_sample_a_sample():
  task, encode = task_and_encode()
  outcome = task.run(encode, "cosine")
  random = np.random.default_rng(1)
  for chosen in (None, random.integers(0, 60, 60), np.array([3, 3, 4])):
    which = slice(None) if chosen is None else chosen
    labels = outcome.labels[which]
    found = outcome.measure(chosen)
    assert found["accuracy"] == pytest.approx(
      np.mean(
        [metrics.accuracy_score(labels, p[which]) for p in outcome.predicted]
      )
    )
    assert found["f1"] == pytest.approx(
      np.mean(
        [
          metrics.f1_score(labels, p[which], average="macro", zero_division=0)
          for p in outcome.predicted
        ]
      )
    )
  assert outcome.items == 60
  assert len(np.unique(outcome.predicted, axis=0)) > 1
  assert 0.5 < outcome.measure()["accuracy"] < 1


def test_what_is_not_drawn_is_not_encoded():
  task, encode = task_and_encode(labels=2)
  task.run(encode, "cosine")
  (fitted, _), (told, _) = encode.asked
  assert len(fitted) < 160 and set(fitted) < {row.text for row in task.train}
  assert told == [row.text for row in task.test]


@pytest.mark.long
def test_as_mteb():
  import datasets  # Here, because mteb's imports take seconds.
  from mteb.abstasks import classification as mteb

  task, encode = task_and_encode()
  train = datasets.Dataset.from_list(
    [{"text": row.text, "label": row.label} for row in task.train]
  )
  theirs = mteb.AbsTaskClassification
  settings = types.SimpleNamespace(
    seed=42,
    samples_per_label=theirs.samples_per_label,
    label_column_name="label",
  )
  vectors = encode([row.text for row in task.train], "")
  test = encode([row.text for row in task.test], "")
  labels = [row.label for row in task.test]
  order, scores = None, []
  for number in range(theirs.n_experiments):
    drawn, order, numbers = theirs._undersample_data(
      settings, train, number, order
    )
    model = linear_model.LogisticRegression(max_iter=100)
    model.fit(vectors[numbers], drawn["label"])
    scores.append(
      theirs._calculate_scores(settings, labels, model.predict(test))
    )
  found = task.run(encode, "cosine").measure()
  for name in ("accuracy", "f1"):
    mean = np.mean([score[name] for score in scores])
    assert found[name] == pytest.approx(mean, abs=1e-6)


def test_folders(tmp_path):
  a, b = {"text": "a", "label": "one"}, {"text": "b", "label": 2}
  vectors_by_text.write(tmp_path / "train.jsonl", [a, b])
  vectors_by_text.write(tmp_path / "test.jsonl", [b])
  task = classification.read(tmp_path, "test")
  assert task.test == [classification.Row("b", 2)] and len(task.train) == 2
  assert task.main == "accuracy"
  vectors_by_text.write(tmp_path / "odd.jsonl", [{"text": "c", "label": "3"}])
  with pytest.raises(program.BadInput, match=r"label '3', which train.jsonl"):
    classification.read(tmp_path, "odd")
  vectors_by_text.write(tmp_path / "train.jsonl", [a])
  with pytest.raises(program.BadInput, match="one label"):
    classification.read(tmp_path, "test")


def test_subsets_have_each_their_training(tmp_path):
  encode = vectors_by_text.Table(["a", "b", "c", "d"], np.eye(4))
  for subset, (one, two) in {"x": "ab", "y": "cd"}.items():
    rows = [{"text": one, "label": 0}, {"text": two, "label": 1}]
    vectors_by_text.write(tmp_path / f"{subset}.train.jsonl", rows)
    vectors_by_text.write(tmp_path / f"{subset}.test.jsonl", rows[:1])
  found = classification.read(tmp_path, "test").run(encode, "dot").measure()
  assert found["accuracy"] == found["x.accuracy"] == found["y.accuracy"] == 1
  (tmp_path / "y.train.jsonl").unlink()
  with pytest.raises(program.BadInput, match=r"y\.test\.jsonl, but no file"):
    classification.read(tmp_path, "test")
