"""What the head of a dump says of its wiki."""

import pytest

from data.sources import raw
from data.sources import wikipedia_site
from tests.data.sources import wikipedia_dump


def test_our_dump_says_what_it_is():
  site = wikipedia_site.read(raw.File(wikipedia_dump.FILE))
  assert (site.name, site.language) == ("halmarkwiki", "en")
  assert {"file", "datei"} <= set(site.files)
  assert "category" in site.categories


@pytest.mark.parametrize(
  ("head", "name", "language"),
  [
    (b'<mediawiki xml:lang="zh-yue"><page>', "zh_yuewiki", "zh-yue"),
    (b"", "wiki", ""),
    (b'<mediawiki xml:lang="bg"><siteinfo><a></siteinfo>', "bgwiki", "bg"),
    (b"<siteinfo><dbname>x</dbname></siteinfo>", "x", ""),
    (b"<!DOCTYPE a><siteinfo>&b;</siteinfo>", "wiki", ""),
  ],
)
def test_heads(head: bytes, name: str, language: str):
  site = wikipedia_site.parse(head)
  assert (site.name, site.language) == (name, language)


def test_names_of_the_wiki_are_added():
  head = (
    '<siteinfo><namespaces><namespace key="6">Bildo</namespace>'
    '<namespace key="14">Kategorio</namespace><namespace key="0"/>'
    "</namespaces></siteinfo>"
  )
  site = wikipedia_site.parse(head.encode())
  assert "bildo" in site.files
  assert {"kategorio", "category"} <= set(site.categories)
