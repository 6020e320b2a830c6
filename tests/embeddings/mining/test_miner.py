"""Tests of embeddings/mining: what is mined is what plain loops find."""

import dataclasses
import functools
import os
import pathlib
import tempfile
from typing import Any

import bm25s
import datasets
import numpy as np
import pytest
import sentence_transformers
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from sentence_transformers import util

from data import growing
from data import identity
from data import kinds
from data import program
from embeddings.mining import by_words
from embeddings.mining import collected
from embeddings.mining import mined
from embeddings.mining import miner
from embeddings.mining import rescore
from embeddings.mining import rules
from embeddings.mining import texts as texts_lib
from tests import conftest
from tests import programs
from tests.embeddings import torch_models
from tests.embeddings.mining import made


def forbidden(found: list[kinds.Record], query: str, existing: str) -> set[str]:
  """The forms of texts that may not be negatives of a query."""
  own = identity.normalise(query)
  out = {own}
  for first, positive, *negatives in found:
    if identity.normalise(first) == own:
      out.add(identity.normalise(positive))
      if existing == "keep":
        out |= set(map(identity.normalise, negatives))
  return out


def plain(
  work: miner.Miner, found: list[kinds.Record], pair: int, how: rules.Rules
) -> list[str]:
  """The documents that the best negatives of a pair are among, by loops."""
  texts = work.texts
  query, positive = texts.pairs[pair]
  numbers = np.arange(len(texts.documents))

  def scores_of(documents: np.ndarray) -> np.ndarray:
    return work.scores(np.full(len(documents), query), documents)

  scores = scores_of(numbers)
  out = forbidden(found, texts.queries.pick([query])[0], how.existing)
  names = [identity.normalise(t) for t in texts.documents.read(0, len(numbers))]
  known = sum(name in out for name in names)
  order = np.argsort(-scores, kind="stable")[: how.range_max + known]
  candidates = [n for n in order if names[n] not in out]
  own = scores[positive]
  if how.margin_from == "query":
    own = min(scores[d] for q, d in texts.pairs if q == query)
  low = -2 if how.min_score is None else how.min_score
  high = 2 if how.max_score is None else how.max_score
  if how.absolute_margin is not None:
    high = min(high, own - how.absolute_margin)
  if how.relative_margin is not None:
    high = min(high, own - abs(own) * how.relative_margin)
  fits = [n for n in candidates if low <= scores[n] <= high]
  return [names[n] for n in fits[how.range_min : how.range_max]]


@settings(max_examples=30, deadline=None)
@given(
  made.RECORDS,
  made.RULES,
  strategies.sampled_from([1, 3, 1_000]),
  strategies.sampled_from([1, 40, 2**22]),
)
def test_negatives_are_what_plain_loops_find(found, how, stretch, held):
  with (
    tempfile.TemporaryDirectory() as name,
    pytest.MonkeyPatch.context() as patch,
  ):
    patch.setattr(miner, "_HELD", held)
    folder = pathlib.Path(name)
    texts = made.collect(folder, found, existing=how.existing)
    work = made.miner_of(texts, how, block=min(stretch * 4, 64))
    result = mined.mine(folder / "mined", work, {}, stretch=stretch)
    documents = texts.documents.read(0, len(texts.documents))
    for pair, chosen in enumerate(result.chosen):
      wanted = plain(work, found, pair, how)
      names = [identity.normalise(documents[n]) for n in chosen if n >= 0]
      assert len(names) == min(len(wanted), how.num_negatives)
      if how.sampling == "top":
        assert names == wanted[: len(names)]
      else:  # Some of them, each once, the best first.
        assert names == [name for name in wanted if name in names]
      # Whatever is mined beside it.
      alone = made.miner_of(texts, how).of(pair, pair + 1)[0]
      np.testing.assert_array_equal(alone.documents[0], chosen)


