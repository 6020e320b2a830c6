"""Which rows become records: what is not text, empty, too long or repeated.

A sieve counts what it leaves out, by reason:

    bad_record  cannot be read as text (only with `on_bad_record="skip"`)
    empty       a text is empty, blank or null
    too_short, too_long  a text is outside `min_chars` and `max_chars`
    identical   a text is its own positive, or one of its own negatives (not
                of scored pairs)
    duplicate   the record repeats an earlier one
"""

import collections
import dataclasses
import itertools
import math
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import xxhash

from data import identity
from data import kinds
from data import program
from data import records
from data import seen
from data.sources import rows


@dataclasses.dataclass(frozen=True)
class Rules:
  """Which records are taken.

  Attributes:
    kind: one of manifest.KINDS.
    min_chars: fewest characters of a text, spaces around it not counted.
    max_chars: most characters of a text.
    duplicates: "drop" or "keep".
    on_bad_record: "stop" or "skip" at what cannot be read.
  """

  kind: str
  min_chars: int = 1
  max_chars: int = 100_000
  duplicates: str = "drop"
  on_bad_record: str = "stop"


class Sieve:
  """Turns rows into records by the rules, and counts what it leaves out."""

  def __init__(self, rules: Rules):
    self._rules = rules
    self._seen = seen.Seen()
    self.read = self.kept = 0
    self.dropped: collections.Counter[str] = collections.Counter()
    self.first_fault = ""

  def sift(self, path: pathlib.Path, row: rows.Row) -> Iterator[records.Record]:
    """The records of one row that pass.

    Raises:
      program.BadInput: if the row cannot be read and the rules say to stop.
    """
    try:
      if row.fault:
        raise _BadRecord(row.fault)
      found = [
        _checked(values, self._rules.kind) for values in self._expand(row)
      ]
    except _BadRecord as fault:
      self._bad(f"{rows.place(path, row.number)} {fault}")
      return
    for record in found:
      self.read += 1
      reason = self._reason(record)
      if reason:
        self.dropped[reason] += 1
      else:
        self.kept += 1
        yield record

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

  def _reason(self, record: records.Record) -> str:
    """Why the record is left out; empty if it is not."""
    rules = self._rules
    texts = kinds.texts(rules.kind, record)
    lengths = [len(text.strip()) for text in texts]
    if not min(lengths):
      return "empty"
    if min(lengths) < rules.min_chars:
      return "too_short"
    if max(lengths) > rules.max_chars:
      return "too_long"
    hashes = [identity.hash_text(text) for text in texts]
    if rules.kind not in ("scored", "texts") and (
      hashes[0] in hashes[1:] or hashes[1] in hashes[2:]
    ):
      return "identical"
    if rules.duplicates == "drop" and not self._seen.add(_hash_all(hashes)):
      return "duplicate"
    return ""

  def _bad(self, fault: str) -> None:
    """Stops at a record that cannot be read, or counts it."""
    if self._rules.on_bad_record == "stop":
      raise program.BadInput(
        f"{fault}; mend it or --columns, or leave such records out with "
        "--on_bad_record=skip"
      )
    if not self.first_fault:
      self.first_fault = fault
      program.note_line(f"skipped: {fault} (others are only counted)")
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


def _hash_all(hashes: Sequence[int]) -> int:
  """One hash of a record's texts, in their order."""
  words = b"".join(text.to_bytes(8, "little") for text in hashes)
  return xxhash.xxh3_64_intdigest(words)
