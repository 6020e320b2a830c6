"""When two texts are the same text: a 64-bit hash of the normalised form.

The hash travels with the batch, so that a text that stands elsewhere in the
global batch is known and is not taken for a negative of its own pair.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
import xxhash


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
  return xxhash.xxh3_64_intdigest(normalise(text).encode())


def hash_texts(texts: Sequence[str]) -> np.ndarray:
  """The identities of texts as two 32-bit words each (JAX has no uint64).

  Args:
    texts: N texts.

  Returns:
    uint32 [N, 2], the high word first.
  """
  hashes = np.array([hash_text(text) for text in texts], np.uint64)
  words = np.stack([hashes >> np.uint64(32), hashes & np.uint64(0xFFFFFFFF)], 1)
  return words.astype(np.uint32)
