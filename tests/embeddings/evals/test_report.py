"""A table that a person can read: one line a row, columns under their names."""

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
