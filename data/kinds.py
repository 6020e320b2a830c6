"""A record as bytes, and what a record of each kind must hold.

    texts            one text: query and document at once
    pairs            query, document
    triplets         query, document, one or more negatives
    scored           two texts, and how alike they are: a number
    scored_triplets  as triplets, and a list of numbers: one for each text
                     after the query
    grouped          query, document, and their group: a text or a whole number

The bytes are a JSON list with one value a column; where a data set keeps the
origins of its records, a list of that list and the origin. `decoder` gives a
function that checks all that the rest of the code relies on: types, UTF-8,
number of values, no blank text, none so long that a tokenizer would hang over
it.
"""

import functools
import math
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

# Far beyond what any model sees, and a tokenizer is done with it in a second.
MAX_TEXT_CHARS = 1_000_000
_MOST = 2**63 - 1  # of a group that is a number

Record = tuple[Any, ...]  # texts, and last what TAIL says, if it does

# What stands behind the texts.
TAIL = {"scored": "score", "scored_triplets": "scores", "grouped": "group"}
# How many texts a record has, in kinds whose records all have as many.
TEXTS = {"texts": 1, "pairs": 2, "scored": 2, "grouped": 2}
# Kinds whose records have three texts or more.
LISTS = ("triplets", "scored_triplets")


_WITH_ORIGIN = msgspec.json.Decoder(tuple[msgspec.Raw, str])


class Unfit(ValueError):
  """Bytes that are no record of the kind; says why."""


def wanted(kind: str, columns: tuple[str, ...]) -> str:
  """What a record must be, in words."""
  more = {
    "triplets": " or more",
    "scored": ", the last a finite number",
    "scored_triplets": (
      " or more, the last a list of finite numbers: one for each text but the "
      "first"
    ),
    "grouped": ", the last a text or a whole number",
  }
  return (
    f"{kind} of {', '.join(columns)}: a JSON list of {len(columns)}"
    f"{more.get(kind, '')}, each text of 1 to {MAX_TEXT_CHARS:,} characters "
    "and not blank"
  )


def texts(kind: str, record: Record) -> tuple[str, ...]:
  """The texts of a record.

  >>> texts("grouped", ("query", "document", 7))
  ('query', 'document')
  """
  return record[:-1] if kind in TAIL else record


def scores(kind: str, record: Record) -> tuple[float, ...]:
  """The scores of each text after the first; none in most kinds."""
  tail = TAIL.get(kind)
  if tail == "score":
    return (record[-1],)
  return record[-1] if tail == "scores" else ()


def encode(record: Record, origin: str | None = None) -> bytes:
  """The bytes of a record; the same values give the same bytes.

  Args:
    record: its values.
    origin: where it comes from, in a data set that keeps that.

  >>> encode(("query", "document"), "beer/q1/a4")
  b'[["query","document"],"beer/q1/a4"]'
  """
  return msgspec.json.encode(record if origin is None else (record, origin))


@functools.cache
def decoder(
  kind: str, columns: int, has_origin: bool = False
) -> Callable[[bytes], Record]:
  """A function from the bytes of a record to its values.

  Args:
    kind: one of manifest.KINDS.
    columns: values a record, at least so many for LISTS.
    has_origin: whether an origin stands behind the values; it is left out.

  Returns:
    The function; it raises Unfit, and nothing else, for other bytes.
  """
  values = _shape(kind, columns)
  shape = tuple[values, str] if has_origin else values
  parse = msgspec.json.Decoder(shape).decode

  def decode(encoded: bytes) -> Record:
    try:
      record: Any = parse(encoded)
    except (ValueError, RecursionError) as error:  # msgspec's and UTF-8's.
      raise Unfit(str(error)) from None
    if has_origin:
      record = record[0]
    found = fault(kind, record)
    if found:
      raise Unfit(found)
    if kind == "scored_triplets":
      record[-1] = tuple(record[-1])
    return tuple(record)

  return decode


def origin(encoded: bytes) -> str:
  """The origin of a record that has one.

  Raises:
    Unfit: if there is none.
  """
  try:
    return _WITH_ORIGIN.decode(encoded)[1]
  except (ValueError, RecursionError) as error:
    raise Unfit(str(error)) from None


def fault(kind: str, record: Record) -> str:
  """What is wrong with the values of a record; empty if nothing is.

  How many there are is for the caller to see.
  """
  for text in texts(kind, record):
    if not isinstance(text, str):
      return f"has {text!r:.60} in place of a text"
    if len(text) > MAX_TEXT_CHARS:
      return f"has a text of {len(text):,} characters"
    if not text or text.isspace():
      return "has an empty text"
  tail = TAIL.get(kind)
  return _FAULT[tail](record) if tail else ""


def _shape(kind: str, columns: int) -> Any:
  """The type of a record's values, as msgspec takes it."""
  several = msgspec.Meta(min_length=columns)
  last = {
    "scored": float,
    "grouped": str | Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)],
  }
  if kind == "triplets":
    return Annotated[list[str], several]
  if kind == "scored_triplets":
    return Annotated[list[str | list[float]], several]
  if kind in last:
    return tuple[*(str,) * (columns - 1), last[kind]]
  return tuple[(str,) * columns]


def _score_fault(record: Record) -> str:
  """What is wrong with the score of a record."""
  return "" if _finite(record[-1]) else f"has the score {record[-1]!r:.60}"


def _scores_fault(record: Record) -> str:
  """What is wrong with the scores of a record."""
  found, count = record[-1], len(record) - 2
  if not isinstance(found, list | tuple):
    return f"has {found!r:.60} in place of a list of scores"
  if len(found) != count:
    return f"has {len(found)} scores for {count} texts after the first"
  if not all(map(_finite, found)):
    return f"has the scores {found!r:.60}"
  return ""


def group_fault(group: Any) -> str:
  """What is wrong with the group of a record; empty if nothing is."""
  whole = isinstance(group, int) and not isinstance(group, bool)
  if whole and -_MOST <= group <= _MOST:
    return ""
  if not isinstance(group, str):
    return f"has the group {group!r:.60}"
  if len(group) > MAX_TEXT_CHARS:
    return f"has a group of {len(group):,} characters"
  return "" if group.strip() else "has an empty group"


def _finite(number: Any) -> bool:
  """Whether a value is a number that may be a score."""
  is_number = isinstance(number, int | float) and not isinstance(number, bool)
  return is_number and math.isfinite(number)


_FAULT: dict[str, Callable[[Record], str]] = {
  "score": _score_fault,
  "scores": _scores_fault,
  "group": lambda record: group_fault(record[-1]),
}
