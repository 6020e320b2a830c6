"""Tests of data/sources/stackexchange_posts.py."""

from typing import Any

import pytest

from data.sources import cut
from data.sources import html_text
from data.sources import parsing
from data.sources import stackexchange_posts
from tests.data.sources import stackexchange_dump as dump

SITE = {"site": "repair.example.com", "code": "keep"}


def read(*rows: bytes, code: html_text.Code = "keep") -> parsing.Found:
  """What rows give."""
  chunk = cut.Chunk(first=5, rows=list(rows))
  return stackexchange_posts.read(chunk, SITE | {"code": code})


def one(values: dump.Row, code: html_text.Code = "keep") -> dict[str, Any]:
  """The only post of a row."""
  found = read(dump.row(values), code=code)
  assert not found.dropped and not found.bad
  (post,) = found.tables["posts"].to_pylist()
  del post["order"]
  return post


def test_a_question_and_an_answer() -> None:
  asked = dump.question(7, AcceptedAnswerId=9, Score=-2, Title=" a \n b ")
  site = stackexchange_posts.site_key("repair.example.com")
  assert one(asked) == {
    "site": site,
    "site_name": "repair.example.com",
    "id": 7,
    "type": 1,
    "parent": 0,
    "accepted": 9,
    "score": -2,
    "title": "a b",
    "text": "Question 7",
    "has_text": True,
  }
  given = one(dump.answer(9, 7, score=3))
  assert (given["type"], given["parent"], given["title"]) == (2, 7, "")
  assert (given["accepted"], given["score"]) == (0, 3)
  assert site != stackexchange_posts.site_key("night-sky.example.com")


def test_posts_of_the_same_values_have_the_same_order() -> None:
  asked = dump.question(7)
  others = [{"Score": 1}, {"Title": "x"}, {"Body": "x"}, {"CreationDate": "x"}]
  rows = [dump.row(asked | more) for more in [{}, *others]]
  orders = read(*rows).tables["posts"].column("order").to_pylist()
  # Nothing is read of the date.
  assert len(set(orders)) == 4 and orders[0] == orders[-1]


def test_a_question_may_have_no_text() -> None:
  post = one(dump.question(1, Body="<p><img src='x.png'></p>"))
  assert (post["text"], post["has_text"]) == ("", False)


def test_code_is_kept_marked_or_dropped() -> None:
  asked = dump.question(
    1, Body="<p>See:</p>\n<pre><code>x &lt; 1\n</code></pre>"
  )
  assert one(asked)["text"] == "See:\n\nx < 1"
  assert one(asked, "mark")["text"] == "See:\n\n```\nx < 1\n```"
  assert one(asked, "drop")["text"] == "See:"


def test_a_title_is_text_and_no_html() -> None:
  assert one(dump.question(1, Title="List<b> & &amp;"))["title"] == (
    "List<b> & &amp;"
  )


def test_the_title_of_the_duplicate_is_not_in_the_text() -> None:
  banner = (
    "<blockquote>\n<p><strong>Possible Duplicate:</strong><br>\n"
    '<a href="https://repair.example.com/q/1">Same title</a>  </p>\n'
    "</blockquote>\n\n<p>Mine.</p>\n<blockquote><p>Quoted.</p></blockquote>"
  )
  assert one(dump.question(1, Body=banner))["text"] == "Mine.\n\n> Quoted."
  quote = "<blockquote><p>Possible Duplicate: a.</p></blockquote>"
  assert one(dump.question(1, Body=quote))["text"] == "> Possible Duplicate: a."


DROPPED = {
  "tag_wiki": [dump.question(1, PostTypeId=kind) for kind in (3, 4, 5)],
  "other_post": [dump.question(1, PostTypeId=kind) for kind in (6, 7, 8, 99)],
  "deleted": [dump.question(1, DeletionDate="2016-01-01T00:00:00.000")],
  "no_title": [dump.question(1, Title=" \n")],
  "no_text": [dump.answer(1, 2, Body="<p> </p>"), dump.answer(1, 2, Body="")],
  "too_long": [
    dump.answer(1, 2, Body="<b>" * stackexchange_posts.MAX_BODY_CHARS)
  ],
}


@pytest.mark.parametrize("reason", DROPPED)
def test_what_is_left_out(reason: str) -> None:
  rows = [dump.row(values) for values in DROPPED[reason]]
  found = read(*rows)
  assert found.dropped == {reason: len(rows)}
  assert (found.read, found.bad.total()) == (len(rows), 0)
  assert not found.tables["posts"].num_rows


BAD = {
  "wrong_fields": [
    {"PostTypeId": 1, "Title": "No number", "Body": ""},
    {"Id": 1, "Title": "No type", "Body": ""},
    {"Id": 1, "PostTypeId": 2, "Body": "No parent"},
    dump.question(1, Score="many"),
    dump.question(1) | {"Id": 2**63},
    dump.question(1) | {"Id": "9" * 5000},
  ],
  "broken_xml": [b'<row Id="1" Body="<p>" />', b"<row Id=1 />", b'<row Id="1'],
  "not_utf8": [b'<row Id="1" PostTypeId="1" Title="\xff" />'],
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_rows_cost_themselves_alone(reason: str) -> None:
  rows = [v if isinstance(v, bytes) else dump.row(v) for v in BAD[reason]]
  good = dump.row(dump.question(3))
  found = read(good, *rows, good)
  assert found.bad == {reason: len(rows)}
  assert found.tables["posts"].column("id").to_pylist() == [3, 3]
  assert found.first_bad.startswith(f"row 6: {reason}")
