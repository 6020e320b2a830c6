"""Lines of JSON, each read by itself, with a schema.

    class Comment(msgspec.Struct):
      body: str

    read = json_line.decoder(Comment)
    read(b'{"body": "a text"}').body      # a text

No text comes through that UTF-8 cannot write, and nesting of any depth is an
error like others.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from data.sources import bad

Schema = TypeVar("Schema")


def decoder(schema: type[Schema]) -> Callable[[bytes], Schema]:
  """What reads a line by a schema.

  Args:
    schema: a type that msgspec can decode, such as a Struct.

  Returns:
    A function from a line to a value; it raises bad.BadRow with one of the
    reasons "not_utf8", "broken_json" and "wrong_fields".
  """
  decode = msgspec.json.Decoder(schema).decode

  def read(row: bytes) -> Schema:
    try:
      return decode(row)
    except UnicodeDecodeError as error:
      raise bad.BadRow("not_utf8", bad.excerpt(row)) from error
    except (msgspec.MsgspecError, RecursionError) as error:
      raise _fault(row, error) from error

  return read


def _fault(row: bytes, error: Exception) -> bad.BadRow:
  """What is wrong with a line that was refused."""
  try:
    row.decode("utf-8")
  except UnicodeDecodeError:
    return bad.BadRow("not_utf8", bad.excerpt(row))
  wrong = isinstance(error, msgspec.ValidationError)
  reason = "wrong_fields" if wrong else "broken_json"
  return bad.BadRow(reason, f"{error} in {bad.excerpt(row)}")
