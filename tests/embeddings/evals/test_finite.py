"""Whatever the task, vectors that are not numbers are one line."""

import json

import numpy as np
import pytest

from embeddings.evals import finite
from embeddings.evals import table
from tests.embeddings.evals import test_table


@pytest.mark.parametrize("kind", [*test_table.FOLDERS, "geometry"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_refused(tmp_path, kind, value):
  files = test_table.FOLDERS.get(kind, test_table.FOLDERS["bitext"])
  folder = test_table.write(tmp_path / "task", files)

  def encode(texts, side):
    vectors = np.ones((len(texts), 3), np.float32)
    vectors[-1, 1] = value
    return vectors

  tasks = table.read_all([f"{kind}:{folder}"])
  with pytest.raises(finite.NotFinite, match=r"1 of \d+ texts of task are not"):
    table.run(encode, "cosine", tasks)


def test_vectors_too_large_to_compare_are_refused(tmp_path):
  rows = [
    {"s1": "a", "s2": "b", "score": 1},
    {"s1": "c", "s2": "d", "score": 2},
  ]
  folder = test_table.write(tmp_path / "task", {"test": rows})

  def encode(texts, side):
    return np.full((len(texts), 3), 3e38, np.float32) * [[1], [0], [1], [1]]

  with pytest.raises(finite.NotFinite, match="task.dot_pearson is nan"):
    table.run(encode, "cosine", table.read_all([folder]))


def test_results_are_json(tmp_path):
  folder = test_table.write(tmp_path / "task", test_table.FOLDERS["bitext"])
  found = table.run(
    lambda texts, _: np.eye(len(texts)), "cosine", table.read_all([folder])
  )
  assert json.loads(json.dumps(found, allow_nan=False)) == found
