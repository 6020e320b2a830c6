"""Ranking by BM25 (Lucene's variant, bm25s): by the words that texts share."""

import logging
import re
from collections.abc import Iterator

import numpy as np

from data import program
from embeddings.mining import texts as texts_lib

READ_TEXTS = 4_096

_WORD = re.compile(r"\b\w\w+\b")  # as bm25s cuts texts, and scikit-learn


class ByWords:
  """Ranks by BM25; a document without a word of the query is not found.

  Words are two letters or digits and more, in small letters, without English
  stop words. The index is in memory: some 12 bytes for each word of a document,
  and thrice that while it is made.

  Args:
    queries: the queries.
    documents: N documents.

  Raises:
    program.BadInput: if no document has a word.
  """

  def __init__(self, queries: texts_lib.Texts, documents: texts_lib.Texts):
    import bm25s  # Here, because its import starts JAX's devices.
    from bm25s import stopwords
    from bm25s import tokenization

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    self._queries, self._count = queries, len(documents)
    self._stop = frozenset(stopwords.STOPWORDS_EN)
    self._vocabulary: dict[str, int] = {}
    ids = list(self._ids_of(documents))
    if not self._vocabulary:
      raise program.BadInput(
        "no document has a word that BM25 knows (two letters or more, and no "
        "English stop word); mine with a --model"
      )
    self._index = bm25s.BM25(backend="numpy")
    words = tokenization.Tokenized(ids=ids, vocab=self._vocabulary)
    self._index.index(words, create_empty_token=False, show_progress=False)

  def nearest(
    self, queries: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """See ranking.Ranking."""
    k = min(k, self._count)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    found = np.full((len(queries), k), -1, np.int64)
    for row, own in enumerate(self._scores_of_all(queries)):
      best = _best(own, k)
      scores[row, : len(best)], found[row, : len(best)] = own[best], best
    return scores, found

  def scores(self, queries: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """See ranking.Ranking."""
    unique, at = np.unique(queries, return_inverse=True)
    found = np.zeros(len(queries), np.float32)
    order = np.argsort(at, kind="stable")
    ends = np.cumsum(np.bincount(at, minlength=len(unique)))
    for number, own in enumerate(self._scores_of_all(unique)):
      places = order[ends[number - 1] if number else 0 : ends[number]]
      found[places] = own[documents[places]]
    return found

  def _scores_of_all(self, queries: np.ndarray) -> Iterator[np.ndarray]:
    """For each query the scores of all documents, float32 [N]."""
    for text in self._queries.pick(queries):
      known = (self._vocabulary.get(word) for word in self._words(text))
      ids = [number for number in known if number is not None]
      yield self._index.get_scores_from_ids(ids)

  def _ids_of(self, documents: texts_lib.Texts) -> Iterator[list[int]]:
    """The words of each document as numbers, which the vocabulary gives."""
    number = self._vocabulary.setdefault
    with program.progress(
      len(documents), unit="texts", label="cutting into words"
    ) as bar:
      for first in range(0, len(documents), READ_TEXTS):
        last = min(first + READ_TEXTS, len(documents))
        for text in documents.read(first, last):
          yield [
            number(word, len(self._vocabulary)) for word in self._words(text)
          ]
        bar.advance(last - first)

  def _words(self, text: str) -> list[str]:
    """The words of a text that count."""
    words = _WORD.findall(text.lower())
    return [word for word in words if word not in self._stop]


def _best(scores: np.ndarray, k: int) -> np.ndarray:
  """The k largest above 0, largest first; the earlier first where they tie."""
  least = np.partition(scores, len(scores) - k)[len(scores) - k]
  # More than k where the least ties; a stable sort leaves the later ones out.
  some = np.flatnonzero((scores >= least) & (scores > 0))
  return some[np.argsort(-scores[some], kind="stable")][:k]
