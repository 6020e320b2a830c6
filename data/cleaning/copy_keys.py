"""The numbers by which copies of records are found: 64-bit hashes, signed.

Engines of tables compare numbers alike, and texts not; their whole numbers have
a sign.
"""

from collections.abc import Sequence
import struct

import xxhash

from data import identity
from data import kinds

_DATA_SET_BITS = 10
MOST_DATA_SETS = 1 << (_DATA_SET_BITS - 1)
_word = struct.Struct("<Q").pack


def of(kind: str, record: kinds.Record) -> int:
  """The key of a record: that of its normalised texts, in their order.

  Scores and groups do not count.

  >>> of("pairs", ("A  b", "c")) == of("pairs", ("a b", "C"))
  True
  """
  return of_hashes(list(map(identity.hash_text, kinds.texts(kind, record))))


def of_hashes(hashes: Sequence[int]) -> int:
  """The key of a record whose texts have these identities."""
  return signed(xxhash.xxh3_64_intdigest(b"".join(map(_word, hashes))))


def of_bytes(*parts: bytes) -> int:
  """The key of some bytes just as they are."""
  sized = [piece for part in parts for piece in (_word(len(part)), part)]
  return signed(xxhash.xxh3_64_intdigest(b"".join(sized)))


def rank(data_set: int, content: int) -> int:
  """Where a record stands among its copies: the first of them stays.

  Args:
    data_set: its place in the order of data sets.
    content: a hash of the record as it is, by which one of several copies in a
      data set comes first.

  >>> rank(0, -1) < rank(1, 0)
  True
  """
  assert 0 <= data_set < MOST_DATA_SETS, data_set
  low = (content & (2**64 - 1)) >> _DATA_SET_BITS
  return (data_set << (64 - _DATA_SET_BITS)) | low


def signed(number: int) -> int:
  """The 64 bits of a number as one with a sign."""
  return number - 2**64 if number >= 2**63 else number
