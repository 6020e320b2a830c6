"""The tokens of a batch's records: from their texts, or from token caches.

Both say the same of the same records. A cache knows the lengths of all texts
without reading their ids, so a host reads those of its own rows alone.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from data import batch as batch_lib
from data import choose
from data import faults as faults_lib
from data import identity
from data import kinds
from data import mixture as mixture_lib
from data import program
from data import ragged
from data import schedule
from data import targets as targets_lib
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
    vectors: a teacher's, of each data set; see data/targets.py.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    tokenizer: tokens.Tokenizer,
    columns: int,
    faults: faults_lib.Faults | None = None,
    vectors: targets_lib.OfDataSets | None = None,
  ):
    self._mixture, self._tokenizer = mixture, tokenizer
    self._columns, self._faults = columns, faults
    self._vectors = _checked(mixture, vectors)
    self._prompts = [options.prompts for options in mixture.options]

  def read(
    self, draw: schedule.Draw, chooser: choose.Chooser
  ) -> batch_lib.Tokens:
    """See `Source`."""
    texts: list[tuple[str, ...]] = [()] * len(draw.record)
    scores: list[tuple[float, ...]] = [()] * len(texts)
    group = np.zeros(len(texts), np.uint64)
    for index, places in _of_each(draw.data_set):
      data_set = self._mixture.data_sets[index]
      kind = data_set.manifest.kind
      found = data_set.read(draw.record[places], self._faults)
      for place, record in zip(places.tolist(), found, strict=True):
        texts[place] = kinds.texts(kind, record)
        scores[place] = kinds.scores(kind, record)
      if kinds.TAIL.get(kind) == "group":
        hashes = identity.hash_groups([record[-1] for record in found])
        group[places] = identity.groups_of(hashes, index)
    counts = np.fromiter(map(len, texts), np.int64, len(texts))
    columns = chooser.columns(draw, counts)
    taken = [
      [record[column] for column in row if column >= 0]
      for record, row in zip(texts, columns.tolist(), strict=True)
    ]
    return tokenised.tokenise(
      taken,
      self._prompted(taken, draw),
      _scores(scores, columns[:, 1:]),
      self._tokenizer,
      columns >= 0,
      group=group,
      targets=_targets(self._vectors, draw, columns),
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
    columns: 2 + M, texts a pair.
    vectors: a teacher's, of each data set; see data/targets.py.

  Raises:
    program.BadInput: for a data set without a cache of this tokenizer.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    tokenizer: tokens.Tokenizer,
    columns: int,
    vectors: targets_lib.OfDataSets | None = None,
  ):
    self._columns = columns
    self._vectors = _checked(mixture, vectors)
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
    group = np.zeros(size, np.uint64)
    for index, places in _of_each(draw.data_set):
      counts[places] = self.cache(2 * index).counts(draw.record[places])
    columns = chooser.columns(draw, counts)
    for index, places in _of_each(draw.data_set):
      cache, record = self.cache(2 * index), draw.record[places]
      score[places] = cache.scores(record, columns[places, 1:])
      hashes = cache.groups(record)
      if hashes is not None:
        group[places] = identity.groups_of(hashes, index)
    of_cache = 2 * draw.data_set + chooser.swapped(draw)
    start, length = np.zeros((2, size, self._columns), np.int64)
    looked = token_cache.Texts(start, length, length.astype(np.uint64))
    for which, places in _of_each(of_cache):
      found = self.cache(which).look(draw.record[places], columns[places])
      for whole, part in zip(looked, found, strict=True):
        whole[places] = part
    targets = _targets(self._vectors, draw, columns)
    return _Cached(self, of_cache, looked, score, group, targets)

  def cache(self, which: int) -> token_cache.TokenCache:
    """The cache of a data set, as it is (even) or swapped (odd)."""
    return self._caches[which // 2][which % 2]


class _Cached:
  """A batch's tokens, whose ids are read when they are asked for.

  Args:
    source: knows the caches.
    of_cache: [B], which of them each pair is in.
    texts: [B, 2 + M], where each text is there.
    score, group: see `batch.Tokens`.
    targets: the teacher's vectors.
  """

  def __init__(
    self,
    source: Caches,
    of_cache: np.ndarray,
    texts: token_cache.Texts,
    score: np.ndarray,
    group: np.ndarray,
    targets: targets_lib.Targets,
  ):
    self._source, self._of_cache, self._start = source, of_cache, texts.start
    self.lengths, self.identity = texts.length, texts.identity
    self.score, self.group, self._targets = score, group, targets

  def ids(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The ids of these texts, end to end in the order asked."""
    lengths, start = self.lengths[pair, column], self._start[pair, column]
    first = ragged.starts(lengths)
    found = np.empty(lengths.sum(), np.int32)
    for which, asked in _of_each(self._of_cache[pair]):
      length = lengths[asked]
      at = np.repeat(first[asked], length) + ragged.ramps(length)
      found[at] = self._source.cache(which).ids(start[asked], length)
    return found

  def vectors(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The teacher's vectors of these texts, float32 [N, V]."""
    return self._targets.read(pair, column)


def open_source(
  kind: str,
  mixture: mixture_lib.Mixture,
  tokenizer: tokens.Tokenizer,
  columns: int,
  faults: faults_lib.Faults | None = None,
  vectors: targets_lib.OfDataSets | None = None,
) -> Source:
  """What gives the tokens of a run.

  Args:
    kind: "text", "cache", or "auto": caches if every data set has its own.
    mixture: open data sets.
    tokenizer: of the run.
    columns: 2 + M, texts a pair.
    faults: what to do about records that cannot be read.
    vectors: a teacher's, of each data set; see data/targets.py.

  Raises:
    program.BadInput: for another kind, a cache that is not there, or vectors
      that do not fit.
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
    return Caches(mixture, tokenizer, columns, vectors)
  return Texts(mixture, tokenizer, columns, faults, vectors)


def _checked(
  mixture: mixture_lib.Mixture, vectors: targets_lib.OfDataSets | None
) -> targets_lib.OfDataSets:
  """The vectors of each data set, if they fit."""
  found = vectors or [None] * len(mixture.data_sets)
  targets_lib.check(mixture, found)
  return found


def _targets(
  vectors: targets_lib.OfDataSets, draw: schedule.Draw, columns: np.ndarray
) -> targets_lib.Targets:
  """The teacher's vectors of a batch."""
  return targets_lib.Targets(vectors, draw.data_set, draw.record, columns)


def _scores(
  scores: Sequence[tuple[float, ...]], columns: np.ndarray
) -> np.ndarray:
  """The score of each text but the query; see `TokenCache.scores`.

  Args:
    scores: of each record, those of its texts after the first.
    columns: [B, 1 + M], which text of the record each is; -1 for none.

  Returns:
    float32 [B, 1 + M], 0 where there is none.
  """
  found = np.zeros(columns.shape, np.float32)
  for place, own in enumerate(scores):
    if own:
      taken = columns[place]
      values = np.array(own, np.float32)[np.maximum(taken, 1) - 1]
      found[place] = np.where(taken >= 0, values, 0)
  return found


def _of_each(of: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
  """Each number that occurs, and where."""
  for number in np.unique(of).tolist():
    yield number, np.flatnonzero(of == number)
