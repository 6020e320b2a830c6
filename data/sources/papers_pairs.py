"""Pairs of papers' texts: the joins, as Ibis expressions.

Tables are those of data/sources/papers_tables.py. A paper that stands in
several files is taken once, and so is a citation, whichever file names it.
"""

from typing import Any

from data import optional
from data.sources import copies

_REQUIREMENTS = "requirements-data.txt"

Table = Any  # An ibis.Table.


def title_abstract(titles: Table, abstracts: Table) -> Table:
  """Each paper's title and its abstract, as mining.CANDIDATES."""
  abstracts = _once(abstracts).select("paper", document="text")
  joined = _once(titles).join(abstracts, "paper")
  return _candidates(joined, joined.text, joined.document, joined.origin)


def citations(texts: Table, cited_by: Table, max_citations: int) -> Table:
  """The texts of papers and of those that they cite, as mining.CANDIDATES.

  Args:
    texts: titles or abstracts.
    cited_by: of papers_tables.CITATIONS.
    max_citations: how many a paper has at most; 0 for all. Those are taken
      whose hashes are smallest, of those whose papers have texts.
  """
  texts = _once(texts)
  kept = _capped(_usable(cited_by, texts), max_citations)
  citing = texts.select(citing="paper", query="text", citing_origin="origin")
  cited = texts.select(cited="paper", document="text", cited_origin="origin")
  joined = kept.join(citing, "citing").join(cited, "cited")
  origin = joined.citing_origin.concat("/", joined.cited_origin)
  return _candidates(joined, joined.query, joined.document, origin)


def repeated_citation(cited_by: Table) -> Table:
  """Citations of the same two papers, but for one."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return copies.others(cited_by, ["citing", "cited"], [ibis.asc("order")])


def absent_paper(titles: Table, cited_by: Table) -> Table:
  """Citations of which one paper has no title, or is in no file."""
  found = cited_by.distinct()
  return found.anti_join(_usable(found, titles), ["citing", "cited"])


def over_max_citations(
  titles: Table, cited_by: Table, max_citations: int
) -> Table:
  """Citations of a paper beyond its first so many."""
  usable = _usable(cited_by, titles)
  kept = _capped(usable, max_citations)
  return usable.anti_join(kept, ["citing", "cited"])


def _once(texts: Table) -> Table:
  """The texts, one a paper."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return copies.once(texts, ["paper"], [ibis.asc("order")])


def _usable(cited_by: Table, texts: Table) -> Table:
  """Citations, each once, of which both papers have a text."""
  papers = texts.select("paper").distinct()
  found = cited_by.distinct().semi_join(papers.rename(citing="paper"), "citing")
  return found.semi_join(papers.rename(cited="paper"), "cited")


def _capped(cited_by: Table, max_citations: int) -> Table:
  """The first so many citations of each paper by the order of their hashes."""
  if not max_citations:
    return cited_by
  ibis = optional.load("ibis", _REQUIREMENTS)
  best_first = [ibis.asc("order"), ibis.asc("cited")]
  rank = ibis.row_number().over(group_by="citing", order_by=best_first)
  ranked = cited_by.mutate(rank=rank)
  return ranked.filter(ranked["rank"] < max_citations).drop("rank")


def _candidates(joined: Table, query: Any, document: Any, origin: Any) -> Table:
  """The columns of mining.CANDIDATES."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  negatives = ibis.literal([], type="array<string>")
  return joined.select(
    query=query, document=document, negatives=negatives, origin=origin
  )
