"""Finds the negatives of some pairs: the nearest documents, less what may not.

What is known to answer the query is left out, then the rules choose. What comes
out for a pair does not depend on which pairs are asked for with it.
"""

import collections
import dataclasses
from collections.abc import Iterator

import numpy as np

from data import ragged
from embeddings.mining import choose
from embeddings.mining import collected as collected_lib
from embeddings.mining import ranking as ranking_lib
from embeddings.mining import rescore as rescore_lib
from embeddings.mining import rules as rules_lib

_SPARE = 4  # documents asked for in place of known ones, at least
_HELD = 2**22  # candidates that are looked for, or chosen from, at a time
_RESCORED = 8_192  # whose texts are in memory


@dataclasses.dataclass(frozen=True)
class Miner:
  """How the negatives of some pairs are found.

  Attributes:
    texts: of the data set.
    ranking: finds the nearest documents of a query.
    rules: which of them are taken.
    rescoring: scores what was found anew, and the positive too; None for the
      ranking's own scores.
  """

  texts: collected_lib.Collected
  ranking: ranking_lib.Ranking
  rules: rules_lib.Rules
  rescoring: rescore_lib.CrossEncoder | None = None

  def of(self, first: int, last: int) -> tuple[choose.Chosen, np.ndarray]:
    """The negatives of the pairs `first` to before `last`.

    Returns:
      The negatives, and the score of each positive, float32 [P].
    """
    own, most = self.texts.pairs[first:last], self.rules.num_negatives
    queries, at = np.unique(own[:, 0], return_inverse=True)
    positives = self.scores(own[:, 0], own[:, 1])
    limits = positives
    if self.rules.margin_from == "query":
      limits = self._least_positives(queries)[at]
    documents = np.full((len(own), most), -1, np.int64)
    scores = np.zeros((len(own), most), np.float32)
    dropped: collections.Counter[str] = collections.Counter()
    for rows, found, why in self._candidates(queries):
      members = np.flatnonzero(np.isin(at, rows))
      for part in _parts(members, found.documents.shape[1]):
        place = np.searchsorted(rows, at[part])
        chosen = choose.choose(
          choose.Candidates(found.documents[place], found.scores[place]),
          limits[part],
          first + part,
          self.rules,
        )
        documents[part], scores[part] = chosen.documents, chosen.scores
        dropped.update(chosen.dropped)
        for number, reason in enumerate(collected_lib.REASONS):
          dropped[reason] += int((why[place] == number).sum())
    return choose.Chosen(documents, scores, dropped), positives

  def scores(self, queries: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """The score of each query with one document: int64 [n] twice to [n]."""
    if self.rescoring is None:
      return self.ranking.scores(queries, documents)
    found = np.zeros(len(queries), np.float32)
    for first in range(0, len(queries), _RESCORED):
      part = slice(first, first + _RESCORED)
      found[part] = self.rescoring.scores(
        self.texts.queries.pick(queries[part]),
        self.texts.documents.pick(documents[part]),
      )
    return found

  def _candidates(
    self, queries: np.ndarray
  ) -> Iterator[tuple[np.ndarray, choose.Candidates, np.ndarray]]:
    """The documents that may be negatives of queries, int64 [Q].

    As many more are looked at than `range_max` as the query knows. Few know
    many, and these are searched for apart: the others need not wait for them.

    Yields:
      Which of the queries [n], their candidates [n, C], and for each place why
      there is none: a place in REASONS or -1.
    """
    begin, end = self.texts.known_span(queries)
    known = end - begin
    more = 1 << np.ceil(np.log2(np.maximum(known, _SPARE))).astype(int)
    for extra in np.unique(more).tolist():
      count = min(self.rules.range_max + extra, len(self.texts.documents))
      for rows in _parts(np.flatnonzero(more == extra), count):
        yield rows, *self._found(queries[rows], known[rows], count)

  def _found(
    self,
    queries: np.ndarray,  # [n]
    known: np.ndarray,  # [n], how many documents each knows
    count: int,
  ) -> tuple[choose.Candidates, np.ndarray]:
    """Of so many nearest documents the candidates, and why others are none."""
    scores, found = self.ranking.nearest(queries, count)
    looked_at = self.rules.range_max + known[:, None]
    within = np.arange(found.shape[1]) < looked_at
    why = np.where(within, self.texts.why_not(queries, found), -1)
    documents = np.where(within & (why < 0), found, -1)
    if self.rescoring is not None:
      row, column = np.nonzero(documents >= 0)
      scores[row, column] = self.scores(queries[row], documents[row, column])
    return choose.Candidates(documents, scores), why

  def _least_positives(self, queries: np.ndarray) -> np.ndarray:  # [Q]
    """The least score of all positives that each query has."""
    begin, end = self.texts.known_span(queries)
    row = np.repeat(np.arange(len(queries)), end - begin)
    at = np.repeat(begin, end - begin) + ragged.ramps(end - begin)
    is_positive = self.texts.why[at] == 0
    row, at = row[is_positive], at[is_positive]
    documents = self.texts.known[at] % len(self.texts.documents)
    least = np.full(len(queries), np.inf, np.float32)
    np.minimum.at(least, row, self.scores(queries[row], documents))
    return least


def _parts(members: np.ndarray, width: int) -> list[np.ndarray]:
  """Pairs or queries in parts whose candidates fit into memory."""
  size = max(_HELD // width, 1)
  return [members[n : n + size] for n in range(0, len(members), size)]
