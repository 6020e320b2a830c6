"""The rules of cleaning for one record: what is changed, and why it is dropped.

    clean = cleaner.make(rules.Rules(min_chars=10, urls="strip"), "pairs")
    record, reason = clean(("how high is K2?", "8,611 m, see https://k2.org"))

The reasons, in the order in which they are looked for:

    empty        a text is blank, or was nothing but what is stripped
    markup, urls       a text has what `drop` names (or strips without end)
    too_short, too_long          characters
    too_few_tokens, too_many_tokens
    language     a text is in another one, or in one that cannot be told
    identical    a text is its own positive, or one of its own negatives
    contaminated, contaminated_ngram    a text is of an evaluation

Each is of any text of the record, which goes as a whole. A record that passed
passes again, unchanged.
"""

import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from data import identity
from data import kinds
from data.cleaning import contamination
from data.cleaning import languages
from data.cleaning import markup
from data.cleaning import rules as rules_lib
from data.cleaning import tokens_in
from data.cleaning import urls

REASONS = (
  "empty",
  "markup",
  "urls",
  "too_short",
  "too_long",
  "too_few_tokens",
  "too_many_tokens",
  "language",
  "identical",
  "contaminated",
  "contaminated_ngram",
)

Record = kinds.Record
_Texts = tuple[str, ...]


def make(
  rules: rules_lib.Rules, kind: str, evaluation: pathlib.Path | None = None
) -> "Cleaner":
  """The cleaner of records of a kind.

  Args:
    rules: which.
    kind: one of manifest.KINDS.
    evaluation: where contamination.prepare wrote the evaluations' texts, so
      that many processes share them; they are read again where it is None.

  Raises:
    program.BadInput: if a folder, a language or a package is not there.
  """
  return Cleaner(rules, kind, evaluation)


class Judged(NamedTuple):
  """What is said of a record.

  Attributes:
    record: as the rules leave it.
    reason: why it is dropped; "" where it may stay.
    hashes: data/identity.py's of its texts, where it may stay.
  """

  record: Record
  reason: str
  hashes: Sequence[int]


class Cleaner:
  """Takes records one by one; `make` makes it."""

  def __init__(
    self,
    rules: rules_lib.Rules,
    kind: str,
    evaluation: pathlib.Path | None = None,
  ):
    rules.check()
    self._rules, self._kind = rules, kind
    self._count = tokens_in.counter(rules.tokenizer)
    self._fits_language = languages.judge(rules.languages, rules.min_confidence)
    self._contaminated: Callable[[Sequence[str], Sequence[int]], str] | None
    self._contaminated = None
    if rules.decontaminate:
      self._contaminated = contamination.of(rules, evaluation).reason

  def __call__(self, record: Record) -> tuple[Record, str]:
    """The record as the rules leave it, and the reason why it is dropped.

    Args:
      record: of the kind; its texts may be empty.

    Returns:
      The record, and "" where it may stay.
    """
    return self.judge(record)[:2]

  def judge(self, record: Record) -> "Judged":
    """As a call gives it, with the identities of the texts."""
    texts = kinds.texts(self._kind, record)
    stripped = tuple(map(self._strip, texts))
    if stripped != texts:
      record = (*stripped, *record[len(texts) :])
    reason = self._reason(stripped)
    hashes = [] if reason else [identity.hash_text(text) for text in stripped]
    return Judged(record, reason or self._same(stripped, hashes), hashes)

  def _strip(self, text: str) -> str:
    """The text without what the rules take out of it."""
    # An address may stand in a mark's way, and a mark in an address's.
    for _ in range(markup.PASSES):
      bare = text
      if self._rules.markup == "strip":
        bare = markup.remove(bare)
      if self._rules.urls == "strip":
        bare = urls.remove(bare)
      if bare == text:
        break
      text = bare
    return text

  def _reason(self, texts: _Texts) -> str:
    """Why the record is dropped for what one text is; empty if it is not."""
    lengths = [len(text.strip()) for text in texts]
    if not min(lengths):
      return "empty"
    if min(lengths) < self._rules.min_chars:
      return "too_short"
    if max(lengths) > self._rules.max_chars:
      return "too_long"
    return self._marks(texts) or self._tokens(texts) or self._language(texts)

  def _marks(self, texts: _Texts) -> str:
    """Whether there is markup, or an address."""
    rules = self._rules
    if rules.markup != "keep" and any(map(markup.has, texts)):
      return "markup"
    if rules.urls != "keep":
      most = rules.max_url_share if rules.urls == "drop" else 0.0
      return "urls" if max(map(urls.share, texts)) > most else ""
    return ""

  def _tokens(self, texts: _Texts) -> str:
    """Whether there are too few or too many tokens."""
    least, most = self._rules.min_tokens, self._rules.max_tokens
    if not least and not most:
      return ""
    counts = self._count(texts)
    if min(counts) < least:
      return "too_few_tokens"
    return "too_many_tokens" if most and max(counts) > most else ""

  def _language(self, texts: _Texts) -> str:
    """Whether a text is in another language."""
    fits = self._fits_language
    return "" if fits is None or all(map(fits, texts)) else "language"

  def _same(self, texts: _Texts, hashes: Sequence[int]) -> str:
    """Whether a text is another of the record, or of an evaluation."""
    if self._kind not in ("scored", "texts") and (
      hashes[0] in hashes[1:] or hashes[1] in hashes[2:]
    ):
      return "identical"
    return self._contaminated(texts, hashes) if self._contaminated else ""
