"""While an index is replaced, each answer is of one build."""

import shutil
import threading
import time

import pytest

from data import atomic
from data import program
from embeddings import hnsw
from embeddings import index
from embeddings import serving
from tests.embeddings import corpora

QUERY = "read the file"


@pytest.fixture(scope="module")
def builds(bert_folder, tmp_path_factory):
  """Two indexes of other texts, and of more of them."""
  folders = {}
  for mark, count in (("a", 25), ("b", 40)):
    folders[mark] = tmp_path_factory.mktemp("builds") / mark
    corpora.write_index(folders[mark], bert_folder, count, mark)
  return folders


@pytest.fixture(scope="module")
def answers(builds):
  """What each answers; no document is in both."""
  opened = {mark: index.Index(folder) for mark, folder in builds.items()}
  found = {m: opened[m].search([QUERY], k=100)[0] for m in opened}
  assert [len(found[mark]) for mark in "ab"] == [25, 40]
  return found


def put(build, place, made):
  """Replaces what stands at a place by a build of a new name."""
  with atomic.folder(place) as partial:
    shutil.copytree(build, partial, dirs_exist_ok=True)
    corpora.change(partial, made=made)


def test_a_new_index_answers_at_once(builds, answers, tmp_path):
  place, told = tmp_path / "index", []
  put(builds["a"], place, "0")
  served = serving.Serving(place, tell=told.append)
  encoder = served.current().encoder
  for number in range(1, 13):
    mark = "ab"[number % 2]
    put(builds[mark], place, str(number))
    assert served.search([QUERY], k=100) == [answers[mark]]
    assert told.pop() == f"index replaced: {len(answers[mark])} documents"
    assert served.current().encoder is encoder  # The model is the same.
  assert not told


@pytest.mark.parametrize("swaps", [True, False])
def test_searches_among_swaps_are_whole(
  builds, answers, tmp_path, monkeypatch, swaps
):
  if not swaps:  # As where a system cannot: there are moments without a folder.
    monkeypatch.setattr(atomic, "_exchange", lambda *_: False)
  place, done, errors, told = tmp_path / "index", threading.Event(), [], []
  put(builds["a"], place, "0")
  served = serving.Serving(place, tell=told.append)
  seen = []

  def search():
    try:
      while not done.is_set():
        (found,) = served.search([QUERY], k=100)
        assert found in answers.values(), found
        seen.append(found[0].name[0])
    except BaseException as error:
      errors.append(error)

  def reopen():
    try:
      while not done.is_set():
        opened = index.Index(place, encoder=served.current().encoder)
        assert opened.search([QUERY], k=100)[0] in answers.values()
    except BaseException as error:
      errors.append(error)

  threads = [threading.Thread(target=t) for t in (search, search, reopen)]
  for thread in threads:
    thread.start()
  number, end = 0, time.monotonic() + 60
  while number < 40 or ({*seen} != {"a", "b"} and time.monotonic() < end):
    number += 1
    put(builds["ab"[number % 2]], place, str(number))
    time.sleep(0.002)
  done.set()
  for thread in threads:
    thread.join()
  assert not errors
  assert {*seen} == {"a", "b"}
  assert {*told} <= {
    "index replaced: 25 documents",
    "index replaced: 40 documents",
  }
  put(builds["b"], place, "last")
  assert served.search([QUERY], k=100) == [answers["b"]]


def test_a_search_that_began_ends_on_the_former(builds, answers, tmp_path):
  place = tmp_path / "index"
  put(builds["a"], place, "0")
  former = serving.Serving(place, tell=lambda _: None).current()
  put(builds["b"], place, "1")
  assert former.search([QUERY], k=100) == [answers["a"]]


def test_while_one_is_opened_the_former_answers(
  builds, answers, tmp_path, monkeypatch
):
  place, begun, go_on = tmp_path / "index", threading.Event(), threading.Event()
  put(builds["a"], place, "0")
  served = serving.Serving(place, tell=lambda _: None)
  put(builds["b"], place, "1")
  opened = index.Index

  def open_slowly(*given, **options):
    begun.set()
    assert go_on.wait(60)
    return opened(*given, **options)

  monkeypatch.setattr(index, "Index", open_slowly)
  found = []
  opening = threading.Thread(
    target=lambda: found.extend(served.search([QUERY], k=100))
  )
  opening.start()
  assert begun.wait(60)
  assert served.search([QUERY], k=100) == [answers["a"]]
  go_on.set()
  opening.join()
  assert found == [answers["b"]]


def test_what_cannot_be_opened_is_told_once(builds, answers, tmp_path):
  place, told = tmp_path / "index", []
  put(builds["a"], place, "0")
  served = serving.Serving(place, tell=told.append)
  with atomic.folder(place) as partial:
    shutil.copytree(builds["b"], partial, dirs_exist_ok=True)
    (partial / "texts.jsonl").write_text("torn")
  for _ in range(3):
    assert served.search([QUERY], k=100) == [answers["a"]]
  shutil.rmtree(place)
  for _ in range(3):
    assert served.search([QUERY], k=100) == [answers["a"]]
  torn, gone = told
  assert "the former index answers: " in torn and "texts.jsonl has 4" in torn
  assert "is not an index" in gone
  put(builds["b"], place, "1")
  assert served.search([QUERY], k=100) == [answers["b"]]


def test_a_new_index_waits_for_its_graph(builds, answers, tmp_path):
  place, told = tmp_path / "index", []
  put(builds["a"], place, "0")
  with pytest.raises(program.BadInput, match="graph of the index .* not there"):
    serving.Serving(place, how="hnsw")
  index.build_graph(place, links=8)
  served = serving.Serving(place, how="hnsw", tell=told.append)

  def names(k):
    return [hit.name for hit in served.search([QUERY], k=k, ef=100)[0]]

  assert names(5) == [hit.name for hit in answers["a"][:5]]
  shutil.copytree(place / hnsw.FOLDER, tmp_path / hnsw.FOLDER)
  put(builds["b"], place, "1")
  # Not even where the graph of the former lies in it.
  shutil.copytree(tmp_path / hnsw.FOLDER, place / hnsw.FOLDER)
  assert names(5) == names(5) == [hit.name for hit in answers["a"][:5]]
  index.build_graph(place, links=8)
  assert names(5) == [hit.name for hit in answers["b"][:5]]
  first, second = told
  assert "is of an earlier build" in first and "40 documents" in second
