"""Tests of embeddings/mining/ranks.py: ranks are those of plain loops."""

import pathlib
import tempfile

import numpy as np
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from data import identity
from data import kinds
from embeddings.mining import by_vectors
from embeddings.mining import ranks
from tests.embeddings.mining import made


def plain(
  found: list[kinds.Record],
  pair: int,
  queries: list[str],
  documents: list[str],
  scores: np.ndarray,
) -> int:
  """How many documents are nearer than the positive, by loops."""
  query, positive = map(identity.normalise, found[pair][:2])
  positives = {
    identity.normalise(record[1])
    for record in found
    if identity.normalise(record[0]) == query
  }
  row = [identity.normalise(text) for text in queries].index(query)
  own = [identity.normalise(text) for text in documents].index(positive)
  return sum(
    scores[row, n] > scores[row, own]
    for n, text in enumerate(map(identity.normalise, documents))
    if text not in positives and text != query
  )


@settings(max_examples=15, deadline=None)
@given(made.RECORDS, strategies.integers(1, 4))
def test_a_rank_is_exact_up_to_the_top(
  found: list[kinds.Record], top: int
) -> None:
  with tempfile.TemporaryDirectory() as folder:
    texts = made.collect(pathlib.Path(folder), found, existing="drop")
    vectors = [
      made.vectors(len(side), seed)
      for seed, side in enumerate((texts.queries, texts.documents))
    ]
    ranking = by_vectors.ByVectors(*vectors)
    queries = texts.queries.read(0, len(texts.queries))
    documents = texts.documents.read(0, len(texts.documents))
    scores = vectors[0] @ vectors[1].T
    wanted = [
      plain(found, pair, queries, documents, scores)
      for pair in range(len(found))
    ]
    ahead = ranks.of(texts, ranking, 0, len(found), top)
    assert [min(n, top) for n in ahead] == [min(n, top) for n in wanted]


def test_what_is_as_near_is_not_ahead(tmp_path) -> None:
  found = [("q", "same one"), ("r", "same two"), ("s", "same three")]
  texts = made.collect(tmp_path, found, "pairs")
  ranking = by_vectors.ByVectors(
    np.ones((3, 4), np.float32), np.ones((3, 4), np.float32)
  )
  assert ranks.of(texts, ranking, 0, 3, 1).tolist() == [0, 0, 0]


def test_a_stopped_run_goes_on(tmp_path, monkeypatch) -> None:
  found = [(f"q {n}", f"d {n}", f"e {n}") for n in range(40)]
  texts = made.collect(tmp_path, found, existing="drop")
  ranking = by_vectors.ByVectors(made.vectors(40, 0), made.vectors(80, 1))
  monkeypatch.setattr(ranks, "STRETCH", 16)
  monkeypatch.setattr("data.growing.JOURNAL_S", 0.0)
  about = {"top": 5}
  whole = ranks.rank(tmp_path / "whole", texts, ranking, about, top=5)
  of, done = ranks.of, []

  def stops(*given):
    if len(done) == 2:
      raise KeyboardInterrupt
    done.append(given[2])
    return of(*given)

  monkeypatch.setattr(ranks, "of", stops)
  for wanted in ([0, 16], [32]):
    done.clear()
    try:
      ranks.rank(tmp_path / "parts", texts, ranking, about, top=5)
    except KeyboardInterrupt:
      assert wanted == [0, 16]
    assert done == wanted
  again = ranks.rank(tmp_path / "parts", texts, ranking, about, top=5)
  np.testing.assert_array_equal(again, whole)
  assert len(np.unique(whole)) > 3
