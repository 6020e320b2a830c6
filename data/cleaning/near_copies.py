"""Records whose texts are nearly the same: one of them stays.

Two records are near copies if each text of one and the text at its place in the
other share so many of their words: the Jaccard similarity of the sets is at
least a threshold (a triplet's negatives are one text). So two questions about
one paragraph are no copies, however long it is.

MinHash bands (data/duplicates.py) propose what to compare: a band is a hash of
some minima of every text, and near copies have one in common. Within a band
records are compared with its first alone (by `rank`), so that a million copies
cost a million comparisons. Proposals are checked with the words themselves.

A record goes only if its original stays. Bands whose first went have a new
first, and are looked at again, until nothing more goes: what is left is left
again, and depends on the records alone. All this as Ibis expressions, for any
engine of data/engine.py.
"""

import pathlib
import re
import shutil
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import xxhash
from pyarrow import parquet

from data import duplicates
from data import engine as engine_lib
from data import identity
from data.cleaning import copy_keys

THRESHOLD = duplicates.THRESHOLD

# Of up to three texts: query, document, negatives.
WORDS = ("first_words", "second_words", "further_words")
FIELDS = (
  pa.field("bands", pa.list_(pa.int64())),
  *(pa.field(name, pa.list_(pa.int64())) for name in WORDS),
)
_PARTS = 10_000  # that a threshold is told in
_PAIRS = pa.schema([("rank", pa.int64()), ("original", pa.int64())])
_BANDS = pa.schema([("rank", pa.int64()), ("band", pa.int64())])

_WORD = re.compile(r"\w+")
# Writing without spaces: Han, kana, Thai, Lao, Burmese, Khmer. Two letters are
# a word there.
_UNSPACED = re.compile(
  "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{2,}"
)

Table = Any  # An ibis.Table: the package may not be installed.


class Sketch(NamedTuple):
  """What a record is compared by.

  Attributes:
    bands: hashes; near copies have one of them in common.
    words: of each text, the hashes of its words, each once.
  """

  bands: list[int]
  words: list[list[int]]


def sketch(records: Sequence[Sequence[str]]) -> list[Sketch]:
  """The sketches of records that have as many texts each, or three and more.

  Args:
    records: the texts of each.
  """
  parts = [_parts(texts) for texts in records]
  flat = [text for texts in parts for text in texts]
  found = iter(duplicates.sketch(map(_spaced, flat)))
  sketches = []
  for texts in parts:
    each = [next(found) for _ in texts]
    sketches.append(
      Sketch(
        _bands([one.minima for one in each]),
        [one.words.tolist() for one in each],
      )
    )
  return sketches


def columns(
  records: Sequence[Sequence[str]] | None, count: int
) -> dict[str, list[list[int]]]:
  """The columns FIELDS of some records; empty lists where there are None.

  Args:
    records: the texts of each.
    count: how many records there are.
  """
  found = sketch(records) if records is not None else []
  if records is None:
    return {field.name: [[]] * count for field in FIELDS}
  return {
    "bands": [one.bands for one in found],
    **{
      name: [one.words[n] if n < len(one.words) else [] for one in found]
      for n, name in enumerate(WORDS)
    },
  }


def find(
  engine: engine_lib.Engine, table: Table, threshold: float, work: pathlib.Path
) -> Table:
  """The near copies among the rows of a table.

  Args:
    engine: of the table.
    table: of records with FIELDS and a `rank` of their own.
    threshold: the least Jaccard similarity of near copies, above 0.
    work: a folder for what is found on the way; made anew.

  Returns:
    A table over files in `work`: `rank` of each copy, and that of its
    `original`.
  """
  shutil.rmtree(work, ignore_errors=True)
  work.mkdir(parents=True)
  search = _Search(engine, table, threshold, work)
  while search.goes_on():
    pass
  return engine.read(search.copies, _PAIRS)


