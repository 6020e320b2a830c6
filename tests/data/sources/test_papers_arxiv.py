"""Tests of data/sources/papers_arxiv.py."""

import json
from typing import Any

import pytest

from data.sources import cut
from data.sources import papers_arxiv
from data.sources import parsing

PAPER = {
  "id": "math/9904013",
  "title": "Sums of\n  Cubes",
  "abstract": "  We list\nthem.\n",
  "categories": "math.NT cs.DM",
  "license": "http://creativecommons.org/licenses/by/4.0/",
  "versions": [{"version": "v1"}],
}


def found(*papers: dict[str, Any], **settings: Any) -> parsing.Found:
  """What some papers give."""
  rows = [json.dumps(paper).encode() for paper in papers]
  return papers_arxiv.read(cut.Chunk(1, rows), settings)


@pytest.mark.parametrize(
  ("more", "settings", "reason"),
  [
    ({}, {"categories": ["cs.CL", "stat"]}, "category"),
    ({"categories": None}, {"categories": ["math"]}, "category"),
    ({}, {"licences": ["cc0*", "cc-by-sa*"]}, "licence"),
    ({"license": None}, {"licences": ["cc*"]}, "licence"),
    ({"title": " \n"}, {}, "no_title"),
    ({"abstract": None}, {}, "no_abstract"),
    ({"abstract": "  This paper has been\nwithdrawn."}, {}, "withdrawn"),
  ],
)
def test_reasons(more: dict[str, Any], settings: dict[str, Any], reason: str):
  parsed = found(PAPER | more, **settings)
  assert parsed.dropped == {reason: 1}
  assert all(not table.num_rows for table in parsed.tables.values())


@pytest.mark.parametrize(
  "settings",
  [
    {},
    {"categories": ["cs"]},
    {"categories": ["cs.DM", "physics"]},
    {"categories": ["math.*"], "licences": ["cc-by-[0-9]*"]},
  ],
)
def test_a_paper_is_its_title_and_abstract(settings: dict[str, Any]):
  lists = PAPER | {"categories": ["math.NT cs.DM"]}  # So in old snapshots.
  for paper in (PAPER, lists):
    parsed = found(paper, **settings)
    [title] = parsed.tables["titles"].to_pylist()
    [abstract] = parsed.tables["abstracts"].to_pylist()
    assert (title["text"], abstract["text"]) == (
      "Sums of Cubes",
      "We list them.",
    )
    assert title["origin"] == abstract["origin"] == "cc-by-4.0/math/9904013"
    assert title["paper"] == abstract["paper"]


def test_an_archive_is_no_start_of_another():
  assert found(PAPER, categories=["mat"]).dropped == {"category": 1}
