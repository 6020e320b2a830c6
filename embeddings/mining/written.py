"""Mined negatives as a data set that trains at once."""

import collections
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from data import kinds
from data import program
from data import records
from embeddings.mining import collected as collected_lib
from embeddings.mining import mined as mined_lib
from embeddings.mining import rules as rules_lib

READ_RECORDS = 1_024


class Written(NamedTuple):
  """What the data set holds.

  Attributes:
    pairs: records that were written.
    negatives: mined ones in them.
    dropped: pairs that were left out, by reason.
  """

  pairs: int
  negatives: int
  dropped: dict[str, int]


def write(
  folder: pathlib.Path,
  data_set: records.DataSet,
  texts: collected_lib.Collected,
  mined: mined_lib.Mined,
  rules: rules_lib.Rules,
  *,
  settings: dict[str, Any],
  keep_scores: bool = False,
  advance: Callable[[int], None] = lambda _: None,
) -> Written:
  """Writes triplets: each pair with the negatives it had and those found.

  Args:
    folder: the data set's; it appears when it is whole.
    data_set: the pairs.
    texts: its texts.
    mined: their negatives.
    rules: by which they were mined.
    settings: all that the negatives depend on, for the manifest.
    keep_scores: whether the records have the scores of positive and negatives
      last, as margin MSE and KL want.
    advance: is told how many further pairs were looked at.

  Raises:
    program.BadInput: if something else stands at `folder`, or no pair is left.
  """
  about = data_set.manifest
  keeps = rules.existing == "keep" and about.kind == "triplets"
  columns = about.columns if keeps else (*about.columns[:2], "negative")
  with records.Writer(
    folder,
    name=folder.name,
    kind="scored_triplets" if keep_scores else "triplets",
    columns=(*columns, "scores") if keep_scores else columns,
    source=about.source,
    licence=about.licence,
    filters={**about.filters, "mine_negatives": settings},
  ) as writer:
    pairs = negatives = 0
    dropped: collections.Counter[str] = collections.Counter()
    for row, record in _records(data_set, advance):
      numbers = mined.chosen[row][mined.chosen[row] >= 0]
      had = record[2:] if keeps else ()
      reason = _reason(len(numbers), len(had), rules)
      if reason:
        dropped[reason] += 1
        continue
      whole = (*record[:2], *had, *texts.documents.pick(numbers))
      if keep_scores:
        scores = _scores(texts, mined, row, len(had), len(numbers))
        whole = (*whole, scores)
      writer.write(whole)
      pairs, negatives = pairs + 1, negatives + len(numbers)
    if not pairs:
      raise program.BadInput(
        f"no pair of {data_set.folder} has enough negatives "
        f"({_shown({**dropped, **mined.dropped})}); give a higher --range_max, "
        "a lower --range_min, other margins, or more documents by --corpus"
      )
    of_candidates = {f"candidates_{k}": n for k, n in mined.dropped.items()}
    counts = {"pairs": pairs, "negatives": negatives, **dropped}
    writer.counts = {**counts, **of_candidates}
  return Written(pairs, negatives, dict(dropped))


def _records(
  data_set: records.DataSet, advance: Callable[[int], None]
) -> Iterator[tuple[int, tuple[str, ...]]]:
  """The number and the texts of each record."""
  for first in range(0, len(data_set), READ_RECORDS):
    last = min(first + READ_RECORDS, len(data_set))
    for row, record in enumerate(data_set.read(range(first, last)), first):
      yield row, kinds.texts(data_set.manifest.kind, record)
    advance(last - first)


def _reason(found: int, had: int, rules: rules_lib.Rules) -> str:
  """Why a pair is left out; empty if it is not."""
  if not found + had:
    return "pairs_without_negatives"
  if found < rules.num_negatives and rules.fewer == "drop":
    return "pairs_with_too_few"
  return ""


def _scores(
  texts: collected_lib.Collected,
  mined: mined_lib.Mined,
  row: int,
  had: int,
  found: int,
) -> tuple[float, ...]:
  """The scores of a record's positive, and of its negatives in their order."""
  positive, *scores = mined.scores[row, : 1 + found].tolist()
  first = texts.given_starts[row]
  return (positive, *mined.given[first : first + had].tolist(), *scores)


def _shown(dropped: dict[str, int]) -> str:
  """Counts in words."""
  return ", ".join(f"{k} {n:,}" for k, n in dropped.items() if n)
