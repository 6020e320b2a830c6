"""Vectors come back from the disk as they were, or not at all."""

import json

import numpy as np
import pytest
import tensorstore

from data import program
from embeddings import vector_store


@pytest.mark.parametrize("dtype", vector_store.DTYPES)
def test_they_come_back(tmp_path, dtype):
  vectors = np.random.default_rng(0).normal(size=(23, 5)).astype(dtype)
  vectors[10:20] = 0  # A chunk of zeros is written too.
  store = vector_store.create(tmp_path / "v", 23, 5, dtype, 10)
  for start in (20, 0, 10):
    again = vector_store.create(tmp_path / "v", 23, 5, dtype, 10)
    again.write(start, vectors[start : start + 10])
  store = vector_store.open(tmp_path / "v")
  assert (len(store), store.shape, store.dtype) == (23, (23, 5), dtype)
  assert store.chunk_rows == 10
  np.testing.assert_array_equal(store[:], vectors)
  np.testing.assert_array_equal(store.read(7, 22), vectors[7:22])
  assert store.read(4, 4).shape == store[9:3].shape == (0, 5)
  kept = {"driver": "file", "path": str(tmp_path / "v")}
  plain = tensorstore.open({"driver": "zarr3", "kvstore": kept}).result()
  np.testing.assert_array_equal(plain.read().result(), vectors)


def test_lost_vectors_are_no_zeros(tmp_path):
  store = vector_store.create(tmp_path / "v", 4, 2, "float32", 2)
  store.write(0, np.ones((2, 2), np.float32))
  assert store.read(0, 2).sum() == 4
  with pytest.raises(program.BadInput, match="lost vectors 1 to 3.*is missing"):
    store.read(1, 3)


def test_what_is_no_vectors_is_named(tmp_path):
  with pytest.raises(program.BadInput, match="holds no vectors"):
    vector_store.open(tmp_path)
  vector_store.create(tmp_path / "v", 4, 2, "float32", 2)
  about = json.loads((tmp_path / "v" / "zarr.json").read_text())
  (tmp_path / "v" / "zarr.json").write_text(
    json.dumps(about | {"data_type": "int32", "fill_value": 0})
  )
  with pytest.raises(program.BadInput, match="int32 of shape .*wanted"):
    vector_store.open(tmp_path / "v")
