"""At which rank a query's own positive is found, a stretch of pairs at a time.

    ahead          int32 [P]: documents that are nearer to the query
    ranks.json     what that depends on

A rank is exact up to the number of documents that are looked at; a positive
that is not among these has at least so many ahead. What is known to answer the
query as well, and what equals it, is not counted; nor is what is as near.

A journal says how far the file goes (data/growing.py): after a kill the same
call goes on, and ends with the same bytes.
"""

import json
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np

from data import atomic
from data import growing
from embeddings.mining import collected as collected_lib
from embeddings.mining import ranking as ranking_lib

STRETCH = 2_048  # pairs; what is looked at for so many is in memory

_FILE, _RANKS = "ranks.json", "ahead"
_HELD = 2**22  # documents that are looked at, of all pairs, at a time


def of(
  texts: collected_lib.Collected,
  ranking: ranking_lib.Ranking,
  first: int,
  last: int,
  top: int,
) -> np.ndarray:
  """How many documents are nearer than the positive, of some pairs.

  Args:
    texts: of the data set, collected with existing="drop", so that negatives
      count.
    ranking: finds what is near.
    first: the first of the pairs.
    last: the one behind the last.
    top: looks at as many, beside those that are not counted.

  Returns:
    int32 [last - first]; `top` or more where it is not among the top.
  """
  own = texts.pairs[first:last]
  queries, at = np.unique(own[:, 0], return_inverse=True)
  begin, end = texts.known_span(queries)
  # Few queries know many documents; the others need not wait for them.
  more = 1 << np.ceil(np.log2(np.maximum(end - begin, 1))).astype(int)
  ahead = np.zeros(len(own), np.int32)
  for extra in np.unique(more).tolist():
    count = min(top + extra, len(texts.documents))
    rows = np.flatnonzero(more == extra)
    size = max(_HELD // count, 1)
    for start in range(0, len(rows), size):
      some = rows[start : start + size]
      scores, found = ranking.nearest(queries[some], count)
      members = np.flatnonzero(np.isin(at, some))
      for part in _parts(members, size):
        place = np.searchsorted(some, at[part])
        near = scores[place], found[place]
        ahead[part] = _ahead(texts, ranking, own[part], *near)
  return ahead


def rank(
  folder: pathlib.Path,
  texts: collected_lib.Collected,
  ranking: ranking_lib.Ranking,
  about: dict[str, Any],
  *,
  top: int,
  advance: Callable[[int], None] = lambda _: None,
) -> np.ndarray:
  """The same of all pairs, or of those that are left; it stays on disk.

  Args:
    folder: appears when it is whole.
    texts: of the data set.
    ranking: finds what is near.
    about: what the ranks depend on, as JSON has it.
    top: looks at as many.
    advance: is told of how many further pairs they were found.

  Returns:
    int32 [P].
  """
  pairs = len(texts.pairs)
  if not _is_whole(folder, about):
    files, journal = growing.Files(folder), growing.journal(folder)
    done = journal["pairs"] if journal.get("about") == about else 0
    done = done if files.are_as_long({_RANKS: 4 * done}) else 0
    files.open({_RANKS: 4 * done})
    advance(done)
    try:
      for first in range(done, pairs, STRETCH):
        last = min(first + STRETCH, pairs)
        found = of(texts, ranking, first, last, top)
        files.put(_RANKS, found.astype("<i4").tobytes())
        if files.is_time() or last == pairs:
          files.keep({"about": about, "pairs": last})
        advance(last - first)
    finally:
      files.close()
    atomic.write_text(growing.partial(folder) / _FILE, json.dumps(about))
    growing.place(folder, _FILE)
  return np.memmap(folder / _RANKS, "<i4", "r")


def _is_whole(folder: pathlib.Path, about: dict[str, Any]) -> bool:
  """Whether the ranks are there; what depends on something else is removed."""
  if not growing.place(folder, _FILE):
    return False
  if json.loads((folder / _FILE).read_text(encoding="utf-8")) == about:
    return True
  shutil.rmtree(folder)
  return False


def _ahead(
  texts: collected_lib.Collected,
  ranking: ranking_lib.Ranking,
  own: np.ndarray,  # [n, 2]
  scores: np.ndarray,  # [n, C]
  found: np.ndarray,  # [n, C]
) -> np.ndarray:
  """How many of the documents found are nearer than each pair's own."""
  is_own = found == own[:, 1:]
  is_there = is_own.any(1)
  limits = scores[np.arange(len(own)), is_own.argmax(1)].copy()
  # A score that is made by itself may differ in the last digit.
  limits[~is_there] = ranking.scores(*own[~is_there].T)
  counts = (found >= 0) & (texts.why_not(own[:, 0], found) < 0)
  return (counts & (scores > limits[:, None])).sum(1).astype(np.int32)


def _parts(members: np.ndarray, size: int) -> list[np.ndarray]:
  """Pairs in parts of so many."""
  return [members[n : n + size] for n in range(0, len(members), size)]
