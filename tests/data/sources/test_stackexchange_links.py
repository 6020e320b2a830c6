"""Tests of data/sources/stackexchange_links.py."""

from data.sources import cut
from data.sources import stackexchange_links
from data.sources import stackexchange_posts
from tests.data.sources import stackexchange_dump as dump

SITE = {"site": "repair.example.com"}


def test_links() -> None:
  links = [
    dump.link(1, 5, 6),
    dump.link(2, 5, 6, kind=1),
    dump.link(3, 5, 6, kind=7),
  ]
  rows = [*(dump.row(values) for values in links), b'<row Id="4" PostId="1" />']
  found = stackexchange_links.read(cut.Chunk(1, rows), SITE)
  site = stackexchange_posts.site_key("repair.example.com")
  assert found.tables["links"].to_pylist() == [
    {"site": site, "id": 1, "post": 5, "related": 6}
  ]
  assert found.dropped == {"linked": 1, "other_link": 1}
  assert (found.read, found.bad) == (4, {"wrong_fields": 1})
