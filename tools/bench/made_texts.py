"""Made-up sentences and paragraphs, about as long as those of English."""

import numpy as np

_SEED = 1
_WORDS, _PARAGRAPHS = 20_000, 4_000
_LETTERS = np.array(list("etaoinshrdlucmfwygpbvk"))


class Texts:
  """Draws from the same few thousand paragraphs at every start."""

  def __init__(self) -> None:
    self._random = np.random.default_rng(_SEED)
    lengths = self._random.poisson(4.0, _WORDS) + 1
    self._words = np.array(
      ["".join(self._random.choice(_LETTERS, length)) for length in lengths]
    )
    # Zipf's law: the n-th word is 1/n as frequent as the first.
    self._upto = np.cumsum(1.0 / np.arange(1, _WORDS + 1))
    self._paragraphs = [self._sentences(3) for _ in range(_PARAGRAPHS)]

  def paragraph(self) -> str:
    """One of the paragraphs, about 300 characters."""
    return self._paragraphs[int(self._random.integers(_PARAGRAPHS))]

  def title(self, number: int) -> str:
    """A title that no other number has."""
    words = self.paragraph().split()[:8]
    return f"{' '.join(words).rstrip('.')} {number}"

  def chance(self, share: float) -> bool:
    """True in a share of all calls."""
    return bool(self._random.random() < share)

  def number(self, most: int) -> int:
    """A whole number from 0 to `most`, small ones more often."""
    return int(self._random.random() ** 3 * (most + 1))

  def _sentences(self, count: int) -> str:
    """So many sentences."""
    found = []
    for _ in range(count):
      drawn = self._random.random(6 + int(self._random.integers(18)))
      words = self._words[np.searchsorted(self._upto, drawn * self._upto[-1])]
      found.append(" ".join(words).capitalize() + ".")
    return " ".join(found)
