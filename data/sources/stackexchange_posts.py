"""The posts of a Stack Exchange site: Posts.xml as rows of a table.

Questions and answers are kept, with their HTML as plain text. Reasons by which
a row is left out:

    tag_wiki    describes a tag
    other_post  is neither question nor answer: a nomination, a help page ...
    deleted     was taken away (in files that still list such posts)
    no_title    is a question without a title
    no_text     is an answer without words, such as one image
    too_long    has more HTML than MAX_BODY_CHARS; it is not looked at

The columns are described at meta.stackexchange.com/questions/2677.
"""

import collections
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash

from data import identity
from data.sources import bad
from data.sources import cut
from data.sources import html_text
from data.sources import parsing
from data.sources import xml_row

# A new one parses all files anew.
VERSION = 1
# The editor takes 30,000 characters of Markdown; nothing of theirs is longer.
MAX_BODY_CHARS = 1_000_000
QUESTION, ANSWER = 1, 2
_TAG_WIKIS = ("3", "4", "5")

SCHEMA = pa.schema(
  [
    ("site", pa.int64()),  # Of `site_key`.
    ("site_name", pa.string()),
    ("id", pa.int64()),
    ("type", pa.int64()),
    ("parent", pa.int64()),  # The question of an answer, else 0.
    ("accepted", pa.int64()),  # The answer that the asker took, else 0.
    ("score", pa.int64()),
    ("title", pa.string()),
    ("text", pa.string()),
    ("has_text", pa.bool_()),
    ("order", pa.int64()),  # Among copies of one post: a hash of its values.
  ]
)
# Until 2013 a closed question began with the title of the other one, which is
# what duplicates are to be found by.
_BANNER = re.compile(
  r"\s*<blockquote>\s*<p><strong>Possible Duplicates?:?</strong>.*?"
  r"</blockquote>",
  re.DOTALL,
)


class _Post(NamedTuple):
  """A row of the table but for its site."""

  id: int
  type: int
  parent: int
  accepted: int
  score: int
  title: str
  text: str
  has_text: bool


def site_key(site: str) -> int:
  """The number of a site in tables: a hash of its name, int64."""
  return identity.hash_text(site) - 2**63


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The questions and answers of a chunk of rows.

  Args:
    chunk: rows of Posts.xml.
    settings: "site", its name, and "code", one of html_text.CODE.
  """
  posts: list[_Post] = []
  dropped: collections.Counter[str] = collections.Counter()

  def take(row: Mapping[str, str]) -> None:
    reason = _unwanted(row)
    if not reason:
      post = _post(row, settings["code"])
      reason = "no_text" if _is_empty_answer(post) else ""
      if not reason:
        posts.append(post)
    if reason:
      dropped[reason] += 1

  broken, first = each(chunk, take)
  return parsing.Found(
    {"posts": _table(posts, settings["site"])},
    len(chunk.rows),
    dropped,
    broken,
    first,
  )


def each(
  chunk: cut.Chunk, take: Callable[[Mapping[str, str]], None]
) -> tuple[collections.Counter[str], str]:
  """Hands the attributes of each row to a function.

  Args:
    chunk: rows of a file.
    take: called with them; may raise KeyError or ValueError.

  Returns:
    The rows that could not be read, by reason, and the first in words.
  """
  broken: collections.Counter[str] = collections.Counter()
  first = ""
  for number, row in enumerate(chunk.rows, chunk.first):
    try:
      take(xml_row.attributes(row))
      continue
    except bad.BadRow as error:
      fault = error
    except (KeyError, ValueError) as error:
      fault = bad.BadRow("wrong_fields", f"{error!r} in {bad.excerpt(row)}")
    broken[fault.reason] += 1
    first = first or f"row {number:,}: {fault}"
  return broken, first


FORMAT = parsing.Format(
  name="stackexchange_posts",
  version=VERSION,
  cut=functools.partial(cut.elements, start=b"<row ", end=b"/>"),
  read=read,
  schemas={"posts": SCHEMA},
)


def _unwanted(row: Mapping[str, str]) -> str:
  """Why a row is left out before it is read; empty if it is not."""
  kind = row["PostTypeId"]
  if kind in _TAG_WIKIS:
    return "tag_wiki"
  if kind not in ("1", "2"):
    return "other_post"
  if row.get("DeletionDate"):
    return "deleted"
  if len(row.get("Body", "")) > MAX_BODY_CHARS:
    return "too_long"
  if kind == "1" and not row.get("Title", "").strip():
    return "no_title"
  return ""


def _post(row: Mapping[str, str], code: html_text.Code) -> _Post:
  """A question or an answer."""
  kind = int(row["PostTypeId"])
  body = row.get("Body", "")
  text = html_text.to_text(body[_after_banner(body) :], code)
  return _Post(
    id=whole(row["Id"]),
    type=kind,
    parent=whole(row["ParentId"]) if kind == ANSWER else 0,
    accepted=whole(row.get("AcceptedAnswerId") or "0"),
    score=whole(row.get("Score") or "0"),
    title=" ".join(row.get("Title", "").split()),
    text=text,
    has_text=bool(text),
  )


def _is_empty_answer(post: _Post) -> bool:
  """Whether an answer says nothing."""
  return post.type == ANSWER and not post.has_text


def _after_banner(body: str) -> int:
  """Where a body's own words begin."""
  found = _BANNER.match(body)
  return found.end() if found else 0


def whole(text: str) -> int:
  """A whole number that a table can hold.

  Raises:
    ValueError: if it is none.
  """
  number = int(text)
  if not -(2**63) <= number < 2**63:
    raise ValueError(f"{text[:30]} is no 64-bit number")
  return number


def _order(post: _Post) -> int:
  """A number that only a post of the same values has, int64."""
  return xxhash.xxh3_64_intdigest(repr(tuple(post)).encode()) - 2**63


def _table(posts: Sequence[_Post], site: str) -> pa.Table:
  """The table of some posts."""
  columns = list(zip(*posts, strict=True)) or [()] * len(_Post._fields)
  by_name: dict[str, Any] = dict(zip(_Post._fields, columns, strict=True))
  by_name["order"] = [_order(post) for post in posts]
  by_name["site"] = [site_key(site)] * len(columns[0])
  by_name["site_name"] = [site] * len(columns[0])
  return pa.table({name: by_name[name] for name in SCHEMA.names}, SCHEMA)
