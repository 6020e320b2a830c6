"""An index appears whole or not at all, and replaces nothing but an index."""

import json
import shutil
import sys

import numpy as np
import pytest

from data import atomic
from data import documents
from data import growing
from data import program
from embeddings import encode
from embeddings import hnsw
from embeddings import index_writer
from embeddings import vector_store
from tests import conftest
from tests import programs

CORPUS = {
  f"f{i}": code + "\u2028é\r\n"
  for i, (_, code) in enumerate(conftest.pairs(25))
}


def build(folder, corpus, model, **options):
  return index_writer.build(folder, corpus, str(model), stretch=10, **options)


@pytest.fixture(scope="module")
def built(bert_folder, tmp_path_factory):
  folder = tmp_path_factory.mktemp("built") / "new" / "index"
  assert build(folder, CORPUS, bert_folder) == (25, 24, 0)
  return folder


def test_the_files_are_what_they_say(built, bert_folder):
  read = documents.Documents(built)
  assert {row.name: row.text for row in read.rows(0, 25)} == CORPUS
  about = json.loads((built / "index.json").read_text())
  assert about["model"] == str(bert_folder)
  wanted = {"version": 2, "documents": 25, "width": 24, "dtype": "float32"}
  assert {key: about[key] for key in wanted} == wanted
  vectors = vector_store.open(built / "vectors")[:]
  encoder = encode.load(str(bert_folder))
  np.testing.assert_allclose(
    vectors, encoder.comparable([*CORPUS.values()], "document"), atol=1e-6
  )
  names = {path.name for path in built.iterdir()}
  files = {documents.TEXTS, documents.STARTS, "index.json", "vectors"}
  assert names == files
  assert [path.name for path in built.parent.iterdir()] == ["index"]


def test_the_same_is_the_same_bytes_and_left_alone(
  built, bert_folder, tmp_path, capfd
):
  folder = tmp_path / "index"
  build(folder, CORPUS, bert_folder)
  assert programs.contents(folder) == programs.contents(built)
  before = folder.stat().st_ino
  assert build(folder, CORPUS, bert_folder) == (25, 24, 25)
  assert "is whole already" in capfd.readouterr().err
  assert folder.stat().st_ino == before
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_graph_comes_with_the_index_or_after_it(
  built, bert_folder, tmp_path, monkeypatch
):
  folder, put, whole = tmp_path / "index", atomic.put, []
  made = json.loads((built / "index.json").read_text())["made"]

  def look(partial, final):
    if final == folder:
      whole.append(hnsw.exists(partial, made))
    put(partial, final)

  monkeypatch.setattr(atomic, "put", look)
  build(folder, CORPUS, bert_folder, graph=True)
  assert whole == [True]
  assert len(hnsw.read(folder, made)) == 25
  shutil.rmtree(folder / hnsw.FOLDER)
  assert programs.contents(folder) == programs.contents(built)
  assert build(folder, CORPUS, bert_folder, graph=True).resumed == 25
  assert len(hnsw.read(folder, made)) == 25
  before = (folder / hnsw.FOLDER).stat().st_ino
  build(folder, CORPUS, bert_folder, graph=True)
  assert (folder / hnsw.FOLDER).stat().st_ino == before
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_without_faiss_nothing_is_begun(bert_folder, tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, "faiss", None)
  with pytest.raises(program.BadInput, match="-r requirements-faiss.txt"):
    build(tmp_path / "index", CORPUS, bert_folder, graph=True)
  assert not [*tmp_path.iterdir()]


def test_ids_alone_and_half_of_the_bytes(built, bert_folder, tmp_path):
  folder = tmp_path / "index"
  build(folder, CORPUS, bert_folder, texts="leave_out", dtype="float16")
  rows = documents.Documents(folder).rows(0, 25)
  assert [(row.name, row.text) for row in rows] == [(n, None) for n in CORPUS]
  whole, half = (
    vector_store.open(path / "vectors")[:] for path in (built, folder)
  )
  np.testing.assert_array_equal(whole.astype(np.float16), half)
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_new_index_takes_the_old_ones_place(bert_folder, tmp_path):
  folder = tmp_path / "index"
  build(folder, CORPUS, bert_folder)
  made = json.loads((folder / "index.json").read_text())["made"]
  assert build(folder, {"one": "file"}, bert_folder) == (1, 24, 0)
  [row] = documents.Documents(folder).rows(0, 1)
  assert (row.name, row.text) == ("one", "file")
  assert json.loads((folder / "index.json").read_text())["made"] != made
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_nothing_but_an_index_is_replaced(bert_folder, tmp_path):
  (tmp_path / "thesis.tex").write_text("years of work")
  with pytest.raises(program.BadInput, match="exists and is not an index"):
    build(tmp_path, CORPUS, bert_folder)
  assert (tmp_path / "thesis.tex").read_text() == "years of work"
  with pytest.raises(program.BadInput, match="gs:/b/x is in a bucket"):
    build("gs://b/x", CORPUS, bert_folder)


def test_what_goes_wrong_leaves_the_index(built, bert_folder, tmp_path):
  before = programs.contents(built)
  with pytest.raises(program.BadInput, match="neither a folder"):
    build(built, CORPUS, "/no/such/model")
  with pytest.raises(program.BadInput, match="holds no text"):
    build(built, {}, bert_folder)
  with (
    growing.alone(growing.partial(built)),
    pytest.raises(program.BadInput, match="written by another process"),
  ):
    build(built, {"one": "file"}, bert_folder)
  (growing.partial(built) / "lock").unlink()
  growing.partial(built).rmdir()
  assert programs.contents(built) == before
  assert [path.name for path in built.parent.iterdir()] == ["index"]


def test_other_texts_are_refused_in_the_midst(
  bert_folder, tmp_path, monkeypatch
):
  folder = tmp_path / "index"
  with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(index_writer.bulk, "encode_to", _interrupt)
    build(folder, CORPUS, bert_folder)
  with pytest.raises(
    program.BadInput, match=r"another file 1 .*\.index.partial"
  ):
    build(folder, CORPUS | {"f3": "changed"}, bert_folder)
  assert not folder.exists()
  assert build(folder, CORPUS, bert_folder).documents == 25


def _interrupt(*_given, **_options):
  raise KeyboardInterrupt
