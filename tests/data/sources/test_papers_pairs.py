"""Tests of data/sources/papers_pairs.py: the same by plain Python."""

import collections
from collections.abc import Iterator, Sequence

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import strategies

from data.sources import papers_pairs
from data.sources import papers_tables
from data.sources import papers_text
from tests.data.sources import expressions

PAPERS = strategies.integers(1, 9).map(str)
# Papers, some of which stand there twice.
TEXTS = strategies.lists(PAPERS, max_size=14)
CITATIONS = strategies.lists(strategies.tuples(PAPERS, PAPERS), max_size=30)

Link = tuple[str, str]


@pytest.fixture(scope="module")
def runner(
  tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[expressions.Runner]:
  """DuckDB, once for all examples."""
  with expressions.start(tmp_path_factory.mktemp("scratch")) as started:
    yield started


def texts(papers: Sequence[str], word: str) -> pa.Table:
  """A table of texts; copies of a paper have several."""
  rows = [
    papers_tables.text_row(paper, f"{word} of {paper}, {number % 3}")
    for number, paper in enumerate(papers)
  ]
  columns = list(zip(*rows, strict=True)) or [()] * 4
  schema = papers_tables.TEXTS
  return pa.Table.from_arrays(
    [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)],
    schema=schema,
  )


def links(citations: Sequence[Link]) -> pa.Table:
  """A table of citations."""
  rows = [
    dict(
      zip(
        ("citing", "cited", "order"),
        papers_tables.citation_row(*link),
        strict=True,
      )
    )
    for link in citations
  ]
  return pa.Table.from_pylist(rows, schema=papers_tables.CITATIONS)


def chosen(table: pa.Table) -> dict[str, str]:
  """Paper -> its text: of copies that of the smallest hash."""
  rows = sorted(table.to_pylist(), key=lambda row: -row["order"])
  return {row["origin"]: row["text"] for row in rows}


def first(citations: set[Link], most: int) -> set[Link]:
  """The citations of each paper that come first by their hashes."""
  of = collections.defaultdict(list)
  for citing, cited in citations:
    order = papers_text.order(int(citing), int(cited))
    of[citing].append((order, (citing, cited)))
  kept = (sorted(found)[: most or None] for found in of.values())
  return {link for found in kept for _, link in found}


@hypothesis.settings(max_examples=8, deadline=None)
@hypothesis.given(
  titled=TEXTS,
  summed=TEXTS,
  citations=CITATIONS,
  most=strategies.integers(0, 3),
)
def test_joins_are_lookups_in_dictionaries(
  runner: expressions.Runner,
  titled: list[str],
  summed: list[str],
  citations: list[Link],
  most: int,
):
  parts = texts(titled, "title"), texts(summed, "abstract"), links(citations)
  title, abstract = chosen(parts[0]), chosen(parts[1])
  titles, abstracts, cited_by = map(runner.table, parts)
  both = title.keys() & abstract.keys()
  rows = runner.rows(papers_pairs.title_abstract(titles, abstracts))
  assert sorted((r["origin"], r["query"], r["document"]) for r in rows) == [
    (paper, title[paper], abstract[paper]) for paper in sorted(both)
  ]
  usable = {link for link in citations if title.keys() >= set(link)}
  kept = first(usable, most)
  rows = runner.rows(papers_pairs.citations(titles, cited_by, most))
  assert sorted((r["origin"], r["query"], r["document"]) for r in rows) == [
    (f"{a}/{b}", title[a], title[b]) for a, b in sorted(kept)
  ]
  numbers = [
    len(runner.rows(expression))
    for expression in (
      papers_pairs.repeated_citation(cited_by),
      papers_pairs.absent_paper(titles, cited_by),
      papers_pairs.over_max_citations(titles, cited_by, most),
    )
  ]
  assert numbers == [
    len(citations) - len(set(citations)),
    len(set(citations)) - len(usable),
    len(usable) - len(kept),
  ]
