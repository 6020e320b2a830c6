"""Comments and their replies: the joins, as Ibis expressions.

Tables are those of data/sources/reddit_comments.py, of any number of month
files: a reply in March finds its parent in February. A query is the comment
that is answered, or the last turns of the talk: each turn is one more join of
the table with itself. Comments are joined by their keys and those of their
threads, so that an id that a damaged file moved finds nothing.
"""

from typing import Any

from data import optional
from data.sources import copies

_REQUIREMENTS = "requirements-data.txt"

Table = Any  # An ibis.Table.

SEPARATOR = "\n"  # Between the turns of a query, the oldest first.


def candidates(comments: Table, *, turns: int, test: bool) -> Table:
  """The pairs of one part of the threads, as mining.CANDIDATES.

  Args:
    comments: of reddit_comments.SCHEMA.
    turns: how many comments a query has, where there are so many. It ends at
      one that is absent, taken away or a program's.
    test: whether of the threads held out, or of the others.
  """
  ibis = optional.load("ibis", _REQUIREMENTS)
  part = once(comments.filter(comments.test == test))
  joined = part.filter(part.reply)
  joined = joined.select("thread", "parent", "origin", document="text")
  for turn in range(turns):
    joined = _with_turn(joined, part, turn)
  query = joined.turn_0
  for turn in range(1, turns):
    text = joined[f"turn_{turn}"]
    longer = text.concat(ibis.literal(SEPARATOR), query)
    query = ibis.ifelse(text.isnull(), query, longer)
  return joined.select(
    query=query,
    document=joined.document,
    negatives=ibis.literal([], type="array<string>"),
    origin=joined.origin,
  )


def no_parent(comments: Table) -> Table:
  """The replies whose parent is in no file."""
  found = _with_parents(comments)
  return found.filter(found.context.isnull())


def parent_left_out(comments: Table) -> Table:
  """The replies whose parent may be no context."""
  found = _with_parents(comments)
  return found.filter(~found.context)


def repeated(comments: Table) -> Table:
  """The replies that are copies of others."""
  left_out = copies.others(comments, _KEYS, _best_first())
  return left_out.filter(left_out.reply)


def once(comments: Table) -> Table:
  """The comments, each once: of several copies one that may be a reply."""
  return copies.once(comments, _KEYS, _best_first())


# A comment's keys, as its replies name them.
_KEYS = ("comment", "thread")


def _best_first() -> list[Any]:
  """Which copy of a comment is taken."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return [ibis.desc("reply"), ibis.desc("context"), ibis.asc("order")]


def _with_parents(comments: Table) -> Table:
  """Each reply, and whether its parent may be a context; null: no parent."""
  single = once(comments)
  replies = single.filter(single.reply).select("parent", "thread")
  return _joined(replies, single.select(*_KEYS, "context"), "left")


def _with_turn(joined: Table, comments: Table, turn: int) -> Table:
  """Adds a column with the text of a turn, counted from the last.

  The column `parent` goes on to the comment that the turn answers.
  """
  above = comments.filter(comments.text.notnull() if turn else comments.context)
  above = above.select(
    *_KEYS, above=above.parent, **{f"turn_{turn}": above.text}
  )
  wider = _joined(joined, above, "left" if turn else "inner")
  return wider.drop("parent").rename(parent="above")


def _joined(replies: Table, comments: Table, how: str) -> Table:
  """Replies beside the comments that they answer, in the same thread."""
  above = comments.rename(comment_above="comment", thread_above="thread")
  match = [
    replies.parent == above.comment_above,
    replies.thread == above.thread_above,
  ]
  wider = replies.join(above, match, how=how)
  return wider.drop("comment_above", "thread_above")
