"""Which questions of a Stack Exchange site are closed as duplicates of others.

PostLinks.xml as rows of a table. Links of another type are left out: "linked"
(one post speaks of the other) and "other_link".
"""

import collections
import functools
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data.sources import cut
from data.sources import parsing
from data.sources import stackexchange_posts

# A new one parses all files anew.
VERSION = 1
_LINKED, _DUPLICATE = "1", "3"

SCHEMA = pa.schema(
  [
    ("site", pa.int64()),  # Of stackexchange_posts.site_key.
    ("id", pa.int64()),
    ("post", pa.int64()),  # The question that was closed,
    ("related", pa.int64()),  # and the one that it repeats.
  ]
)


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The duplicates in a chunk of rows.

  Args:
    chunk: rows of PostLinks.xml.
    settings: "site", its name.
  """
  site = stackexchange_posts.site_key(settings["site"])
  links: list[tuple[int, ...]] = []
  dropped: collections.Counter[str] = collections.Counter()

  def take(row: Mapping[str, str]) -> None:
    if row["LinkTypeId"] == _DUPLICATE:
      names = ("Id", "PostId", "RelatedPostId")
      links.append((site, *(stackexchange_posts.whole(row[n]) for n in names)))
    else:
      linked = row["LinkTypeId"] == _LINKED
      dropped["linked" if linked else "other_link"] += 1

  broken, first = stackexchange_posts.each(chunk, take)
  columns = list(zip(*links, strict=True)) or [()] * len(SCHEMA)
  table = pa.table(dict(zip(SCHEMA.names, columns, strict=True)), SCHEMA)
  return parsing.Found(
    {"links": table}, len(chunk.rows), dropped, broken, first
  )


FORMAT = parsing.Format(
  name="stackexchange_links",
  version=VERSION,
  cut=functools.partial(cut.elements, start=b"<row ", end=b"/>"),
  read=read,
  schemas={"links": SCHEMA},
)