class _Search:
  """Rounds that find copies whose originals stay."""

  def __init__(
    self,
    engine: engine_lib.Engine,
    table: Table,
    threshold: float,
    work: pathlib.Path,
  ):
    self._engine, self._threshold, self._work = engine, threshold, work
    self._words = table.select("rank", *WORDS)
    bands = table.select("rank", band=table.bands.unnest())
    bands = self._put(bands, _BANDS, "bands")
    shared = bands.group_by("band").aggregate(records=bands.count())
    shared = shared.filter(shared.records > 1)
    # Bands that may hold a pair that nobody has compared.
    self._bands = self._put(bands.semi_join(shared, "band"), _BANDS, "bands-0")
    self._pending = engine.read([], _PAIRS)  # near copies of what may go
    self._round = 0
    self.copies: list[pathlib.Path] = []

  def goes_on(self) -> bool:
    """Does a round; says whether it found copies."""
    self._round += 1
    bands = self._bands
    firsts = bands.group_by("band").aggregate(original=bands["rank"].min())
    near = self._put(
      self._near(self._proposed(firsts)).union(self._pending, distinct=True),
      _PAIRS,
      f"near-{self._round}",
    )
    # Of a copy of a copy nobody knows yet whether it stays.
    decided = near.anti_join(
      near.select(original=near["rank"]).distinct(), "original"
    )
    found = decided.group_by("rank").aggregate(original=decided.original.min())
    folder = self._work / f"copies-{self._round}"
    paths = self._engine.write(found, folder)
    copies = self._engine.read(paths, _PAIRS)
    self.copies += paths
    if not any(map(_rows, paths)):
      return False
    gone = copies.select(original=copies["rank"])
    pending = near.anti_join(copies, "rank").anti_join(gone, "original")
    self._pending = self._put(pending, _PAIRS, f"pending-{self._round}")
    headless = firsts.semi_join(gone, "original")
    left = bands.semi_join(headless, "band").anti_join(copies, "rank")
    self._bands = self._put(left, _BANDS, f"bands-{self._round}")
    return True

  def _proposed(self, firsts: Table) -> Table:
    """Each record of a band with the band's first, each pair once."""
    both = self._bands.join(firsts, "band")
    both = both.filter(both["rank"] != both.original)
    return both.select("rank", "original").distinct()

  def _near(self, proposed: Table) -> Table:
    """Those of the pairs whose texts are similar."""
    others = self._words.rename(
      original="rank", **{f"other_{name}": name for name in WORDS}
    )
    both = proposed.join(self._words, "rank").join(others, "original")
    for name in WORDS:
      both = both.filter(self._similar(both[name], both[f"other_{name}"]))
    return both.select("rank", "original")

  def _similar(self, one: Any, other: Any) -> Any:
    """Whether the sets are similar; two empty ones are."""
    common = one.intersect(other).length()
    either = one.length() + other.length() - common
    # Whole numbers, which all engines compare alike.
    return common * _PARTS >= either * round(self._threshold * _PARTS)

  def _put(self, table: Table, schema: pa.Schema, name: str) -> Table:
    """Computes a table to files, so that it is computed once."""
    return self._engine.read(
      self._engine.write(table, self._work / name), schema
    )


def _rows(path: pathlib.Path) -> int:
  """The rows of a Parquet file."""
  return parquet.read_metadata(path).num_rows


def _parts(texts: Sequence[str]) -> list[str]:
  """The texts that are compared one by one."""
  return [*texts[:2], "\n".join(texts[2:])] if len(texts) > 2 else list(texts)


def _spaced(text: str) -> str:
  """The text with spaces between its words; what has none is one word."""
  text = identity.normalise(text)
  words = _UNSPACED.sub(_two_by_two, text)
  return words if _WORD.search(words) else f"w{identity.hash_text(text)}"


def _two_by_two(found: re.Match[str]) -> str:
  """Each two letters that stand together, as words."""
  letters = found[0]
  pairs = (letters[n : n + 2] for n in range(len(letters) - 1))
  return f" {' '.join(pairs)} "


def _bands(minima: Sequence[np.ndarray]) -> list[int]:
  """The bands of a record.

  Args:
    minima: of each text, uint32 [duplicates.BANDS x duplicates.ROWS].
  """
  rows = duplicates.ROWS // len(minima)
  each = np.stack(minima).reshape(len(minima), duplicates.BANDS, -1)
  some = np.ascontiguousarray(each[:, :, :rows].swapaxes(0, 1))
  return [
    copy_keys.signed(xxhash.xxh3_64_intdigest(band.tobytes(), seed=number))
    for number, band in enumerate(some)
  ]
