"""Whether a text is of an evaluation, whole or in a stretch of words.

A record is contaminated if one of its texts, or a line of one, is, normalised
(data/identity.py), a text of an evaluation or a line of one, or has `ngram`
words in a row in common with one: 13, as in GPT-3 (Brown et al. 2020, arXiv
2005.14165, appendix C). Words are letters and digits of the normalised text. A
text of fewer words is found by its lines: a question is short, and stands above
its body. An evaluation's lines of fewer than `LINE_WORDS` words are none of its
own ("Thanks!"), unless they are the whole text.

    index = contamination.gather(["evals/sts@test"], ngram=13)
    index.reason(texts, [identity.hash_text(text) for text in texts])

The hashes are sorted in two files, which `prepare` writes and any number of
processes map: 8 bytes for each text and for each word of one.
"""

import json
import pathlib
import re
from collections.abc import Iterator, Sequence

import numpy as np
import xxhash

from data import atomic
from data import identity
from data.cleaning import evaluation_texts
from data.cleaning import rules as rules_lib

# Of what is a text of an evaluation; a new one drops records anew.
VERSION = 2
LINE_WORDS = 4
EXACT, NGRAMS = "texts.npy", "ngrams.npy"
CONTAMINATED, CONTAMINATED_NGRAM = "contaminated", "contaminated_ngram"

_WORD = re.compile(r"[^\W_]+")
_FACTOR = 0x9E3779B97F4A7C15  # odd: the golden ratio of 2^64
_HELD = 1 << 20  # hashes that are sorted at once


class Index:
  """The texts of evaluations as hashes.

  Args:
    exact: uint64 [N], sorted: of whole texts, and of their lines.
    ngrams: uint64 [M], sorted: of words in a row.
    ngram: how many words.
  """

  def __init__(self, exact: np.ndarray, ngrams: np.ndarray, ngram: int):
    self._exact, self._ngrams, self._ngram = exact, ngrams, ngram

  def __len__(self) -> int:
    return len(self._exact)

  def reason(self, texts: Sequence[str], hashes: Sequence[int]) -> str:
    """Why the texts may not be trained on; empty if they may.

    Args:
      texts: of a record.
      hashes: identity.hash_text of each.
    """
    each = [*hashes, *_hash_lines(texts)]
    if _any_in(np.array(each, np.uint64), self._exact):
      return CONTAMINATED
    if self._ngram and len(self._ngrams):
      for text in texts:
        if _any_in(hash_ngrams(text, self._ngram), self._ngrams):
          return CONTAMINATED_NGRAM
    return ""


def of(rules: rules_lib.Rules, folder: pathlib.Path | None = None) -> Index:
  """The index that rules ask for: that of a folder, or gathered anew."""
  if folder is None:
    return gather(rules.decontaminate, rules.ngram)
  exact = np.load(folder / EXACT, mmap_mode="r")
  return Index(exact, np.load(folder / NGRAMS, mmap_mode="r"), rules.ngram)


def prepare(
  rules: rules_lib.Rules, folder: pathlib.Path
) -> pathlib.Path | None:
  """Writes the index that rules ask for, unless it is there; it appears whole.

  Args:
    rules: which evaluations.
    folder: where to, under a name made of their files' sizes and times.

  Returns:
    Its folder, for `cleaner.make`; None if the rules name no evaluation.

  Raises:
    program.BadInput: if an evaluation cannot be read.
  """
  if not rules.decontaminate:
    return None
  what = json.dumps([VERSION, rules.ngram, stamp(rules)])
  place = folder / xxhash.xxh3_128_hexdigest(what.encode())
  if not place.exists():
    exact, ngrams = _gather(rules.decontaminate, rules.ngram)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic.folder(place) as partial:
      np.save(partial / EXACT, exact)
      np.save(partial / NGRAMS, ngrams)
  return place


def stamp(rules: rules_lib.Rules) -> list[list[str | int]]:
  """What tells whether the evaluations' files are the same, at no cost."""
  found: list[list[str | int]] = [["version", VERSION]]
  for written in rules.decontaminate:
    for path in evaluation_texts.files(*evaluation_texts.parse(written)):
      stat = path.stat()
      found.append([str(path.resolve()), stat.st_size, stat.st_mtime_ns])
  return found


def gather(written: Sequence[str], ngram: int) -> Index:
  """The index of some evaluations, in memory.

  Args:
    written: FOLDER or FOLDER@SPLIT each.
    ngram: words in a row; 0 for whole texts alone.

  Raises:
    program.BadInput: if an evaluation cannot be read.
  """
  return Index(*_gather(written, ngram), ngram)


def hash_ngrams(text: str, ngram: int) -> np.ndarray:
  """The hashes of the words in a row, uint64 [words - ngram + 1, or 0].

  >>> one = hash_ngrams("It is, of course, high.", 3)
  >>> len(one), bool(hash_ngrams("of COURSE high", 3)[0] == one[2])
  (3, True)
  """
  words = _WORD.findall(identity.normalise(text))
  count = len(words) - ngram + 1
  if count <= 0:
    return np.zeros(0, np.uint64)
  hashes = (xxhash.xxh3_64_intdigest(word.encode()) for word in words)
  each = np.fromiter(hashes, np.uint64, len(words))
  # A polynomial in an odd number: the order of the words counts.
  found = np.zeros(count, np.uint64)
  for place in range(ngram):
    found = found * np.uint64(_FACTOR) + each[place : place + count]
  return found


def _gather(
  written: Sequence[str], ngram: int
) -> tuple[np.ndarray, np.ndarray]:
  """The hashes of all texts, and of their words in a row."""
  exact, ngrams = _Sorted(), _Sorted()
  for text in evaluation_texts.read_all(written):
    each = [identity.hash_text(text), *_hash_lines([text], LINE_WORDS)]
    exact.add(np.array(each, np.uint64))
    if ngram:
      ngrams.add(hash_ngrams(text, ngram))
  return exact.done(), ngrams.done()


def _hash_lines(texts: Sequence[str], least: int = 1) -> Iterator[int]:
  """The hashes of the lines, with so many words, of texts of several."""
  for text in texts:
    lines = text.splitlines()
    if len(lines) > 1:
      for line in lines:
        if len(line.split(maxsplit=least)) >= least:
          yield identity.hash_text(line)


class _Sorted:
  """Hashes, each once, that are sorted as they come."""

  def __init__(self) -> None:
    self._done = np.zeros(0, np.uint64)
    self._held: list[np.ndarray] = []
    self._count = 0

  def add(self, hashes: np.ndarray) -> None:
    """Takes some."""
    self._held.append(hashes)
    self._count += len(hashes)
    if self._count >= max(_HELD, len(self._done)):
      self.done()

  def done(self) -> np.ndarray:
    """All of them, sorted."""
    self._done = np.unique(np.concatenate([self._done, *self._held]))
    self._held, self._count = [], 0
    return self._done


def _any_in(hashes: np.ndarray, known: np.ndarray) -> bool:
  """Whether one of some hashes is among the known, which are sorted."""
  if not len(known):
    return False
  places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
  return bool((known[places] == hashes).any())
