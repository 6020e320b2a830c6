"""Pages of a MediaWiki export as tables: articles, sections, categories.

A page is no article, by the first reason that holds:

    other_namespace  a talk page, a template, a category ...
    redirect         it only names another page
    other_model      it is no wikitext
    list             its title is that of a list
    disambiguation   it tells pages of one name apart
    too_long, too_deep   data/sources/wikitext.py would not read it
    stub             it has fewer than `min_article_chars` characters

Of articles, `introduction_too_short` counts those that have too little before
their first title; `section_left_out` ("References" ...) and
`section_too_short` count sections.
"""

import collections
import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import msgspec
import pyarrow as pa
import xxhash

from data.sources import bad
from data.sources import cut
from data.sources import parsing
from data.sources import wikipedia_rules
from data.sources import wikitext
from data.sources import wikitext_names
from data.sources import xml_row

# A new one parses all files anew.
VERSION = 1

ARTICLES = pa.schema(
  [
    ("page", pa.int64()),  # A hash of its origin.
    ("title", pa.string()),
    ("introduction", pa.string()),
    ("origin", pa.string()),  # "enwiki/12"
  ]
)
SECTIONS = pa.schema(
  [
    ("title", pa.string()),  # Of the article and of the section.
    ("text", pa.string()),
    ("origin", pa.string()),  # "enwiki/12#3", the third section
  ]
)
CATEGORIES = pa.schema(
  [
    ("page", pa.int64()),
    ("category", pa.int64()),  # A hash of the wiki's name and its own.
    ("place", pa.int64()),  # A hash: the order of a category's pages.
  ]
)
SCHEMAS = {
  "articles": ARTICLES,
  "sections": SECTIONS,
  "categories": CATEGORIES,
}
# In old dumps a redirect is known by its text alone, in the wiki's language.
_REDIRECT = re.compile(r"\s*#[^\W\d_]+\s*:?\s*\[\[")


class Settings(msgspec.Struct, frozen=True):
  """How the pages of one file are read.

  Attributes:
    wiki: the name of its database.
    files, categories: what these are called there.
    tables: those that are wanted.
    rules: what is left out.
  """

  wiki: str
  files: tuple[str, ...]
  categories: tuple[str, ...]
  tables: tuple[str, ...]
  rules: wikipedia_rules.Rules


class Page(NamedTuple):
  """What a page's element says."""

  id: str
  title: str
  text: str


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The articles of a chunk of pages.

  Args:
    chunk: elements `<page>`.
    settings: of `Settings`, as JSON has it.
  """
  how = msgspec.convert(settings, Settings)
  rows: dict[str, list[Sequence[Any]]] = {name: [] for name in SCHEMAS}
  dropped: collections.Counter[str] = collections.Counter()
  broken: collections.Counter[str] = collections.Counter()
  first_bad = ""
  for number, data in enumerate(chunk.rows, chunk.first):
    try:
      page, reason = _page(xml_row.element(data), how.rules)
    except bad.BadRow as error:
      broken[error.reason] += 1
      first_bad = first_bad or f"page {number}: {error}"
      continue
    if page is not None:
      reason = _add(page, how, rows, dropped)
    if reason:
      dropped[reason] += 1
  return parsing.Found(
    tables={name: _table(rows[name], SCHEMAS[name]) for name in how.tables},
    read=len(chunk.rows),
    dropped=dropped,
    bad=broken,
    first_bad=first_bad,
  )


FORMAT = parsing.Format(
  name="wikipedia_pages",
  version=VERSION,
  cut=functools.partial(cut.elements, start=b"<page>", end=b"</page>"),
  read=read,
  schemas=SCHEMAS,
)


def _page(
  element: ElementTree.Element, rules: wikipedia_rules.Rules
) -> tuple[Page | None, str]:
  """A page that may be an article, or why it is none."""
  title = " ".join((element.findtext("title") or "").split())
  number = (element.findtext("id") or "").strip()
  if not title or not number.isdecimal():
    raise bad.BadRow("wrong_fields", f"no title or id, in {title or number!r}")
  if (element.findtext("ns") or "0").strip() != "0":
    return None, "other_namespace"
  revisions = element.findall("revision")  # The last one is the newest.
  revision = revisions[-1] if revisions else element
  text = revision.findtext("text") or ""
  if element.find("redirect") is not None or _REDIRECT.match(text):
    return None, "redirect"
  if (revision.findtext("model") or "wikitext").strip() != "wikitext":
    return None, "other_model"
  if wikipedia_rules.matches(title, rules.list_titles):
    return None, "list"
  if wikipedia_rules.matches(title, rules.disambiguation_titles):
    return None, "disambiguation"
  return Page(number, title, text), ""


def _add(
  page: Page,
  how: Settings,
  rows: dict[str, list[Sequence[Any]]],
  dropped: collections.Counter[str],
) -> str:
  """Adds an article's rows, or gives the reason why it is none."""
  rules = how.rules
  names = wikitext_names.Names(frozenset(how.files), frozenset(how.categories))
  try:
    article = wikitext.read(page.text, names)
  except bad.BadRow as error:
    return error.reason
  for template in article.templates:
    if wikipedia_rules.matches(template, rules.disambiguation_templates):
      return "disambiguation"
  chars = sum(len(section.text) for section in article.sections)
  if chars + len(article.introduction) < rules.min_article_chars:
    return "stub"
  origin = f"{how.wiki}/{page.id}"
  _add_introduction(page, article, origin, how, rows, dropped)
  if "sections" in how.tables:
    _add_sections(page, article, origin, rules, rows, dropped)
  return ""


def _add_introduction(
  page: Page,
  article: wikitext.Article,
  origin: str,
  how: Settings,
  rows: dict[str, list[Sequence[Any]]],
  dropped: collections.Counter[str],
) -> None:
  """Adds an article's introduction, and its categories."""
  rules = how.rules
  if len(article.introduction) < rules.min_introduction_chars:
    dropped["introduction_too_short"] += 1
    return
  introduction = wikipedia_rules.shorten(article.introduction, rules.text_chars)
  key = _hash(origin)
  rows["articles"].append((key, page.title, introduction, origin))
  for category in article.categories:
    if not wikipedia_rules.matches(category, rules.categories):
      whole = f"{how.wiki}/{category}"
      place = _hash(f"{whole}\0{page.id}\0{introduction}")
      rows["categories"].append((key, _hash(whole), place))


def _add_sections(
  page: Page,
  article: wikitext.Article,
  origin: str,
  rules: wikipedia_rules.Rules,
  rows: dict[str, list[Sequence[Any]]],
  dropped: collections.Counter[str],
) -> None:
  """Adds an article's sections."""
  for number, section in enumerate(article.sections, 1):
    titles = section.path
    if any(wikipedia_rules.matches(name, rules.sections) for name in titles):
      dropped["section_left_out"] += 1
    elif len(section.text) < rules.min_section_chars:
      dropped["section_too_short"] += 1
    else:
      title = ": ".join((page.title, *titles))
      text = wikipedia_rules.shorten(section.text, rules.text_chars)
      rows["sections"].append((title, text, f"{origin}#{number}"))


def _hash(text: str) -> int:
  """A hash as int64."""
  return xxhash.xxh3_64_intdigest(text.encode()) - 2**63


def _table(rows: list[Sequence[Any]], schema: pa.Schema) -> pa.Table:
  """Rows as a table."""
  columns = list(zip(*rows, strict=True)) or [()] * len(schema)
  arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
  return pa.Table.from_arrays(arrays, schema=schema)
