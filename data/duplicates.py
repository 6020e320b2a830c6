"""Near copies of a text, found by MinHash and locality-sensitive hashing.

Two texts are near copies where the Jaccard similarity of their sets of words
(of code: identifiers, keywords, numbers) is at least a threshold. MinHash LSH
proposes the pairs to look at and the sets themselves decide, so that a text is
never dropped for an unlucky hash. Nothing is drawn at random: the same texts
in the same order give the same answer on any machine.

    sketches = duplicates.sketch(texts)  # may be done in several processes
    copied_from = duplicates.find_originals(sketches)
    kept = [t for t, c in zip(texts, copied_from, strict=True) if c is None]

Copies on both sides of a split flatter a model of code: Allamanis 2019, "The
adverse effects of code duplication in machine learning models of code"
(arXiv 1812.06469), whose threshold for sets, 0.8, is the one here. The index
is datasketch's.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xxhash

THRESHOLD = 0.8
# 21 bands of 6 rows propose 99.8 % of the pairs at similarity 0.8, and 28 % of
# those at 0.5, which the sets then refuse.
BANDS, ROWS = 21, 6
_SEED = 1
_WORD = re.compile(r"\w+")


class Sketch(NamedTuple):
  """A text as this module compares it.

  Attributes:
    words: uint32 [n], the hashes of its words, sorted, each once.
    minima: uint32 [bands x rows], its MinHash.
  """

  words: np.ndarray
  minima: np.ndarray


def sketch(texts: Iterable[str]) -> list[Sketch]:
  """The sketches of texts, in their order.

  >>> one, two = sketch(["a = b + 1", "b = 1 + a"])
  >>> jaccard(one, two)
  1.0
  """
  words = [_word_hashes(text) for text in texts]
  minhashes = _datasketch().MinHash.generator(
    words,
    num_perm=BANDS * ROWS,
    seed=_SEED,
    hashfunc=int,
    permutations=_permutations(),
  )
  return [
    Sketch(hashes, minhash.hashvalues.astype(np.uint32))
    for hashes, minhash in zip(words, minhashes, strict=True)
  ]


def jaccard(one: Sketch, two: Sketch) -> float:
  """The words in both as a share of the words in either.

  >>> jaccard(*sketch(["x y z", "y z w"]))
  0.5
  """
  common = np.intersect1d(one.words, two.words, assume_unique=True).size
  either = one.words.size + two.words.size - common
  return common / either if either else 1.0


def find_originals(
  sketches: Sequence[Sketch], threshold: float = THRESHOLD
) -> list[int | None]:
  """For each text, the kept one before it that it is a near copy of.

  A text is kept unless it is a near copy of a text kept before it; so every
  text dropped has its original among the kept, and the caller's order says
  which of several copies stays.

  Args:
    sketches: N sketches, in the order of preference.
    threshold: the least Jaccard similarity of near copies.

  Returns:
    N values: None for a text that is kept, else the index of its original.
  """
  datasketch = _datasketch()
  index = datasketch.MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
  originals: list[int | None] = []
  for position, candidate in enumerate(sketches):
    minhash = datasketch.LeanMinHash(seed=_SEED, hashvalues=candidate.minima)
    original = _first_near(index.query(minhash), candidate, sketches, threshold)
    if original is None:
      index.insert(position, minhash, check_duplication=False)
    originals.append(original)
  return originals


@functools.cache
def _permutations() -> Any:
  """The hash functions of a MinHash; drawing them takes as long as a file."""
  made = _datasketch().MinHash(num_perm=BANDS * ROWS, seed=_SEED)
  return made.permutations


def _datasketch() -> Any:
  """The package."""
  import datasketch  # Here, for it loads scipy, and few processes need it.

  return datasketch


def _first_near(
  proposed: Iterable[Any],
  candidate: Sketch,
  sketches: Sequence[Sketch],
  threshold: float,
) -> int | None:
  """The first of the proposed texts that is near enough, by the sets."""
  for position in sorted(proposed):
    other = sketches[position]
    smaller, larger = sorted((candidate.words.size, other.words.size))
    # Sets of such sizes cannot be that similar: no need to compare them.
    if smaller < threshold * larger:
      continue
    if jaccard(candidate, other) >= threshold:
      return position
  return None


def _word_hashes(text: str) -> np.ndarray:
  """The hashes of the text's words: uint32, sorted, each once."""
  words = set(_WORD.findall(text))
  hashes = [xxhash.xxh32_intdigest(word.encode()) for word in words]
  return np.unique(np.array(hashes, np.uint32))
