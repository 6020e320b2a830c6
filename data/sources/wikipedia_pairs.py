"""Pairs of articles: the tables of data/sources/wikipedia_pages.py, as Ibis.

Two articles are a pair if they stand side by side in a category's own order,
which is that of a hash: a category of n pages has n - 1 such pairs, and none
depends on the order of the dump. Of a page's pairs in all its categories the
first few count, those of its smallest categories; a pair is taken if it counts
with both its pages.
"""

from typing import Any


from data import optional

Table = Any  # An ibis.Table.

_REQUIREMENTS = "requirements-data.txt"


def title_introduction(articles: Table) -> Table:
  """Title and introduction of each article, as mining.CANDIDATES."""
  return _candidates(
    articles, articles.title, articles.introduction, articles.origin
  )


def sections(sections: Table) -> Table:
  """Titles and text of each section, as mining.CANDIDATES."""
  return _candidates(sections, sections.title, sections.text, sections.origin)


def same_category(
  articles: Table,
  categories: Table,
  *,
  max_category_pages: int,
  pairs_a_category: int,
  pairs_an_article: int,
) -> Table:
  """Introductions of two articles of one category, as mining.CANDIDATES.

  Args:
    articles: of wikipedia_pages.ARTICLES.
    categories: of wikipedia_pages.CATEGORIES.
    max_category_pages: categories with more pages are left out.
    pairs_a_category: at most.
    pairs_an_article: at most.
  """
  side_by_side = neighbours(categories, max_category_pages, pairs_a_category)
  pairs = first_of_both(side_by_side, pairs_an_article)
  left = articles.select(
    left="page", query="introduction", left_origin="origin"
  )
  right = articles.select(
    right="page", document="introduction", right_origin="origin"
  )
  joined = pairs.join(left, "left").join(right, "right")
  origin = joined.left_origin.concat("+", joined.right_origin)
  return _candidates(joined, joined.query, joined.document, origin)


def neighbours(
  categories: Table, max_category_pages: int, pairs_a_category: int
) -> Table:
  """The pairs of pages that are side by side in a category.

  Returns:
    A table: left, right: pages; pages: how many the category has; place: a
    hash, which settles what `pages` leaves open.
  """
  ibis = optional.load("ibis", _REQUIREMENTS)
  # A page that two files have is there once.
  members = categories.group_by("category", "page").agg(
    place=categories.place.min()
  )
  in_order = ibis.window(
    group_by="category", order_by=[members.place, members.page]
  )
  members = members.mutate(
    right=members.page.lead().over(in_order),
    rank=ibis.row_number().over(in_order),
    pages=members.count().over(ibis.window(group_by="category")),
  )
  kept = members.filter(
    members.right.notnull(),
    members.pages <= max_category_pages,
    members.rank < pairs_a_category,
  )
  return kept.select("right", "pages", "place", left="page")


def first_of_both(pairs: Table, pairs_an_article: int) -> Table:
  """The pairs that are among the first few of both their pages.

  Args:
    pairs: as `neighbours` gives them; one may be there for several categories.
    pairs_an_article: how many are the first few.

  Returns:
    A table: left, right.
  """
  ibis = optional.load("ibis", _REQUIREMENTS)
  low = ibis.least(pairs.left, pairs.right)
  high = ibis.greatest(pairs.left, pairs.right)
  pairs = pairs.mutate(low=low, high=high)
  best = ibis.window(
    group_by=["low", "high"], order_by=[pairs.pages, pairs.place, pairs.left]
  )
  pairs = pairs.mutate(repeat=ibis.row_number().over(best))
  pairs = pairs.filter(pairs.repeat == 0)
  ends = pairs.select("low", "high", "pages", "place", page="low").union(
    pairs.select("low", "high", "pages", "place", page="high")
  )
  nearest = ibis.window(
    group_by="page",
    order_by=[ends.pages, ends.place, ends.low, ends.high],
  )
  ends = ends.mutate(rank=ibis.row_number().over(nearest))
  counted = ends.filter(ends.rank < pairs_an_article)
  both = counted.group_by("low", "high").agg(sides=counted.count())
  both = both.filter(both.sides == 2).select("low", "high")
  return pairs.semi_join(both, ["low", "high"]).select("left", "right")


def _candidates(table: Table, query: Any, document: Any, origin: Any) -> Table:
  """A table of mining.CANDIDATES, without negatives."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return table.select(
    query=query,
    document=document,
    negatives=ibis.literal([], type="array<string>"),
    origin=origin,
  )
