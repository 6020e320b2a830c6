"""A record as bytes, and what a record of each kind must hold.

The bytes are a JSON list with one value a column. `decoder` gives a function
that checks all that the rest of the code relies on: types, UTF-8, number of
values, no blank text, none so long that a tokenizer would hang over it.
"""

import functools
import math
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

# Far beyond what any model sees, and a tokenizer is done with it in a second.
MAX_TEXT_CHARS = 1_000_000

Record = tuple[Any, ...]  # texts, and the score last where kind is "scored".


class Unfit(ValueError):
  """Bytes that are no record of the kind; says why."""


def wanted(kind: str, columns: tuple[str, ...]) -> str:
  """What a record must be, in words."""
  more = {"triplets": " or more", "scored": ", the last a finite number"}
  return (
    f"{kind} of {', '.join(columns)}: a JSON list of {len(columns)}"
    f"{more.get(kind, '')}, each text of 1 to {MAX_TEXT_CHARS:,} characters "
    "and not blank"
  )


def encode(record: Record) -> bytes:
  """The bytes of a record; the same values give the same bytes."""
  return msgspec.json.encode(record)


@functools.cache
def decoder(kind: str, columns: int) -> Callable[[bytes], Record]:
  """A function from the bytes of a record to its values.

  Args:
    kind: one of manifest.KINDS.
    columns: values a record, at least so many for triplets.

  Returns:
    The function; it raises Unfit, and nothing else, for other bytes.
  """
  shape: Any = tuple[(str,) * columns]
  if kind == "triplets":
    shape = Annotated[list[str], msgspec.Meta(min_length=columns)]
  if kind == "scored":
    shape = tuple[*(str,) * (columns - 1), float]
  parse, scored = msgspec.json.Decoder(shape).decode, kind == "scored"

  def decode(encoded: bytes) -> Record:
    try:
      record = parse(encoded)
    except (ValueError, RecursionError) as error:  # msgspec's and UTF-8's.
      raise Unfit(str(error)) from None
    for text in record[:-1] if scored else record:
      if len(text) > MAX_TEXT_CHARS:
        raise Unfit(f"has a text of {len(text):,} characters")
      if not text or text.isspace():
        raise Unfit("has an empty text")
    if scored and not math.isfinite(record[-1]):
      raise Unfit(f"has the score {record[-1]}")
    return tuple(record)

  return decode
