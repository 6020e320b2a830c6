"""An index finds what its model finds, by each way of searching."""

import json
import shutil

import numpy as np
import pytest

from data import program
from embeddings import encode
from embeddings import hnsw
from embeddings import index
from tests.embeddings import corpora

QUERIES = ["read the file", "sort the list number 10"]


@pytest.fixture(scope="module")
def built(bert_folder, tmp_path_factory):
  folder = tmp_path_factory.mktemp("built") / "new" / "index"
  corpora.write_index(folder, bert_folder)
  return folder, index.Index(folder), encode.load(str(bert_folder))


@pytest.fixture
def copied(built, tmp_path):
  return shutil.copytree(built[0], tmp_path / "index")


@pytest.mark.parametrize("how", index.HOW)
def test_it_finds_the_nearest_documents(built, how):
  folder, opened, encoder = built
  if how == "hnsw":
    index.build_graph(folder, links=4, ef_construction=30)
  found = opened.search(QUERIES, k=3, how=how)
  corpus = corpora.corpus()
  vectors = encoder.comparable(list(corpus.values()), "document")
  scores = encoder.comparable(QUERIES, "query") @ vectors.T
  for row, hits in zip(scores, found, strict=True):
    best = np.argsort(-row)[:3]
    assert [hit.name for hit in hits] == [f"f{i}" for i in best]
    assert [hit.text for hit in hits] == [corpus[f"f{i}"] for i in best]
    np.testing.assert_allclose([h.score for h in hits], row[best], atol=1e-5)


def test_a_document_finds_itself(built):
  corpus = corpora.corpus()
  hits = built[1].search(list(corpus.values()), k=1)
  assert [hit.name for (hit,) in hits] == list(corpus)


def test_all_are_found_where_more_are_asked_for(built):
  for how in ("exact", "hnsw"):
    if how == "hnsw":
      index.build_graph(built[0], links=4)
    (hits,) = built[1].search(["x"], k=1_000, how=how)
    assert {hit.name for hit in hits} == {*corpora.corpus()}
    assert len(hits) == len(built[1]) == len(corpora.corpus())


def test_a_graph_that_does_not_reach_all_is_left_for_an_exact_search(built):
  opened = index.Index(built[0])

  class Torn(hnsw.Graph):
    """A graph whose walks come to an end after one document."""

    def search(self, queries, k, *, ef=0):
      scores, found = super().search(queries, k)
      scores[:, 1:], found[:, 1:] = -1e30, -1
      return scores, found

  index.build_graph(built[0], links=4)
  opened.__dict__["graph"] = Torn(opened.graph._graph)
  assert opened.search(QUERIES, 5, how="hnsw") == opened.search(QUERIES, 5)


def test_a_graph_of_another_build_is_never_used(copied):
  shutil.rmtree(copied / hnsw.FOLDER, ignore_errors=True)
  with pytest.raises(program.BadInput, match="is not there; .*--build_hnsw"):
    index.Index(copied).search(["x"], 1, how="hnsw")
  index.build_graph(copied, links=4)
  assert index.Index(copied).search(["x"], 1, how="hnsw")
  corpora.change(copied, made="another")
  with pytest.raises(program.BadInput, match="is of an earlier build"):
    index.Index(copied).search(["x"], 1, how="hnsw")


def test_an_index_that_is_replaced_while_its_graph_is_made(copied, monkeypatch):
  link = hnsw.link

  def link_slowly(*given, **options):
    graph = link(*given, **options)
    corpora.change(copied, made="another")
    hnsw.write(copied, "another", graph)
    return graph

  monkeypatch.setattr(hnsw, "link", link_slowly)
  with pytest.raises(program.BadInput, match="was replaced while its graph"):
    index.build_graph(copied, links=4)
  assert hnsw.exists(copied, "another")  # The new index keeps its own.


def test_a_model_that_took_the_place_of_the_indexs_is_no_model_of_it(copied):
  corpora.change(copied, weights="0123456789abcdef")
  with pytest.raises(program.BadInput, match="is not the one that made"):
    index.Index(copied)


@pytest.mark.parametrize(
  ("file", "content", "message"),
  [
    ("index.json", "{", "index.json: "),
    ("index.json", "[]", "index.json: "),
    ("index.json", '{"version": 2}', "missing required field"),
    (
      "index.json",
      '{"model": "m"}',
      "is of version 1, wanted 2; make it again",
    ),
    (
      "index.json",
      '{"version": 3}',
      "is of version 3, wanted 2; make it again",
    ),
    ("texts.jsonl", "{}", "texts.jsonl has 2 bytes"),
    ("vectors/zarr.json", "{", "holds no vectors"),
  ],
)
def test_what_is_not_whole_is_named(copied, file, content, message):
  (copied / file).write_text(content)
  with pytest.raises(program.BadInput, match=message):
    index.Index(copied)


def test_files_that_are_not_of_one_index_are_named(copied):
  corpora.change(copied, documents=26)
  with pytest.raises(
    program.BadInput, match="have 26 documents and has 25 texts"
  ):
    index.Index(copied)


def test_what_is_no_index_is_named(tmp_path):
  with pytest.raises(program.BadInput, match="is not an index.*tools.encode"):
    index.Index(tmp_path)


def test_how_to_search_is_one_of_a_few(built):
  with pytest.raises(program.BadInput, match="how='fast'.*exact, approximate"):
    built[1].search(["x"], 1, how="fast")
  about = json.loads((built[0] / "index.json").read_text())
  assert about["documents"] == len(built[1])
