"""Pairs out of Wikipedia's dumps, and those of any other MediaWiki.

    python -m data.sources.wikipedia --out=runs/wikipedia \\
      --in=tests/data/sources/dumps/wikipedia

reads a dump of 20 pages; a real one is `enwiki-*-pages-articles*.xml*.bz2` of
dumps.wikimedia.org, whole or in parts, multistream or not. In `--out`, a data
set (data/records.py) for each of `--pairs`:

    title_introduction   an article's title; what stands before its first
                         section
    sections             "Title: Section: Section below it"; its text
    same_category        introductions of two articles of one category

Only articles count: no redirects, lists, disambiguations and stubs
(data/sources/wikipedia_rules.py has the patterns, data/sources/
wikipedia_pages.py all reasons). Wikitext becomes plain text
(data/sources/wikitext.py). Which articles of a category are paired depends on
their content, not on their order (data/sources/wikipedia_pairs.py).
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags
import msgspec

from data import program
from data.sources import mining
from data.sources import mining_flags
from data.sources import parsing
from data.sources import raw
from data.sources import wikipedia_pages
from data.sources import wikipedia_pairs
from data.sources import wikipedia_rules
from data.sources import wikipedia_site

# Of the expressions; a new one mines a finished --out anew.
VERSION = 1
WANTED = ("*pages-articles*.xml*", "*pages-meta-current*.xml*")
LICENCE = "CC BY-SA"
_TABLES = {
  "title_introduction": ("articles",),
  "sections": ("sections",),
  "same_category": ("articles", "categories"),
}
PAIRS = tuple(_TABLES)


class Limits(NamedTuple):
  """How many pairs same_category makes; see wikipedia_pairs.same_category."""

  max_category_pages: int = 200
  pairs_a_category: int = 50
  pairs_an_article: int = 2


def miner(
  files: Sequence[raw.File],
  pairs: Sequence[str] = PAIRS,
  rules: wikipedia_rules.Rules | None = None,
  limits: Limits | None = None,
) -> mining.Miner:
  """What is made of the files of a dump.

  Args:
    files: of one wiki or of several.
    pairs: which of PAIRS.
    rules: what is left out.
    limits: of same_category.

  Raises:
    program.BadInput: if a file cannot be opened.
  """
  rules = rules or wikipedia_rules.Rules()
  limits = limits or Limits()
  sites = {file: wikipedia_site.read(file) for file in files}
  tables = sorted({table for name in pairs for table in _TABLES[name]})
  names = sorted({site.name for site in sites.values()})
  return mining.Miner(
    name="wikipedia",
    version=VERSION,
    source=f"articles of {', '.join(names)}",
    licence=LICENCE,
    settings={
      "wikis": names,
      "wiki_languages": sorted({site.language for site in sites.values()}),
      **msgspec.to_builtins(rules),
      **limits._asdict(),
    },
    jobs=[
      parsing.Job(file, wikipedia_pages.FORMAT, _settings(site, tables, rules))
      for file, site in sites.items()
    ],
    outputs={name: _output(name, limits) for name in PAIRS if name in pairs},
  )


def _settings(
  site: wikipedia_site.Site,
  tables: Sequence[str],
  rules: wikipedia_rules.Rules,
) -> dict[str, Any]:
  """How the files of a wiki are read, as JSON has it."""
  settings = wikipedia_pages.Settings(
    wiki=site.name,
    files=site.files,
    categories=site.categories,
    tables=tuple(tables),
    rules=rules,
  )
  return msgspec.to_builtins(settings)


def _output(name: str, limits: Limits) -> mining.Output:
  """One of the data sets."""
  if name == "same_category":
    return mining.Output(
      functools.partial(_same_category, limits=limits),
      columns=("introduction", "introduction_of_another"),
      origin="wiki/page+wiki/page",
    )
  if name == "sections":
    return mining.Output(
      lambda tables: wikipedia_pairs.sections(tables["sections"]),
      columns=("title", "section"),
      origin="wiki/page#section",
    )
  return mining.Output(
    lambda tables: wikipedia_pairs.title_introduction(tables["articles"]),
    columns=("title", "introduction"),
    origin="wiki/page",
  )


def _same_category(tables: Mapping[str, Any], limits: Limits) -> Any:
  """Introductions of two articles of one category."""
  return wikipedia_pairs.same_category(
    tables["articles"], tables["categories"], **limits._asdict()
  )


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  rules, limits = wikipedia_rules.Rules(), Limits()
  mining.define_flags()
  flags.DEFINE_list("pairs", list(PAIRS), f"Some of {', '.join(PAIRS)}.")
  helps = {
    "min_article_chars": "A page with less text is a stub.",
    "min_introduction_chars": "Introductions with less are in no pair.",
    "min_section_chars": "Sections with less are in no pair.",
    "text_chars": "Texts are cut there, at a paragraph's or sentence's end.",
    "list_titles": "Patterns of titles of lists.",
    "disambiguation_titles": "Patterns of titles that tell pages apart.",
    "disambiguation_templates": "Patterns of templates on such pages.",
    "sections": "Patterns of sections that are left out.",
    "categories": "Patterns of categories that are left out.",
  }
  for name, words in helps.items():
    value = getattr(rules, name)
    if isinstance(value, int):
      flags.DEFINE_integer(name, value, words, 1)
    else:
      flags.DEFINE_list(_flag(name), list(value), words)
  flags.DEFINE_integer(
    "max_category_pages",
    limits.max_category_pages,
    "Categories with more pages make no pairs.",
    2,
  )
  flags.DEFINE_integer(
    "pairs_a_category", limits.pairs_a_category, "At most.", 1
  )
  flags.DEFINE_integer(
    "pairs_an_article", limits.pairs_an_article, "At most.", 1
  )


def _flag(name: str) -> str:
  """The flag of a rule that leaves something out."""
  return f"not_{name}" if name in ("sections", "categories") else name


def main() -> None:
  """Reads the flags, mines and writes."""
  given = flags.FLAGS
  unknown = sorted(set(given.pairs) - set(PAIRS))
  if unknown or not given.pairs:
    raise program.BadInput(
      f"--pairs={','.join(given.pairs)} names {unknown or 'nothing'}, wanted "
      f"some of {', '.join(PAIRS)}"
    )
  values = {}
  for name in wikipedia_rules.Rules.__struct_fields__:
    value = getattr(given, _flag(name))
    values[name] = tuple(value) if isinstance(value, list) else value
  limits = Limits(*(getattr(given, name) for name in Limits._fields))
  files = raw.find(mining_flags.dumps(), WANTED)
  mining.run(miner(files, given.pairs, wikipedia_rules.Rules(**values), limits))


if __name__ == "__main__":
  define_flags()
  program.run(main)
