"""Tests of data/sources/reddit_comments.py."""

from typing import Any

import msgspec
import pytest

from data.sources import cut
from data.sources import parsing
from data.sources import reddit_comments
from data.sources import reddit_ids
from tests.data.sources import reddit_lines

Settings = reddit_comments.Settings


def found(*rows: bytes, **rules: Any) -> parsing.Found:
  """What some lines give."""
  settings = msgspec.to_builtins(Settings(**rules))
  return reddit_comments.read(cut.Chunk(7, list(rows)), settings)


def comment(parsed: parsing.Found) -> dict[str, Any]:
  """The only row of the table."""
  [row] = parsed.tables["comments"].to_pylist()
  return row


@pytest.mark.parametrize(
  ("more", "rules", "reason"),
  [
    ({"body": "[removed]"}, {}, "deleted"),
    ({"body": None}, {}, "short_comment"),
    ({"author": "AutoModerator"}, {}, "bot"),
    ({"author": "Ponds_Helper"}, {"bots": {"ponds_helper"}}, "bot"),
    ({"body": "8 chars."}, {}, "short_comment"),
    ({"body": "x" * 128}, {}, "long_comment"),
    ({"body": "[x](y)" * 10_000}, {}, "long_comment"),
    ({"score": "3"}, {"min_score": 4}, "low_score"),
    ({"score": None}, {"min_score": -9}, "low_score"),
    ({"parent_id": "t3_t"}, {}, "top_level"),
    ({"parent_id": "t"}, {}, "top_level"),
    ({"parent_id": None}, {}, "top_level"),
    ({"parent_id": "t3_elsewhere"}, {}, "top_level"),
  ],
)
def test_no_reply_but_still_a_link(
  more: dict[str, Any], rules: dict[str, Any], reason: str
):
  [line] = reddit_lines.encoded([reddit_lines.line("b", "a", **more)])
  parsed = found(line, **rules)
  row = comment(parsed)
  assert parsed.dropped == {reason: 1}
  assert (row["comment"], row["reply"]) == (11, False)
  # One that is a reply to none, or has few votes, may still be answered.
  assert row["context"] == (reason in ("low_score", "top_level"))
  assert (row["text"] is None) == (not row["context"])


@pytest.mark.parametrize(
  ("more", "rules", "reason"),
  [
    ({}, {"subreddits": {"gardens"}}, "subreddit"),
    ({}, {"not_subreddits": {"ponds"}}, "subreddit"),
    ({"over_18": True}, {}, "over_18"),
    ({"over_18": "true"}, {}, "over_18"),
  ],
)
def test_whole_communities_are_left_out(
  more: dict[str, Any], rules: dict[str, Any], reason: str
):
  [line] = reddit_lines.encoded([reddit_lines.line("b", "a", **more)])
  parsed = found(line, **rules)
  assert (parsed.dropped, parsed.tables["comments"].num_rows) == (
    {reason: 1},
    0,
  )


@pytest.mark.parametrize("chars", [9, 127])
def test_lengths_are_those_of_the_words(chars: int):
  body = f"**{'x' * chars}** "
  [line] = reddit_lines.encoded([reddit_lines.line("b", "a", body=body)])
  assert comment(found(line))["text"] == "x" * chars
  assert found(line, markdown="keep").dropped.keys() <= {"long_comment"}


def test_numbers_may_be_texts():
  plain = reddit_lines.line("b", "zz", score=5, over_18=False)
  texts = plain | {"score": "5", "over_18": "false"}
  number = plain | {"parent_id": int("zz", 36), "score": 5.0}
  first, *others = [
    comment(found(line, min_score=5))
    for line in reddit_lines.encoded([plain, texts, number])
  ]
  assert others == [first, first]
  assert first["parent"] == reddit_ids.key("zz") and first["reply"]
  assert first["origin"] == "Ponds/t/zz/b"


def test_earlier_turns_are_trimmed_and_kept_only_where_there_are_any():
  body = "word " * 40
  [line] = reddit_lines.encoded([reddit_lines.line("b", "a", body=body)])
  assert comment(found(line))["text"] is None
  row = comment(found(line, turns=2))
  assert row["text"].rstrip() == " ".join(["word"] * 25)
  assert not row["context"]
  deleted = reddit_lines.line("b", "a", body="[deleted]")
  assert (
    comment(found(*reddit_lines.encoded([deleted]), turns=2))["text"] is None
  )


def test_bad_lines_are_counted_and_the_first_is_named():
  good = reddit_lines.line("b", "a")
  without_id = {key: good[key] for key in good if key != "id"}
  parsed = found(
    *reddit_lines.encoded([good, without_id]),
    b'{"id": "c", "bo',
    b'{"id": "\xff"}',
  )
  assert parsed.bad == {
    "wrong_fields": 1,
    "broken_json": 1,
    "not_utf8": 1,
  }
  assert parsed.first_bad.startswith("row 8: wrong_fields")
  assert (parsed.read, parsed.tables["comments"].num_rows) == (4, 1)
