"""Texts that say the same, as pairs of two of them.

The texts are laid in a ring in the order of a hash, and each is paired with the
next, then with the one after that, and so on: few pairs use all texts alike,
and enough of them are all pairs. The order of the texts given makes no
difference.
"""

import itertools
from collections.abc import Iterable, Iterator

import xxhash

from data import identity


def pairs(texts: Iterable[str], most: int) -> list[tuple[str, str]]:
  """Pairs of different texts of a set.

  Args:
    texts: those that come again are one.
    most: so many pairs; 0 for all.

  >>> pairs(["one", "two", "three", "two"], 2)
  [('two', 'one'), ('one', 'three')]
  >>> len(pairs(map(str, range(5)), 0)), pairs(["one"], 0)
  (10, [])
  """
  ring = sorted(set(texts), key=_rank)
  return list(itertools.islice(_all_pairs(ring), most or None))


def group_of(texts: Iterable[str]) -> str:
  """A name for a set, by its texts."""
  return f"{min(map(identity.hash_text, texts)):016x}"


def _all_pairs(ring: list[str]) -> Iterator[tuple[str, str]]:
  """Each two of a ring once, neighbours first."""
  count = len(ring)
  for step in range(1, count // 2 + 1):
    # Half round the ring, each pair would come twice.
    last = count // 2 if 2 * step == count else count
    for place in range(last):
      yield ring[place], ring[(place + step) % count]


def _rank(text: str) -> tuple[int, str]:
  """A text's place in the ring."""
  return xxhash.xxh3_64_intdigest(text.encode()), text
