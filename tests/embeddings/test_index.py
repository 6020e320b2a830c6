"""An index finds what its model finds, and replaces nothing but an index."""

import json

import numpy as np
import pytest
import tensorstore

from data import program
from embeddings import encode
from embeddings import index
from tests import conftest

CORPUS = {
  f"f{i}": code + "\u2028é\r\n"
  for i, (_, code) in enumerate(conftest.pairs(25))
}
QUERIES = ["read the file", "sort the list number 10"]


@pytest.fixture(scope="module")
def built(bert_folder, tmp_path_factory):
  folder = tmp_path_factory.mktemp("built") / "new" / "index"
  shape = index.build(folder, CORPUS, str(bert_folder))
  return folder, shape, encode.load(str(bert_folder))


def test_it_finds_the_nearest_documents(built):
  folder, shape, encoder = built
  assert shape == (25, 24)
  found = index.Index(folder).search(QUERIES, k=3)
  vectors = encoder.encode(list(CORPUS.values()))
  scores = encoder.encode(QUERIES) @ vectors.T
  for row, hits in zip(scores, found, strict=True):
    best = np.argsort(-row)[:3]
    assert [hit.name for hit in hits] == [f"f{i}" for i in best]
    assert [hit.text for hit in hits] == [CORPUS[f"f{i}"] for i in best]
    np.testing.assert_allclose([h.score for h in hits], row[best], atol=1e-6)


def test_a_document_finds_itself(built):
  hits = index.Index(built[0]).search(list(CORPUS.values()), k=1)
  assert [hit.name for (hit,) in hits] == list(CORPUS)


def test_the_files_are_what_they_say(built):
  folder, _, encoder = built
  lines = (folder / "corpus.jsonl").read_bytes().decode().split("\n")
  assert [json.loads(line) for line in lines[:-1]] == [
    {"_id": name, "text": text} for name, text in CORPUS.items()
  ]
  about = json.loads((folder / "index.json").read_text())
  assert about["documents"] == 25
  location = {"driver": "file", "path": str(folder / "vectors")}
  store = tensorstore.open({"driver": "zarr3", "kvstore": location}).result()
  assert store.dtype == tensorstore.float32
  np.testing.assert_array_equal(
    store.read().result(), encoder.encode(list(CORPUS.values()))
  )


def test_more_documents_than_a_chunk_holds(monkeypatch, bert_folder, tmp_path):
  monkeypatch.setattr(index, "_CHUNK_BYTES", 4 * 24 * 10)  # ten vectors
  index.build(tmp_path / "index", CORPUS, str(bert_folder))
  chunks = (tmp_path / "index" / "vectors" / "c").rglob("*")
  assert sum(path.is_file() for path in chunks) == 3
  hits = index.Index(tmp_path / "index").search([CORPUS["f23"]], k=30)
  assert hits[0][0].name == "f23"
  assert len(hits[0]) == 25


def test_a_new_index_takes_the_old_ones_place(bert_folder, tmp_path):
  folder = tmp_path / "index"
  index.build(folder, CORPUS, str(bert_folder))
  assert index.build(folder, {"one": "file"}, str(bert_folder)) == (1, 24)
  ((hit,),) = index.Index(folder).search(["x"], k=5)
  assert (hit.name, hit.text) == ("one", "file")
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_nothing_but_an_index_is_replaced(bert_folder, tmp_path):
  (tmp_path / "thesis.tex").write_text("years of work")
  with pytest.raises(program.BadInput, match="exists and is not an index"):
    index.build(tmp_path, CORPUS, str(bert_folder))
  assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_model_that_is_not_there_leaves_the_index(bert_folder, tmp_path):
  folder = tmp_path / "index"
  index.build(folder, {"one": "file"}, str(bert_folder))
  with pytest.raises(program.BadInput, match="neither a folder"):
    index.build(folder, CORPUS, "/no/such/model")
  assert len(index.Index(folder).search(["x"], k=5)[0]) == 1


def test_what_is_no_index_is_named(tmp_path):
  with pytest.raises(program.BadInput, match="is not an index.*tools.encode"):
    index.Index(tmp_path)
