"""When two texts are the same text: a 64-bit hash of the normalised form.

The hash travels with the batch, so that a text that stands elsewhere in the
global batch is known and is not taken for a negative of its own pair. Groups
have such hashes too: pairs of one group are positives of each other.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
import xxhash

from data import permutation

# Small letters, and a space for each character that `str.split` splits at.
_ASCII = bytes(
  ord(" " if chr(code).isspace() else chr(code).lower()) for code in range(128)
).ljust(256)


def normalise(text: str) -> str:
  """The form in which texts are compared: NFKC, case folded, spaces single.

  >>> normalise("  Straße\\n  Nr. 5 ")
  'strasse nr. 5'
  """
  folded = unicodedata.normalize("NFKC", text).casefold()
  # Folding may leave a form that is not normal; the second pass mends that.
  return " ".join(unicodedata.normalize("NFKC", folded).split())


def hash_text(text: str) -> int:
  """The text's identity: xxh3-64 of its normalised form.

  >>> hash_text("Two  words") == hash_text("two words")
  True
  """
  if not text.isascii():
    return xxhash.xxh3_64_intdigest(normalise(text).encode())
  # In ASCII a table does the same, and few texts have words to be split.
  plain = text.encode().translate(_ASCII).strip()
  if b"  " in plain:
    plain = b" ".join(plain.split())
  return xxhash.xxh3_64_intdigest(plain)


def hash_texts(texts: Sequence[str]) -> np.ndarray:
  """The identities of N texts, uint64 [N]."""
  return np.fromiter(map(hash_text, texts), np.uint64, len(texts))


def hash_groups(groups: Sequence[str | int]) -> np.ndarray:
  """The hashes of groups: uint64 [N]; a number is as its digits are."""
  hashes = (xxhash.xxh3_64_intdigest(str(group).encode()) for group in groups)
  return np.fromiter(hashes, np.uint64, len(groups))


def groups_of(hashes: np.ndarray, data_set: int) -> np.ndarray:
  """The groups of a data set as a mixture knows them, none of which is 0.

  Args:
    hashes: uint64 [N], of `hash_groups`.
    data_set: its place in the mixture; groups of two data sets are two groups.

  Returns:
    uint64 [N].
  """
  mixed = permutation.mix_arrays(hashes, data_set)
  return np.where(mixed == 0, np.uint64(1), mixed)


def words(hashes: np.ndarray) -> np.ndarray:
  """Identities as two 32-bit words each (JAX has no uint64).

  Args:
    hashes: uint64 [...].

  Returns:
    uint32 [..., 2], the high word first.
  """
  low = hashes & np.uint64(0xFFFFFFFF)
  return np.stack([hashes >> np.uint64(32), low], -1).astype(np.uint32)
