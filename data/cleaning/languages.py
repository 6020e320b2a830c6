"""Which language a text is in, by py3langid (Lui and Baldwin 2012, langid.py).

A text is in another language if one that is not wanted is found in its first
`JUDGED_CHARS` characters and is as likely as `min_confidence`. Where nothing is
sure the text stays. Of English titles one in ten is found to be English with a
probability below 0.5, and one in 700 to be something else with one above 0.8. A
text of fewer than `LEAST_LETTERS` letters is not judged: names, numbers and
commands are in no language that could be told.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from data import optional
from data import program

JUDGED_CHARS = 1_000
LEAST_LETTERS = 20


def judge(
  wanted: Sequence[str], min_confidence: float
) -> Callable[[str], bool] | None:
  """A function that says whether a text fits; None where all do.

  Args:
    wanted: ISO 639-1 codes.
    min_confidence: the least probability of another language.

  Raises:
    program.BadInput: if a language is not known, or the package is missing.
  """
  if not wanted:
    return None
  known = set(_identifier().labels)
  unknown = sorted(set(wanted) - known)
  if unknown:
    raise program.BadInput(
      f"--languages={','.join(wanted)}: {unknown[0]!r} is not known; wanted "
      f"some of {', '.join(sorted(known))}"
    )
  languages = frozenset(wanted)

  def fits(text: str) -> bool:
    found = identify(text)
    return found is None or found[0] in languages or found[1] < min_confidence

  return fits


def identify(text: str) -> tuple[str, float] | None:
  """The language of a text and how likely it is; None if it is not judged."""
  text = text[:JUDGED_CHARS]
  if sum(map(str.isalpha, text)) < LEAST_LETTERS:
    return None
  language, confidence = _identifier().classify(text)
  return language, float(confidence)


@functools.cache
def _identifier() -> Any:
  """The identifier, loaded once in a process."""
  langid = optional.load("py3langid.langid", "requirements-data.txt")
  return langid.LanguageIdentifier.from_model_file(
    langid.MODEL_FILE, norm_probs=True
  )
