"""Vectors on disk are those of the encoder; work goes on where it was."""

import numpy as np
import pytest

from data import program
from data import stretches
from embeddings import bulk
from embeddings import encode
from embeddings import vector_store
from tests import conftest
from tests import programs

TEXTS = [text for pair in conftest.pairs(25) for text in pair]


class Source:
  """Texts that notes what is read, and may fail at a place."""

  digest = "of these texts"

  def __init__(self, fails_at=-1):
    self.reads, self._fails_at = [], fails_at

  def __len__(self):
    return len(TEXTS)

  def read(self, start, stop):
    if start == self._fails_at:
      raise KeyboardInterrupt
    self.reads.append((start, stop))
    return TEXTS[start:stop]


@pytest.fixture(scope="module")
def encoder(bert_folder):
  return encode.load(str(bert_folder))


def test_it_goes_on_where_it_was(encoder, tmp_path):
  whole = bulk.encode_to(tmp_path / "a", Source(), encoder, stretch=16)
  spans = [(0, 16), (16, 32), (32, 48), (48, 50)]
  begun, ended = Source(fails_at=32), Source()
  with pytest.raises(KeyboardInterrupt):
    bulk.encode_to(tmp_path / "b", begun, encoder, stretch=16)
  done = bulk.encode_to(tmp_path / "b", ended, encoder, stretch=16)
  assert (begun.reads, ended.reads) == (spans[:2], spans[2:])
  assert (whole.resumed, done.resumed) == (0, 32)
  assert whole.digest == done.digest
  one, other = (programs.contents(tmp_path / name) for name in "ab")
  del one["done/0"], other["done/0"]
  assert one == other
  np.testing.assert_allclose(
    done.vectors[:], encoder.comparable(TEXTS, "document"), atol=1e-6
  )


def test_a_stretch_counts_when_the_disk_has_it(encoder, tmp_path, monkeypatch):
  begin_write = vector_store.VectorStore.begin_write
  mark, happened = stretches.Stretches.mark, []

  def begin(store, start, vectors):
    wait = begin_write(store, start, vectors)

    def wait_and_say():
      wait()
      happened.append(("written", start // 16))

    happened.append(("encoded", start // 16))
    return wait_and_say

  def say(work, number, digest):
    happened.append(("marked", number))
    mark(work, number, digest)

  monkeypatch.setattr(vector_store.VectorStore, "begin_write", begin)
  monkeypatch.setattr(stretches.Stretches, "mark", say)
  bulk.encode_to(tmp_path, Source(), encoder, stretch=16)
  assert happened == [
    ("encoded", 0),
    *(
      step
      for n in range(3)
      for step in (("encoded", n + 1), ("written", n), ("marked", n))
    ),
    ("written", 3),
    ("marked", 3),
  ]


def test_float16_is_float32_cut(encoder, tmp_path):
  kept = {
    dtype: bulk.encode_to(
      tmp_path / dtype, Source(), encoder, dtype=dtype, stretch=16
    ).vectors[:]
    for dtype in ("float32", "float16")
  }
  assert kept["float16"].dtype == np.float16
  np.testing.assert_array_equal(
    kept["float16"], kept["float32"].astype(np.float16)
  )


def test_other_work_is_refused(encoder, tmp_path):
  bulk.encode_to(tmp_path, Source(), encoder, stretch=16)
  for change in ({"dtype": "float16"}, {"side": "query"}, {"stretch": 8}):
    (key,) = change
    with pytest.raises(program.BadInput, match=f"begun .*{key}.*start again"):
      bulk.encode_to(tmp_path, Source(), encoder, **({"stretch": 16} | change))


def test_vectors_that_are_not_finite_are_named(encoder):
  vectors = np.ones((4, 2), np.float32)
  vectors[2, 1] = 1e6
  assert bulk._as(np.dtype(np.float32), vectors, 8).tolist() == vectors.tolist()
  with pytest.raises(program.BadInput, match=r"text 10 .*1e\+06.*=float32"):
    bulk._as(np.dtype(np.float16), vectors, 8)


def test_no_texts(encoder, tmp_path):
  class Empty(Source):
    def __len__(self):
      return 0

  with pytest.raises(program.BadInput, match="no texts to encode"):
    bulk.encode_to(tmp_path, Empty(), encoder)
