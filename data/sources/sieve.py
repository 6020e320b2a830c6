"""Which rows become records: what is not text, empty, too long or repeated.

A sieve counts what it leaves out, by reason:

    bad_record  cannot be read as text (with `max_bad_share` above 0)
    duplicate   the record repeats an earlier one

and those of data/cleaning/cleaner.py (empty, too_short, identical, ...), and
of whoever reads the rows (data/sources/importers).
"""

import collections
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import xxhash

from data import identity
from data import kinds
from data import program
from data import records
from data import seen
from data.cleaning import cleaner
from data.cleaning import rules as rules_lib
from data.sources import rows


_ANY = rules_lib.Rules()


@dataclasses.dataclass(frozen=True)
class Rules:
  """Which records are taken.

  Attributes:
    kind: one of manifest.KINDS.
    cleaning: the rules for each record by itself.
    duplicates: "drop" or "keep".
    max_bad_share: the most of all rows that may be such as cannot be read;
      0 stops at the first.
  """

  kind: str
  cleaning: rules_lib.Rules = _ANY
  duplicates: str = "drop"
  max_bad_share: float = 0.0

  def as_dict(self) -> dict[str, Any]:
    """The settings as JSON has them, but for the kind."""
    return {
      **self.cleaning.as_dict(),
      "duplicates": self.duplicates,
      "max_bad_share": self.max_bad_share,
    }


class Sieve:
  """Turns rows into records by the rules, and counts what it leaves out."""

  def __init__(self, rules: Rules):
    self._rules = rules
    self._clean = cleaner.make(rules.cleaning, rules.kind)
    self._seen = seen.Seen()
    self._rows = self._bad_rows = 0
    self.read = self.kept = 0
    self.dropped: collections.Counter[str] = collections.Counter()
    self.first_fault = ""

  def sift(
    self, row: rows.Row, place: Callable[[int], str]
  ) -> Iterator[records.Record]:
    """The records of one row that pass.

    Args:
      row: of a file.
      place: names a row of that file by its number, for messages.

    Raises:
      program.BadInput: if the row cannot be read and the rules say to stop.
    """
    self._rows += 1
    if row.dropped:
      self.read += 1
      self.dropped[row.dropped] += 1
      return
    try:
      if row.fault:
        raise _BadRecord(row.fault)
      found = [
        _checked(values, self._rules.kind) for values in self._expand(row)
      ]
    except _BadRecord as fault:
      self._bad(f"{row.where or place(row.number)} {fault}")
      return
    for record in found:
      self.read += 1
      record, reason = self._clean(record)
      if not reason and self._is_repeated(record):
        reason = "duplicate"
      if reason:
        self.dropped[reason] += 1
      else:
        self.kept += 1
        yield record

  def check(self) -> None:
    """Raises BadInput if more of all rows than may be could not be read."""
    most = self._rules.max_bad_share
    if self._bad_rows > most * self._rows:
      raise program.BadInput(
        f"{self._bad_rows:,} of {self._rows:,} rows cannot be read, and "
        f"--max_bad_share={most:g}; the first: {self.first_fault}; mend the "
        "file or fetch it again, or raise --max_bad_share"
      )

  def _expand(self, row: rows.Row) -> Iterator[Sequence[Any]]:
    """Each choice of one text a column; the last negatives stay together."""
    kind, values = self._rules.kind, list(row.values)
    scores = [values.pop()] if kind == "scored_triplets" else []
    lists = [
      (value or [None]) if isinstance(value, list) else [value]
      for value in values
    ]
    negatives = lists.pop() if kind in kinds.LISTS else []
    choices = list(itertools.product(*lists))
    if scores and len(choices) > 1:
      raise _BadRecord(
        f"has {len(choices)} choices of the texts before its negatives, and "
        "scores for one; wanted one text in each column"
      )
    for texts in choices:
      yield [*texts, *negatives, *scores]

  def _is_repeated(self, record: records.Record) -> bool:
    """Whether the record's texts came before."""
    if self._rules.duplicates == "keep":
      return False
    texts = kinds.texts(self._rules.kind, record)
    return not self._seen.add(_hash_all(texts))

  def _bad(self, fault: str) -> None:
    """Stops at a record that cannot be read, or counts it."""
    if not self._rules.max_bad_share:
      raise program.BadInput(
        f"{fault}; mend it or what says how to read it, or leave such rows out "
        "with --max_bad_share=0.01, or as many as may be"
      )
    if not self.first_fault:
      self.first_fault = fault
      program.note_line(f"skipped: {fault} (others are only counted)")
    self._bad_rows += 1
    self.read += 1
    self.dropped["bad_record"] += 1


class _BadRecord(ValueError):
  """A record that cannot be read; says what is wrong with it."""


def _checked(values: Sequence[Any], kind: str) -> records.Record:
  """The record of these values, a null as an empty text."""
  tail = kinds.TAIL.get(kind)
  if not tail:
    return tuple(map(_text, values))
  texts = tuple(map(_text, values[:-1]))
  if tail == "group":
    return *texts, _group(values[-1])
  return *texts, _score(values[-1]) if tail == "score" else _scores(values)


def _text(value: Any) -> str:
  """The value, which must be a text that UTF-8 can write."""
  if value is None:
    return ""
  if not isinstance(value, str):
    raise _BadRecord(f"holds {value!r:.60}, which is not text")
  try:
    value.encode()
  except UnicodeEncodeError:
    raise _BadRecord(f"is not UTF-8: {value!r:.60}") from None
  return value


def _score(value: Any) -> float:
  """The value as a number, which CSV writes as text."""
  try:
    score = math.nan if isinstance(value, bool) else float(value)
  except (TypeError, ValueError, OverflowError):
    score = math.nan
  if not math.isfinite(score):
    raise _BadRecord(f"has the score {value!r:.60}, wanted a finite number")
  return score


def _scores(values: Sequence[Any]) -> tuple[float, ...]:
  """The last value as numbers, one for each text but the first."""
  found, count = values[-1], len(values) - 2
  if not isinstance(found, list):
    raise _BadRecord(f"has the scores {found!r:.60}, wanted a list of numbers")
  if len(found) != count:
    raise _BadRecord(
      f"has {len(found)} scores, wanted one for each of the {count} texts "
      "after the first"
    )
  return tuple(map(_score, found))


def _group(value: Any) -> str | int:
  """The value as the name or the number of a group."""
  fault = kinds.group_fault(value)
  if fault:
    raise _BadRecord(f"{fault}, wanted a text or a whole number")
  return _text(value) if isinstance(value, str) else value


def _hash_all(texts: Sequence[str]) -> int:
  """One hash of a record's texts, in their order."""
  hashes = map(identity.hash_text, texts)
  words = b"".join(text.to_bytes(8, "little") for text in hashes)
  return xxhash.xxh3_64_intdigest(words)
