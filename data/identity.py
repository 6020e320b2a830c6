"""When two texts are the same text: a 64-bit hash of the normalised form.

The hash travels with the batch, so that a text that stands elsewhere in the
global batch is known and is not taken for a negative of its own pair.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
import xxhash

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


def words(hashes: np.ndarray) -> np.ndarray:
  """Identities as two 32-bit words each (JAX has no uint64).

  Args:
    hashes: uint64 [...].

  Returns:
    uint32 [..., 2], the high word first.
  """
  low = hashes & np.uint64(0xFFFFFFFF)
  return np.stack([hashes >> np.uint64(32), low], -1).astype(np.uint32)
