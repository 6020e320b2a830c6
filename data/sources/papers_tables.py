"""The tables that formats of papers give, whatever their files look like."""

from typing import Any

import pyarrow as pa

from data.sources import papers_text

# `paper` is papers_text.key of the id; `order` a hash of the row, by which one
# of several copies is chosen; `origin` what records say of where they are from.
TEXTS = pa.schema(
  [
    ("paper", pa.int64()),
    ("order", pa.int64()),
    ("text", pa.string()),
    ("origin", pa.string()),
  ]
)
CITATIONS = pa.schema(
  [
    ("citing", pa.int64()),
    ("cited", pa.int64()),
    ("order", pa.int64()),  # A hash of both.
  ]
)
SCHEMAS = {"titles": TEXTS, "abstracts": TEXTS, "citations": CITATIONS}


def text_row(paper: str, text: str, origin: str = "") -> tuple[Any, ...]:
  """A row of TEXTS.

  Args:
    paper: its id.
    text: its title or its abstract.
    origin: what is said of where it is from; the id, unless told.
  """
  origin = origin or paper
  order = papers_text.order(paper, text, origin)
  return papers_text.key(paper), order, text, origin


def citation_row(citing: str, cited: str) -> tuple[int, int, int]:
  """A row of CITATIONS, from the ids of two papers."""
  source, target = papers_text.key(citing), papers_text.key(cited)
  return source, target, papers_text.order(source, target)