class Vectors:
  """A model whose vectors are given, as `mine_hard_negatives` asks for them."""

  device = "cpu"
  similarity = staticmethod(util.dot_score)
  similarity_pairwise = staticmethod(util.pairwise_dot_score)

  def __init__(self, texts: collected.Collected):
    self._texts = texts

  def encode_query(self, texts: list[str], **_: object) -> np.ndarray:
    """The vectors of the queries, in their order."""
    assert texts == self._texts.queries.read(0, len(self._texts.queries))
    return made.vectors(len(texts), 0)

  def encode_document(self, texts: list[str], **_: object) -> np.ndarray:
    """The vectors of the documents, in any order."""
    own = self._texts.documents.read(0, len(self._texts.documents))
    places = {text: place for place, text in enumerate(own)}
    return made.vectors(len(own), 1)[[places[text] for text in texts]]


def theirs(
  texts: collected.Collected,
  found: list[kinds.Record],
  how: rules.Rules,
  **more: Any,
) -> dict[tuple[str, str], list[str]]:
  """The negatives that sentence-transformers mines, by pair."""
  result = util.mine_hard_negatives(
    datasets.Dataset.from_dict(
      {"query": [r[0] for r in found], "document": [r[1] for r in found]}
    ),
    Vectors(texts),  # pyright: ignore[reportArgumentType]  # all it asks for
    range_min=how.range_min,
    range_max=how.range_max,
    max_score=how.max_score,
    min_score=how.min_score,
    absolute_margin=how.absolute_margin,
    relative_margin=how.relative_margin,
    num_negatives=how.num_negatives,
    output_format="triplet",
    verbose=False,
    **more,
  )
  columns = [list(result[name]) for name in ("query", "document", "negative")]
  negatives: dict[tuple[str, str], list[str]] = {}
  for query, document, negative in zip(*columns, strict=True):
    negatives.setdefault((query, document), []).append(negative)
  return negatives


def ours(
  work: miner.Miner, found: list[kinds.Record]
) -> dict[tuple[str, str], list[str]]:
  """The negatives that we mine, by pair."""
  chosen = work.of(0, len(found))[0].documents
  return {
    (record[0], record[1]): work.texts.documents.pick(own[own >= 0])
    for record, own in zip(found, chosen, strict=True)
    if (own >= 0).any()
  }


_RULES = [
  rules.Rules(num_negatives=3, range_min=0, range_max=5),
  rules.Rules(num_negatives=5, range_min=2, range_max=200),
  rules.Rules(num_negatives=4, range_min=1, range_max=90, absolute_margin=0.1),
  rules.Rules(num_negatives=4, range_min=1, range_max=90, relative_margin=0.3),
  rules.Rules(
    num_negatives=6, range_min=3, range_max=40, max_score=0.3, min_score=0.1
  ),
]


