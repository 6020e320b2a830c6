"""Pages as rows: what is an article, and why the others are none."""

import collections
from typing import Any

import msgspec

from data.sources import cut
from data.sources import parsing
from data.sources import raw
from data.sources import wikipedia_pages
from data.sources import wikipedia_rules
from tests.data.sources import wikipedia_dump

LONG = "Rye is a grain that grows in poor soil and cold winters. " * 8


def _settings(**rules: Any) -> dict[str, Any]:
  """Settings as JSON has them."""
  settings = wikipedia_pages.Settings(
    wiki="w",
    files=("file",),
    categories=("category",),
    tables=tuple(wikipedia_pages.SCHEMAS),
    rules=wikipedia_rules.Rules(**rules),
  )
  return msgspec.to_builtins(settings)


def _read(*pages: str, **rules: Any) -> parsing.Found:
  """What such pages give."""
  rows = [page.strip().encode() for page in pages]
  return wikipedia_pages.read(cut.Chunk(1, rows), _settings(**rules))


def test_our_dump():
  with raw.open_stream(raw.File(wikipedia_dump.FILE)) as stream:
    chunks = list(wikipedia_pages.FORMAT.cut(stream))
  found = [wikipedia_pages.read(chunk, _settings()) for chunk in chunks]
  dropped = sum((one.dropped for one in found), collections.Counter())
  assert sum(one.read for one in found) == 22
  assert dropped == {
    "redirect": 1,
    "list": 1,
    "disambiguation": 1,
    "other_namespace": 2,
    "stub": 1,
    "section_left_out": 3,
  }
  rows = {
    name: sum(one.tables[name].num_rows for one in found)
    for name in wikipedia_pages.SCHEMAS
  }
  assert rows == {"articles": 16, "sections": 31, "categories": 28}


def test_why_pages_are_no_articles():
  page = wikipedia_dump.page
  redirect = page(1, "A", LONG).replace("<id>", '<redirect title="B"/><id>', 1)
  found = _read(
    redirect,
    page(2, "A", "#ПРЕНАСОЧВАНЕ [[B]]\n" + LONG),
    page(3, "A", LONG).replace("wikitext", "css"),
    page(4, "A", LONG).replace("<ns>0", "<ns>10"),
    page(5, "List of A", LONG),
    page(6, "A (disambiguation)", LONG),
    page(7, "A", LONG + "{{Disambig}}"),
    page(8, "A", "Rye."),
    page(9, "A", "{{a|" * 200 + LONG),
    page(10, "A", "a" * 2**21 + "b"),
    page(11, "A", LONG),
  )
  assert found.dropped == {
    "redirect": 2,
    "other_model": 1,
    "other_namespace": 1,
    "list": 1,
    "disambiguation": 2,
    "stub": 1,
    "too_deep": 1,
    "too_long": 1,
  }
  assert found.tables["articles"]["origin"].to_pylist() == ["w/11"]
  assert (found.read, found.bad) == (11, {})


def test_rows_that_cannot_be_read_are_counted():
  page = wikipedia_dump.page
  entity = '<!DOCTYPE a [<!ENTITY b "bbbb">]>'
  found = _read(
    page(1, "A", LONG).replace("Rye", "&b;"),
    entity + page(2, "A", LONG),
    page(3, "A", LONG).replace("</title>", ""),
    page(4, "", LONG),
    page(5, "A", LONG).replace("<id>5", "<id>five"),
    "<page>" * 100_000,
    page(6, "A", LONG),
  )
  assert found.bad == {"broken_xml": 4, "wrong_fields": 2}
  assert found.first_bad.startswith("page 1: broken_xml")
  assert found.tables["articles"].num_rows == 1


def test_last_revision_counts_and_short_texts_do_not():
  text = f"Rye.\n== Use ==\n{LONG}\n== Yield ==\nLow.\n== See also ==\n{LONG}"
  page = wikipedia_dump.page(1, "Rye", text)
  old = page.partition("<revision>")[2].partition("</revision>")[0]
  old = f"<revision>{old.replace('Use', 'Old')}</revision><revision>"
  found = _read(page.replace("<revision>", old), text_chars=130)
  assert found.tables["articles"].num_rows == 0
  assert found.tables["sections"].to_pylist() == [
    {"title": "Rye: Use", "text": LONG[:113], "origin": "w/1#1"}
  ]
  assert found.dropped == {
    "introduction_too_short": 1,
    "section_too_short": 1,
    "section_left_out": 1,
  }


def test_categories_that_tell_nothing_are_left_out():
  text = LONG + "[[Category:Grains]][[Category:Articles on rye]]"
  found = _read(
    wikipedia_dump.page(1, "A", text), wikipedia_dump.page(2, "B", text)
  )
  rows = found.tables["categories"].to_pylist()
  assert len({row["page"] for row in rows}) == len(rows) == 2
  assert len({row["category"] for row in rows}) == 1
  assert len({row["place"] for row in rows}) == 2
