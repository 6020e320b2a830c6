"""Papers and citations of Semantic Scholar's corpora as tables.

Two layouts, both JSON lines, told apart by their fields:

- S2ORC's metadata (Lo et al. 2020, arXiv 1911.02782; metadata_*.jsonl.gz): a
  paper, and the ids of those that it cites: `paper_id`, `title`, `abstract`,
  `outbound_citations`;
- the data sets of the Academic Graph (S2AG) that took its place: `papers`
  (`corpusid`, `title`), `abstracts` (`corpusid`, `abstract`) and `citations`
  (`citingcorpusid`, `citedcorpusid`).

Reasons by which something is left out:

    no_title, no_abstract  there is none
    withdrawn       the abstract says that there is no paper
    self_citation   a paper cites itself
    unresolved_citation  it is not known which paper is cited
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from data.sources import bad
from data.sources import cut
from data.sources import json_chunk
from data.sources import json_line
from data.sources import papers_tables
from data.sources import papers_text
from data.sources import parsing

# A new one parses all files anew.
VERSION = 1

Id = str | int | None  # S2ORC has texts, S2AG numbers.


class Paragraph(msgspec.Struct):
  """Of an abstract that was parsed from a PDF."""

  text: str | None = None


Abstract = str | list[Paragraph] | None
_UNSET = msgspec.UNSET


class Line(msgspec.Struct):
  """What is read of a line, whichever layout it is of."""

  paper_id: Id = None
  corpusid: Id = None
  title: str | msgspec.UnsetType | None = _UNSET
  abstract: Abstract | msgspec.UnsetType = _UNSET
  outbound_citations: list[str | int | None] | None = None
  citingcorpusid: Id = None
  citedcorpusid: Id = None


def read(chunk: cut.Chunk, settings: Mapping[str, Any]) -> parsing.Found:
  """The papers of a chunk of lines; there are no settings."""
  del settings
  return json_chunk.read(chunk, _decoder(), _take, papers_tables.SCHEMAS)


FORMAT = parsing.Format(
  name="s2orc",
  version=VERSION,
  cut=cut.lines,
  read=read,
  schemas=papers_tables.SCHEMAS,
)


@functools.cache
def _decoder() -> Any:
  """The decoder of lines; a process makes it once."""
  return json_line.decoder(Line)


def _take(line: Line, rows: json_chunk.Rows) -> Iterator[str]:
  """Adds a line's texts and citations; gives what is left out, and why."""
  if line.citingcorpusid is not None:
    yield from _cite(line.citingcorpusid, line.citedcorpusid, rows)
    return
  paper = line.corpusid if line.paper_id is None else line.paper_id
  if paper is None or (line.title is _UNSET and line.abstract is _UNSET):
    raise bad.BadRow("wrong_fields", "neither a paper nor a citation")
  if line.title is not _UNSET:
    yield from _add(rows["titles"], str(paper), line.title, "no_title")
  if line.abstract is not _UNSET:
    yield from _add(rows["abstracts"], str(paper), line.abstract, "no_abstract")
  for cited in line.outbound_citations or ():
    yield from _cite(paper, cited, rows)


def _cite(citing: str | int, cited: Id, rows: json_chunk.Rows) -> Iterator[str]:
  """Adds a citation."""
  if cited is None:
    yield "unresolved_citation"
  elif str(citing) == str(cited):
    yield "self_citation"
  else:
    row = papers_tables.citation_row(str(citing), str(cited))
    rows["citations"].append(row)


def _add(
  rows: list[tuple[Any, ...]],
  paper: str,
  text: Abstract | msgspec.UnsetType,
  missing: str,
) -> Iterator[str]:
  """Adds a title or an abstract."""
  if isinstance(text, list):
    text = " ".join(paragraph.text or "" for paragraph in text)
  folded = papers_text.fold(text if isinstance(text, str) else None)
  if not folded:
    yield missing
  elif papers_text.is_withdrawn(folded):
    yield "withdrawn"
  else:
    rows.append(papers_tables.text_row(paper, folded))
