"""Writes lines of Reddit's month files, and what pairs they should give.

The pairs come of a walk over dictionaries by the rules of PolyAI's project,
which knows nothing of tables, keys and joins.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

from data.sources import reddit_comments
from data.sources import reddit_ids

FOLDER = pathlib.Path(__file__).parent / "dumps" / "reddit"
MONTHS = (FOLDER / "RC_2019-03", FOLDER / "RC_2019-04")

Line = dict[str, Any]


def line(comment: str, parent: str = "", **more: Any) -> Line:
  """A comment of a thread `t`; one without a parent answers the submission."""
  plain = {
    "id": comment,
    "link_id": "t3_t",
    "parent_id": f"t1_{parent}" if parent else "t3_t",
    "author": "ann",
    "subreddit": "Ponds",
    "score": 1,
    "body": f"the words of {comment}",
  }
  return plain | more


def encoded(lines: Sequence[Line]) -> list[bytes]:
  """The lines as a file has them."""
  return [json.dumps(values).encode() for values in lines]


def read(path: pathlib.Path) -> list[Line]:
  """The lines of a file."""
  text = path.read_text(encoding="utf-8")
  return [json.loads(found) for found in text.splitlines()]


class Expected:
  """What plain Python makes of lines that hold words alone.

  Copies of a comment must be equal, but for some that are deleted.

  Args:
    lines: of any files.
    rules: which comments are taken.
  """

  def __init__(self, lines: Sequence[Line], rules: reddit_comments.Settings):
    self._rules = rules
    self._comments: dict[tuple[str, str], Line] = {}
    for values in lines:
      place = (values["link_id"], values["id"])
      if place not in self._comments or values["body"] != "[deleted]":
        self._comments[place] = values
    self.pairs = {True: [], False: []}
    self.no_parent = self.parent_left_out = 0
    for values in self._comments.values():
      if not self.reason(values):
        self._pair(values)

  def reason(self, values: Line) -> str:
    """Why a comment is no reply."""
    reason = self._unfit(values)
    least = self._rules.min_score
    if not reason and least is not None and values["score"] < least:
      return "low_score"
    return reason or "top_level" * values["parent_id"].startswith("t3_")

  def _unfit(self, values: Line) -> str:
    """Why a comment is no context either."""
    length = len(values["body"])
    if values["body"] == "[deleted]":
      return "deleted"
    if values["author"] == "AutoModerator":
      return "bot"
    if length < self._rules.min_comment_chars:
      return "short_comment"
    return "long_comment" * (length > self._rules.max_comment_chars)

  def _parent(self, values: Line) -> Line | None:
    """The comment that is answered."""
    place = (values["link_id"], values["parent_id"].removeprefix("t1_"))
    return self._comments.get(place)

  def _pair(self, values: Line) -> None:
    """Adds the pair of a reply, or counts why there is none."""
    parent = self._parent(values)
    if parent is None:
      self.no_parent += 1
      return
    if self._unfit(parent):
      self.parent_left_out += 1
      return
    turns: list[str] = []
    above: Line | None = parent
    while above and len(turns) < self._rules.turns:
      if self._unfit(above) in ("deleted", "bot"):
        break
      text = above["body"]  # Words of one letter are cut nowhere.
      longest = self._rules.max_comment_chars
      turns.insert(0, text if len(text) <= longest else "")
      above = self._parent(above)
    thread = values["link_id"].removeprefix("t3_")
    test = reddit_ids.is_test(thread, self._rules.test_share)
    self.pairs[test].append(("\n".join(turns), values["body"]))
