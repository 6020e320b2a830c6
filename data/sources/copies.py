"""One of several copies of a row, where files overlap: an Ibis expression."""

from collections.abc import Sequence
from typing import Any

from data import optional

_REQUIREMENTS = "requirements-data.txt"

Table = Any  # An ibis.Table.


def once(table: Table, key: Sequence[str], best_first: Sequence[Any]) -> Table:
  """The rows of a table, those of one key once.

  Few have copies, so that only those are sorted.

  Args:
    table: any.
    key: columns of numbers.
    best_first: columns by which the first of the copies is the one that stays,
      as in `ibis.desc("score")`; copies of the same values must be equal.
  """
  several = _several(table, key)
  ranked = _ranked(table.semi_join(several, key), key, best_first)
  first = ranked.filter(ranked.rank_of_copy == 0).drop("rank_of_copy")
  return table.anti_join(several, key).union(first)


def others(
  table: Table, key: Sequence[str], best_first: Sequence[Any]
) -> Table:
  """The rows that `once` leaves out."""
  copies = table.semi_join(_several(table, key), key)
  ranked = _ranked(copies, key, best_first)
  return ranked.filter(ranked.rank_of_copy > 0).drop("rank_of_copy")


def _several(table: Table, key: Sequence[str]) -> Table:
  """The keys that several rows have."""
  number = table.group_by(key).agg(copies=table.count())
  return number.filter(number.copies > 1).select(*key)


def _ranked(
  copies: Table, key: Sequence[str], best_first: Sequence[Any]
) -> Table:
  """Rows with their places among those of their key, from 0."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  rank = ibis.row_number().over(group_by=key, order_by=list(best_first))
  return copies.mutate(rank_of_copy=rank)
