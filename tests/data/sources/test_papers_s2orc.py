"""Tests of data/sources/papers_s2orc.py."""

import json
from typing import Any

from data.sources import cut
from data.sources import papers_s2orc
from data.sources import parsing


def found(*lines: dict[str, Any]) -> parsing.Found:
  """What some lines give."""
  rows = [json.dumps(line).encode() for line in lines]
  return papers_s2orc.read(cut.Chunk(1, rows), {})


def texts(parsed: parsing.Found, table: str) -> dict[int, str]:
  """Paper -> text."""
  rows = parsed.tables[table].to_pylist()
  return {row["paper"]: row["text"] for row in rows}


def citations(parsed: parsing.Found) -> list[tuple[int, int]]:
  """Citing and cited papers."""
  rows = parsed.tables["citations"].to_pylist()
  return [(row["citing"], row["cited"]) for row in rows]


def test_a_line_of_s2orc():
  line = {
    "paper_id": "18",
    "title": " A  title",
    "abstract": "Some\nwords",
    "outbound_citations": ["7", "18", "7", "5"],
    "inbound_citations": ["99"],
  }
  parsed = found(line)
  assert texts(parsed, "titles") == {18: "A title"}
  assert texts(parsed, "abstracts") == {18: "Some words"}
  assert citations(parsed) == [(18, 7), (18, 7), (18, 5)]
  assert parsed.dropped == {"self_citation": 1}


def test_the_same_of_the_academic_graph():
  parsed = found(
    {"corpusid": 18, "title": "A title", "url": "x"},
    {"corpusid": 18, "abstract": "Some words", "openaccessinfo": {}},
    {"citationid": 1, "citingcorpusid": 18, "citedcorpusid": 7},
    {"citationid": 2, "citingcorpusid": 18, "citedcorpusid": 18},
    {"citationid": 3, "citingcorpusid": 18, "citedcorpusid": None},
  )
  assert texts(parsed, "titles") == {18: "A title"}
  assert texts(parsed, "abstracts") == {18: "Some words"}
  assert citations(parsed) == [(18, 7)]
  assert parsed.dropped == {"self_citation": 1, "unresolved_citation": 1}


def test_abstracts_of_paragraphs():
  paragraphs = [{"section": "Abstract", "text": "One."}, {"text": "Two."}]
  parsed = found({"paper_id": "1", "title": None, "abstract": paragraphs})
  assert texts(parsed, "abstracts") == {1: "One. Two."}
  assert parsed.dropped == {"no_title": 1}


def test_what_is_missing_or_withdrawn():
  parsed = found(
    {"paper_id": "1", "title": "One", "abstract": None},
    {"paper_id": "2", "title": "", "abstract": "It has been withdrawn."},
  )
  assert parsed.dropped == {"no_abstract": 1, "no_title": 1, "withdrawn": 1}
  assert texts(parsed, "titles") == {1: "One"}
  assert not texts(parsed, "abstracts")


def test_lines_of_something_else_are_bad():
  parsed = found({"id": "x", "title": "y"}, {"paper_id": "3"}, {"corpusid": []})
  assert parsed.bad == {"wrong_fields": 3}
  assert parsed.first_bad.startswith("row 1: wrong_fields: neither a paper")
