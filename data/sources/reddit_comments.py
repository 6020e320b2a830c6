"""Comments of Pushshift's month files (RC_YYYY-MM) as rows of a table.

A file holds one JSON object a line. The rules are those of PolyAI's
conversational-datasets project (Henderson et al. 2019, arXiv 1904.06472): a
comment may be a reply or a context if it is there and has as many characters as
the settings say; one that may not still links those below it with those above.
Ours beside them: programs do not count as people (data/sources/reddit_ids.py).
Reasons by which a comment is no reply, the first that holds:

    subreddit   is not wanted (is left out of the table)
    over_18     of a community for adults (is left out of the table)
    deleted     was taken away
    bot         was written by a program
    short_comment, long_comment  has too few or too many characters
    low_score   has less than `min_score`, or none is told
    top_level   answers the submission, which these files do not have
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import xxhash

from data.sources import cut
from data.sources import json_chunk
from data.sources import json_line
from data.sources import parsing
from data.sources import reddit_ids
from data.sources import reddit_text

# A new one parses all files anew.
VERSION = 1
# No comment of Reddit's has more, and nothing longer is looked at.
MAX_BODY_CHARS = 40_000

SCHEMA = pa.schema(
  [
    ("comment", pa.int64()),  # Keys of reddit_ids.key.
    ("parent", pa.int64()),
    ("thread", pa.int64()),
    ("order", pa.int64()),  # Among copies of one comment: a hash of the row.
    ("reply", pa.bool_()),  # It may be a pair's document,
    ("context", pa.bool_()),  # or the last comment of its query.
    ("test", pa.bool_()),  # Its thread is held out.
    (
      "text",
      pa.string(),
    ),  # At most `max_comment_chars`; null if it is no turn.
    ("origin", pa.string()),  # Of the pair, if it is a reply.
  ]
)


class Settings(msgspec.Struct, frozen=True):
  """Which comments are taken.

  Attributes:
    min_comment_chars: fewest characters of a reply and its parent.
    max_comment_chars: most characters of them; earlier turns are trimmed.
    min_score: least score of a reply; None for any.
    subreddits: those wanted, in small letters; none for all.
    not_subreddits: those not wanted, in small letters.
    over_18: whether communities for adults are taken.
    bots: names beside those known, in small letters.
    markdown: one of reddit_text.MARKDOWN.
    test_share: of all threads.
    turns: how many comments a query has; with 1, texts that are neither reply
      nor context are not kept.
  """

  min_comment_chars: int = 9
  max_comment_chars: int = 127
  min_score: int | None = None
  subreddits: frozenset[str] = frozenset()
  not_subreddits: frozenset[str] = frozenset()
  over_18: bool = False
  bots: frozenset[str] = frozenset()
  markdown: str = "strip"
  test_share: float = 0.1
  turns: int = 1


class Line(msgspec.Struct):
  """What is read of a line. Numbers are texts in some months."""

  id: str
  link_id: str
  body: str | None
  author: str | None
  subreddit: str | None
  parent_id: str | int | None = None
  score: str | int | float | None = None
  over_18: bool | str | int | None = None


class _Place(NamedTuple):
  """Where a comment stands: ids without prefixes; no parent: below none."""

  comment: str
  parent: str
  thread: str


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The comments of a chunk of lines.

  Args:
    chunk: lines of a month file.
    settings: of `Settings`, as JSON has it.
  """
  rules = msgspec.convert(settings, Settings)
  take = functools.partial(_take, rules)
  return json_chunk.read(chunk, _decoder(), take, SCHEMAS)


SCHEMAS = {"comments": SCHEMA}
FORMAT = parsing.Format(
  name="reddit_comments",
  version=VERSION,
  cut=cut.lines,
  read=read,
  schemas=SCHEMAS,
)


@functools.cache
def _decoder() -> Any:
  """The decoder of lines; a process makes it once."""
  return json_line.decoder(Line)


def _take(rules: Settings, line: Line, rows: json_chunk.Rows) -> list[str]:
  """Adds a comment's row, and gives the reason why it is no reply."""
  reason = _unwanted(line, rules)
  if not reason:
    row, reason = _row(line, rules)
    rows["comments"].append(row)
  return [reason] if reason else []


def _unwanted(line: Line, rules: Settings) -> str:
  """Why the whole community is left out."""
  name = (line.subreddit or "").lower()
  if name in rules.not_subreddits:
    return "subreddit"
  if rules.subreddits and name not in rules.subreddits:
    return "subreddit"
  if not rules.over_18 and str(line.over_18).lower() in ("true", "1"):
    return "over_18"
  return ""


def _row(line: Line, rules: Settings) -> tuple[tuple[Any, ...], str]:
  """The comment's row, and why it is no reply."""
  place = _placed(line)
  text, reason = _text(line, rules)
  context = not reason
  turn = not reason or reason in ("short_comment", "long_comment")
  if not reason and rules.min_score is not None:
    reason = "low_score" * (_score(line.score) < rules.min_score)
  if not reason and not place.parent:
    reason = "top_level"
  keep = context or (turn and rules.turns > 1)
  names = (line.subreddit or "", place.thread, place.parent, place.comment)
  origin = "" if reason else "/".join(names)
  short = reddit_text.trim(text, rules.max_comment_chars) if keep else None
  row = (
    reddit_ids.key(place.comment),
    reddit_ids.key(place.parent),
    reddit_ids.key(place.thread),
    _order(names, short),
    not reason,
    context,
    reddit_ids.is_test(place.thread, rules.test_share),
    short,
    origin,
  )
  return row, reason


def _placed(line: Line) -> _Place:
  """The ids of a comment, of what it answers and of the thread."""
  thread, parent = reddit_ids.bare(line.link_id), line.parent_id
  if isinstance(parent, int):  # So in some late months, for comments alone.
    parent = reddit_ids.base_36(parent)
  elif not parent or parent.startswith("t3_"):
    parent = ""
  else:
    parent = reddit_ids.bare(parent)
  own = reddit_ids.bare(line.id)
  return _Place(own, "" if parent == thread else parent, thread)


def _text(line: Line, rules: Settings) -> tuple[str, str]:
  """The comment's text, and why it is neither a reply nor a context."""
  body = line.body or ""
  if reddit_text.is_gone(body.strip()):
    return "", "deleted"
  if reddit_ids.is_bot(line.author or "", rules.bots):
    return "", "bot"
  text = reddit_text.clean(body[:MAX_BODY_CHARS], rules.markdown)
  if len(body) > MAX_BODY_CHARS:
    return text, "long_comment"
  if len(text) < rules.min_comment_chars:
    return text, "short_comment"
  return text, "long_comment" * (len(text) > rules.max_comment_chars)


def _score(score: str | int | float | None) -> float:
  """The score as a number; one that is not told is below all others."""
  try:
    return float(score) if score is not None else -float("inf")
  except ValueError:
    return -float("inf")


def _order(names: Sequence[str], text: str | None) -> int:
  """A hash, as int64, by which one of a comment's copies is chosen."""
  data = "\0".join([*names, text or ""]).encode()
  return xxhash.xxh3_64_intdigest(data) - 2**63
