"""Records whose normalised texts are the same: one of them stays.

Expressions on tables with the columns of data/cleaning/ruled.py, for any engine
of data/engine.py. That of the smallest rank stays, which is of the first data
set that has it. Within a data set copies may differ in the letters' case, in a
score or in their origin: the bytes with the smallest hash stay. So content
decides, and never the order.
"""

from typing import Any

Table = Any  # An ibis.Table: the package may not be installed.


def first_of_each(table: Table) -> Table:
  """Of the rows of each key the one of the smallest rank.

  Args:
    table: with `key`, `rank` and `row`.

  Returns:
    A table of `key` and `row`.
  """
  return table.group_by("key").aggregate(row=table.row.argmin(table["rank"]))


def without(table: Table, known: Table) -> Table:
  """The rows whose records another table has not.

  Args:
    table: with `key`.
    known: with `key`.
  """
  return table.anti_join(known.select("key").distinct(), "key")
