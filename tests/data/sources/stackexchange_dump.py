"""Writes Stack Exchange dumps of any posts and links."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax import saxutils

FOLDER = pathlib.Path(__file__).parent / "dumps" / "stackexchange"
REPAIR = FOLDER / "repair.example.com"
NIGHT_SKY = FOLDER / "night-sky.example.com"

Row = Mapping[str, Any]  # Attribute -> value.


def row(values: Row) -> bytes:
  """A row as dumps have it."""
  attributes = " ".join(
    f"{name}={saxutils.quoteattr(str(value), {chr(10): '&#xA;'})}"
    for name, value in values.items()
  )
  return f"<row {attributes} />".encode()


def table(root: str, rows: Sequence[bytes]) -> bytes:
  """A file of rows: <posts> or <postlinks>."""
  head = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n'
  lines = b"".join(b"  " + row + b"\n" for row in rows)
  return head + b"<%b>\n%b</%b>\n" % (root.encode(), lines, root.encode())


def write(
  folder: pathlib.Path, posts: Sequence[Row], links: Sequence[Row] = ()
) -> pathlib.Path:
  """Writes a site's folder."""
  folder.mkdir(parents=True, exist_ok=True)
  posts_file = table("posts", [row(values) for values in posts])
  (folder / "Posts.xml").write_bytes(posts_file)
  if links:
    links_file = table("postlinks", [row(values) for values in links])
    (folder / "PostLinks.xml").write_bytes(links_file)
  return folder


def question(number: int, **more: Any) -> dict[str, Any]:
  """A question's attributes."""
  plain = {
    "Id": number,
    "PostTypeId": 1,
    "Score": 0,
    "Title": f"Title of {number}",
    "Body": f"<p>Question {number}</p>",
  }
  return plain | more


def answer(number: int, parent: int, score: int = 0, **more: Any) -> Row:
  """An answer's attributes."""
  plain = {
    "Id": number,
    "PostTypeId": 2,
    "ParentId": parent,
    "Score": score,
    "Body": f"<p>Answer {number}</p>",
  }
  return plain | more


def link(number: int, post: int, related: int, kind: int = 3) -> Row:
  """A link's attributes: a duplicate, or one of another type."""
  return {
    "Id": number,
    "PostId": post,
    "RelatedPostId": related,
    "LinkTypeId": kind,
  }
