"""The tokens of a batch's records: from their texts, or from token caches.

Both say the same of the same records. A cache knows the lengths of all texts
without reading their ids, so a host reads those of its own rows alone.
"""

import itertools
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from data import batch as batch_lib
from data import choose
from data import faults as faults_lib
from data import mixture as mixture_lib
from data import program
from data import ragged
from data import schedule
from data import token_cache
from data import tokenised
from data import tokens


KINDS = ("auto", "cache", "text")


class Source(Protocol):
  """What gives a batch's tokens."""

  def read(
    self, draw: schedule.Draw, chooser: choose.Chooser
  ) -> batch_lib.Tokens:
    """The tokens of the records of a batch."""
    ...


class Texts:
  """Reads texts and cuts them into tokens.

  Args:
    mixture: open data sets.
    tokenizer: cuts them.
    columns: 2 + M, texts a pair.
    faults: what to do about records that cannot be read.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    tokenizer: tokens.Tokenizer,
    columns: int,
    faults: faults_lib.Faults | None = None,
  ):
    self._mixture, self._tokenizer = mixture, tokenizer
    self._columns, self._faults = columns, faults
    self._prompts = [options.prompts for options in mixture.options]

  def read(
    self, draw: schedule.Draw, chooser: choose.Chooser
  ) -> batch_lib.Tokens:
    """See `Source`."""
    texts: list[tuple[str, ...]] = [()] * len(draw.record)
    score = np.zeros((len(texts), self._columns - 1), np.float32)
    for index, places in _groups(draw.data_set):
      data_set = self._mixture.data_sets[index]
      found = data_set.read(draw.record[places], self._faults)
      if data_set.manifest.kind == "scored":
        score[places, 0] = [record[-1] for record in found]
        found = [record[:-1] for record in found]
      for place, record in zip(places.tolist(), found, strict=True):
        texts[place] = record
    counts = np.fromiter(map(len, texts), np.int64, len(texts))
    columns = chooser.columns(draw, counts)
    taken = [
      [record[column] for column in row if column >= 0]
      for record, row in zip(texts, columns.tolist(), strict=True)
    ]
    return tokenised.tokenise(
      taken, self._prompted(taken, draw), score, self._tokenizer, columns >= 0
    )

  def _prompted(self, texts: list[list[str]], draw: schedule.Draw) -> list[str]:
    """All texts end to end, each behind the prompt of its side."""
    by_pair = zip(draw.data_set.tolist(), texts, strict=True)
    if not any(map(any, self._prompts)):
      return list(itertools.chain.from_iterable(texts))
    return [
      text
      for index, pair in by_pair
      for text in self._prompts[index].put([pair])
    ]


class Caches:
  """Reads the tokens that `data.pretokenize` wrote.

  Args:
    mixture: open data sets, each with its cache.
    tokenizer: that cut them.

  Raises:
    program.BadInput: for a data set without a cache of this tokenizer.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    tokenizer: tokens.Tokenizer,
    columns: int,
  ):
    self._columns = columns
    # Of each data set as it is, and where its sides are swapped.
    self._caches: list[tuple[token_cache.TokenCache, ...]] = []
    for index, data_set in enumerate(mixture.data_sets):
      caches = [
        token_cache.TokenCache(data_set, tokenizer, prompts)
        for prompts in mixture.options[index].all_prompts
      ]
      self._caches.append((caches[0], caches[-1]))

  def read(
    self, draw: schedule.Draw, chooser: choose.Chooser
  ) -> batch_lib.Tokens:
    """See `Source`."""
    size = len(draw.record)
    counts = np.zeros(size, np.int64)
    score = np.zeros((size, self._columns - 1), np.float32)
    for index, places in _groups(draw.data_set):
      cache = self._caches[index][0]
      counts[places] = cache.counts(draw.record[places])
      score[places, 0] = cache.scores(draw.record[places])
    columns = chooser.columns(draw, counts)
    of_cache = 2 * draw.data_set + chooser.swapped(draw)
    start, lengths = np.zeros((2, size, self._columns), np.int64)
    identity = np.zeros((size, self._columns), np.uint64)
    for which, places in _groups(of_cache):
      found = self.cache(which).look(draw.record[places], columns[places])
      start[places], lengths[places], identity[places] = found
    return _Cached(self, of_cache, start, lengths, identity, score)

  def cache(self, which: int) -> token_cache.TokenCache:
    """The cache of a data set, as it is (even) or swapped (odd)."""
    return self._caches[which // 2][which % 2]


class _Cached:
  """A batch's tokens, whose ids are read when they are asked for.

  Args:
    source: knows the caches.
    of_cache: [B], which of them each pair is in.
    start: int64 [B, 2 + M], where each text begins there.
    lengths, identity, score: see `batch.Tokens`.
  """

  def __init__(
    self,
    source: Caches,
    of_cache: np.ndarray,
    start: np.ndarray,
    lengths: np.ndarray,
    identity: np.ndarray,
    score: np.ndarray,
  ):
    self._source, self._of_cache, self._start = source, of_cache, start
    self.lengths, self.identity, self.score = lengths, identity, score

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of these texts, end to end in the order asked."""
    lengths, start = self.lengths[pair, column], self._start[pair, column]
    first = ragged.starts(lengths)
    found = np.empty(lengths.sum(), np.int32)
    for which, asked in _groups(self._of_cache[pair]):
      length = lengths[asked]
      at = np.repeat(first[asked], length) + ragged.ramps(length)
      found[at] = self._source.cache(which).ids(start[asked], length)
    return found


def open_source(
  kind: str,
  mixture: mixture_lib.Mixture,
  tokenizer: tokens.Tokenizer,
  columns: int,
  faults: faults_lib.Faults | None = None,
) -> Source:
  """What gives the tokens of a run.

  Args:
    kind: "text", "cache", or "auto": caches if every data set has its own.
    mixture: open data sets.
    tokenizer: of the run.
    columns: 2 + M, texts a pair.
    faults: what to do about records that cannot be read.

  Raises:
    program.BadInput: for another kind, or a cache that is not there.
  """
  if kind not in KINDS:
    raise program.BadInput(
      f"config.input.tokens is {kind!r}; wanted one of {', '.join(KINDS)}"
    )
  if kind == "auto":
    lacking = [
      name
      for name, data_set, options in zip(
        mixture.names, mixture.data_sets, mixture.options, strict=True
      )
      for prompts in options.all_prompts
      if not token_cache.available(data_set, tokenizer, prompts)
    ]
    kind = "text" if lacking else "cache"
    if 0 < len(set(lacking)) < len(mixture.names):
      program.note_line(
        f"texts are cut as they are read, for data set {lacking[0]!r} has no "
        "token cache of this tokenizer, length and prompts"
      )
  if kind == "cache":
    return Caches(mixture, tokenizer, columns)
  return Texts(mixture, tokenizer, columns, faults)


def _groups(of: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
  """Each number that occurs, and where."""
  for number in np.unique(of).tolist():
    yield number, np.flatnonzero(of == number)
