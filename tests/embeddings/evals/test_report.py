"""A table that a person can read: one line a row, columns under their names."""

from embeddings.evals import bootstrap
from embeddings.evals import report


def test_columns_stand_under_their_names():
  rows = {
    "trained": {"mrr_at_10": 0.51234, "recall_at_10": 1.0},
    "BM25": {"mrr_at_10": 0.0625, "recall_at_10": 0.25},
  }
  assert report.lines(rows) == [
    "         mrr_at_10  recall_at_10",
    "trained     0.5123        1.0000",
    "BM25        0.0625        0.2500",
  ]


def test_shares_are_shown_as_papers_do():
  rows = {"ours": {"a.b": 0.82033, "hidden": 1.0}, "x": {"c": -0.5}}
  assert report.lines(rows, ["a.b", "c"], percent=True) == [
    "         a.b       c",
    "ours   82.03       -",
    "x          -  -50.00",
  ]


def test_all_columns_of_all_rows_are_there():
  head, *_ = report.lines({"a": {"first": 1.0}, "b": {"second": 1.0}})
  assert head.split() == ["first", "second"]


def test_an_interval_is_read_at_a_glance():
  found = bootstrap.Interval(0.0123, -0.004, 0.0291, 0.94)
  assert report.interval(found) == "+1.23  [-0.40, +2.91]  94%"
  assert report.interval(bootstrap.Interval(-0.5)).startswith("-50.00  (no ")


def test_a_table_that_is_too_wide_is_turned():
  rows = {"ours": {"a.b": 0.82033, "x.y": 1.0}, "bm25": {"a.b": 0.5}}
  wide = {name: values | {"z" * 60: 0.25} for name, values in rows.items()}
  assert report.fitting(rows, ["a.b", "x.y"]) == report.lines(
    rows, ["a.b", "x.y"]
  )
  columns = ["a.b", "x.y", "z" * 60]
  assert report.fitting(wide, columns) == report.lines(wide, columns)
  head, first, second, last = report.fitting(wide, columns, width=70)
  assert head.split() == ["ours", "bm25"]
  assert first.split() == ["a.b", "0.8203", "0.5000"]
  assert second.split() == ["x.y", "1.0000", "-"]
  assert last.split() == ["z" * 60, "0.2500", "0.2500"]
