"""arXiv's metadata snapshot (arxiv-metadata-oai-snapshot.json) as tables.

A line is the JSON of one paper. Reasons by which a paper is left out, the first
that holds:

    category     is in none of those wanted
    licence      its authors chose none of those wanted
    no_title, no_abstract  there is none
    withdrawn    its abstract says that there is no paper
"""

import fnmatch
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from data.sources import cut
from data.sources import json_chunk
from data.sources import json_line
from data.sources import papers_tables
from data.sources import papers_text
from data.sources import parsing

# A new one parses all files anew.
VERSION = 1
ORIGIN = "licence/paper"  # An old id has a slash too: "unstated/math/9904013".


class Settings(msgspec.Struct, frozen=True):
  """Which papers are taken: patterns of categories and licences; none: all."""

  categories: tuple[str, ...] = ()
  licences: tuple[str, ...] = ()


class Line(msgspec.Struct):
  """What is read of a line."""

  id: str
  title: str | None = None
  abstract: str | None = None
  categories: str | list[str] | None = None  # A list in the first snapshots.
  license: str | None = None


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The papers of a chunk of lines.

  Args:
    chunk: lines of the snapshot.
    settings: of `Settings`, as JSON has it.
  """
  take = functools.partial(_take, msgspec.convert(settings, Settings))
  return json_chunk.read(chunk, _decoder(), take, papers_tables.SCHEMAS)


FORMAT = parsing.Format(
  name="arxiv",
  version=VERSION,
  cut=cut.lines,
  read=read,
  schemas=papers_tables.SCHEMAS,
)


@functools.cache
def _decoder() -> Any:
  """The decoder of lines; a process makes it once."""
  return json_line.decoder(Line)


def _take(rules: Settings, line: Line, rows: json_chunk.Rows) -> list[str]:
  """Adds a paper's title and abstract, or gives the reason against it."""
  licence = papers_text.licence_name(line.license)
  title, abstract = map(papers_text.fold, (line.title, line.abstract))
  reason = _reason(line, licence, rules)
  if not title:
    reason = reason or "no_title"
  elif not abstract:
    reason = reason or "no_abstract"
  elif papers_text.is_withdrawn(abstract):
    reason = reason or "withdrawn"
  if reason:
    return [reason]
  origin = f"{licence}/{line.id}"
  rows["titles"].append(papers_tables.text_row(line.id, title, origin))
  rows["abstracts"].append(papers_tables.text_row(line.id, abstract, origin))
  return []


def _reason(line: Line, licence: str, rules: Settings) -> str:
  """Why nobody asked for the paper."""
  names = line.categories or ""
  names = (names if isinstance(names, str) else " ".join(names)).split()
  if rules.categories and not _any_matches(names, rules.categories):
    return "category"
  if rules.licences and not _any_matches([licence], rules.licences):
    return "licence"
  return ""


def _any_matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
  """Whether a name is one of the patterns, or below it as cs.CL is below cs."""
  return any(
    fnmatch.fnmatchcase(name, pattern) or name.startswith(f"{pattern}.")
    for name in names
    for pattern in patterns
  )
