"""Wikitext as plain text: the introduction, and each section with its titles.

    article = wikitext.read(page_text, wikitext.NAMES)
    article.introduction
    article.sections[0].path, article.sections[0].text

Templates, tables, references, comments, files, galleries, formulas and magic
words are taken out (data/sources/wikitext_blocks.py, which says what stays of
a few templates); links, bold and italics give their words
(wikitext_inline.py). Paragraphs are apart by an empty line; the items of lists
stand on lines of their own.

All of it is one pass with a stack, and two ceilings bound it: a page of more
than `MAX_CHARS`, which MediaWiki itself would not save, and markup nested more
than `wikitext_blocks.MAX_DEPTH` deep raise `bad.BadRow`. mwparserfromhell,
which is the reference in the tests, takes time quadratic in such pages and is
several times slower on ordinary ones.
"""

from collections.abc import Iterator
from typing import NamedTuple

from data.sources import bad
from data.sources import wikitext_blocks
from data.sources import wikitext_inline
from data.sources import wikitext_names

# MediaWiki saves no page above 2 MiB ($wgMaxArticleSize).
MAX_CHARS = 2**21
NAMES = wikitext_names.NAMES


class Section(NamedTuple):
  """A section: its title below those of the sections that it stands in."""

  path: tuple[str, ...]
  text: str  # Without that of its subsections.


class Article(NamedTuple):
  """What a page says."""

  introduction: str
  sections: list[Section]
  categories: list[str]  # Each once, as the page has them in order.
  templates: frozenset[str]  # Names of those it uses, in small letters.


def read(text: str, names: wikitext_names.Names = NAMES) -> Article:
  """The plain text of a page.

  Args:
    text: its wikitext.
    names: what files and categories are called in its language.

  Returns:
    The article; sections without text of their own are among its sections.

  Raises:
    bad.BadRow: "too_long" or "too_deep".

  >>> article = read("'''Rye''' is a [[grain]]. == Use ==")
  >>> article.introduction
  'Rye is a grain. == Use =='
  >>> read("Rye.\\n== Use ==\\nBread.\\n[[Category:Grains]]").sections
  [Section(path=('Use',), text='Bread.')]
  """
  if len(text) > MAX_CHARS:
    raise bad.BadRow("too_long", f"{len(text):,} characters of wikitext")
  plain, templates = wikitext_blocks.strip(text)
  categories: dict[str, None] = {}
  introduction = ""
  sections: list[Section] = []
  path: list[tuple[int, str]] = []
  for level, title, body in _bodies(plain):
    words = wikitext_inline.plain(body, names, categories)
    if not level:
      introduction = words
      continue
    while path and path[-1][0] >= level:
      path.pop()
    path.append((level, wikitext_inline.plain(title, names, categories)))
    titles = tuple(name for _, name in path if name)
    sections.append(Section(titles, words))
  return Article(introduction, sections, list(categories), templates)


def _bodies(text: str) -> Iterator[tuple[int, str, str]]:
  """Level, title and body of each section; level 0 before the first title."""
  level, title, lines = 0, "", []
  for line in text.split("\n"):
    its_level, its_title = _heading(line)
    if not its_level:
      lines.append(line)
      continue
    yield level, title, "\n".join(lines)
    level, title, lines = its_level, its_title, []
  yield level, title, "\n".join(lines)


def _heading(line: str) -> tuple[int, str]:
  """The level and title of a line that is a title; level 0 of others.

  >>> _heading("== Use == ")
  (2, 'Use')
  """
  line = line.rstrip()
  if not line.startswith("=") or not line.endswith("=") or len(line) < 3:
    return 0, ""
  left = len(line) - len(line.lstrip("="))
  right = len(line) - len(line.rstrip("="))
  level = min(left, right, 6)
  title = line[level : len(line) - level].strip()
  return (level, title) if title.strip("=") else (0, "")