@pytest.mark.parametrize("positives", [1, 2])
def test_negatives_are_sentence_transformers(tmp_path, positives):
  pairs = conftest.pairs(60 * positives)
  found = [(pairs[n // positives][0], pairs[n][1]) for n in range(len(pairs))]
  texts = made.collect(tmp_path, found, "pairs")
  for how in _RULES:
    how = dataclasses.replace(how, margin_from="query")
    wanted = theirs(texts, found, how)
    assert ours(made.miner_of(texts, how), found) == wanted
    assert wanted  # Else nothing was compared.


@pytest.mark.long  # torch makes a cross-encoder, and runs it twice.
def test_a_cross_encoder_scores_candidates_and_positives_anew(
  tmp_path, tokenizer_folder, monkeypatch
):
  monkeypatch.setattr(miner, "_RESCORED", 50)
  folder = tmp_path / "cross"
  torch_models.cross_encoder(folder, tokenizer_folder)
  found = conftest.pairs(12)
  texts = made.collect(tmp_path, found, "pairs")
  model = sentence_transformers.CrossEncoder(str(folder), device="cpu")
  own = rescore.CrossEncoder(str(folder))
  for how in (
    rules.Rules(num_negatives=2, range_min=1, range_max=12, absolute_margin=0),
    rules.Rules(num_negatives=2, range_min=0, range_max=12, max_score=0.9),
  ):
    work = made.miner_of(texts, how)
    work = miner.Miner(texts, work.ranking, how, own)
    wanted = theirs(texts, found, how, cross_encoder=model)
    assert ours(work, found) == wanted
    scores = work.of(0, 12)[1]
    np.testing.assert_allclose(
      scores, model.predict(found, convert_to_numpy=True), atol=1e-5
    )
  assert own.digest() == rescore.CrossEncoder(str(folder)).digest()


def test_a_model_without_a_trained_head_is_no_cross_encoder(bert_folder):
  with pytest.raises(program.BadInput, match="no weights that score a pair"):
    rescore.CrossEncoder(str(bert_folder))


def test_texts_are_whole_however_little_is_read_at_once(tmp_path, monkeypatch):
  wanted = ["", "a", "na\u00efve \u2713", "", "\U0001d518\n" * 9]
  with texts_lib.Writer(tmp_path / "own") as writer:
    for text in wanted:
      writer.add(text)
  own, read = texts_lib.Texts(tmp_path / "own"), os.pread
  monkeypatch.setattr(os, "pread", lambda fd, n, at: read(fd, min(n, 5), at))
  for first in range(len(wanted) + 1):
    for last in range(first, len(wanted) + 1):
      assert own.read(first, last) == wanted[first:last]
  assert own.pick([4, 0, 2, 4]) == [wanted[n] for n in (4, 0, 2, 4)]


def test_one_pair_alone_has_no_negatives(tmp_path):
  texts = made.collect(tmp_path, [("query", "document")], "pairs")
  for sampling in rules.SAMPLING:
    work = made.miner_of(texts, rules.Rules(sampling=sampling))
    chosen, positives = work.of(0, 1)
    assert (chosen.documents == -1).all() and np.isfinite(positives).all()
    assert chosen.dropped["known_positive"] == 1


def test_words_are_ranked_as_bm25s_ranks_them(tmp_path):
  found = [*conftest.pairs(60), ("the of", "and"), ("drop", "unheard words")]
  texts = made.collect(tmp_path, found, "pairs", corpus=["sort", "read, read"])
  own = by_words.ByWords(texts.queries, texts.documents)
  count, numbers = len(texts.documents), np.arange(len(texts.queries))
  cut = functools.partial(bm25s.tokenize, stopwords="en", show_progress=False)
  index = bm25s.BM25()
  index.index(cut(texts.documents.read(0, count)), show_progress=False)
  queries = cut(texts.queries.read(0, len(numbers)), return_ids=False)
  scores, ranked = own.nearest(numbers, 10)
  assert isinstance(queries, list)
  for query, words in enumerate(queries):
    wanted = index.get_scores(list(words)) if words else np.zeros(count)
    there = ranked[query] >= 0
    assert there.sum() == min((wanted > 0).sum(), 10)
    np.testing.assert_allclose(
      scores[query, there], -np.sort(-wanted)[:10][there], rtol=1e-6
    )
    np.testing.assert_allclose(
      own.scores(np.full(count, query), np.arange(count)), wanted, rtol=1e-6
    )
    # The earlier document first, where they tie.
    order = np.lexsort((ranked[query, there], -scores[query, there]))
    assert (order == np.arange(there.sum())).all()


def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
  monkeypatch.setattr(growing, "JOURNAL_S", 0.0)
  texts = made.collect(tmp_path, [(*p, "a b") for p in conftest.pairs(50)])
  how = rules.Rules(num_negatives=2, range_min=1, range_max=9)
  work = made.miner_of(texts, how)

  def mine(name: str, about: dict[str, str], fail_at: int = -1) -> mined.Mined:
    done = 0

    def advance(pairs: int) -> None:
      nonlocal done
      done += pairs
      if done == fail_at:
        raise KeyboardInterrupt

    return mined.mine(
      tmp_path / name,
      work,
      about,
      keep_scores=True,
      stretch=8,
      advance=advance,
    )

  mine("whole", {"by": "these"})
  with pytest.raises(KeyboardInterrupt):
    mine("stopped", {"by": "these"}, 24)
  assert mined.resumable(tmp_path / "stopped", {"by": "these"}) == 24
  assert mined.resumable(tmp_path / "stopped", {"by": "others"}) == 0
  mine("stopped", {"by": "these"})
  whole = programs.contents(tmp_path / "whole")
  assert programs.contents(tmp_path / "stopped") == whole
  with pytest.raises(KeyboardInterrupt):
    mine("other", {"by": "others"}, 24)
  mine("other", {"by": "these"})
  assert programs.contents(tmp_path / "other") == whole
