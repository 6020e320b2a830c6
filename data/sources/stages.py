"""From candidates to the records of a data set, stage by stage.

Each stage is a folder that appears whole, and is left alone where it is there:

    candidates/  what a miner's expression gives
    ruled/       what passed the rules of cleaning (data/cleaning/ruled.py)
    sampled/     a share of that, chosen by the hash of the texts
    unique/ ...  which of them are no copies (data/cleaning/unique.py)
    kept/        these, with their texts

All but the second are expressions. What is left depends on the candidates
alone: not on their order, and not on the engine.
"""

import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet

from data import engine
from data import kinds
from data.cleaning import ruled
from data.cleaning import unique
from data.sources import mining_flags
from data.sources import pool

# What a miner's join gives; `negatives` may be empty, and `origin` too.
CANDIDATES = pa.schema(
  [
    ("query", pa.string()),
    ("document", pa.string()),
    ("negatives", pa.list_(pa.string())),
    ("origin", pa.string()),
  ]
)
_KEPT = ("record", "origin")
_BATCH_ROWS = 1024
# Of 16 MiB at most: what a process cleans at once, and a kill undoes.
_PART_GROUPS = 8
_LITTLE_BYTES = 2**19  # packed; cleaned in less than a second
_WORD_BITS = 32


class Kept(NamedTuple):
  """What is left of candidates.

  Attributes:
    paths: files for ruled.rows.
    candidates: how many there were.
    changed: how many of them a rule changed.
    dropped: reason -> how many were left out.
  """

  paths: list[pathlib.Path]
  candidates: int
  changed: int
  dropped: dict[str, int]

  @property
  def records(self) -> int:
    """How many are left."""
    return self.candidates - sum(self.dropped.values())

  @property
  def counts(self) -> dict[str, int]:
    """All of this for a manifest."""
    changed = {"changed": self.changed} if self.changed else {}
    return {"candidates": self.candidates, **self.dropped, **changed}


class Shared(NamedTuple):
  """What the outputs of a run have in common.

  Attributes:
    processes: that clean.
    known: files with `key`, of the records of other data sets to leave out.
    evaluation: of contamination.prepare.
  """

  processes: pool.Pool
  known: Sequence[pathlib.Path] = ()
  evaluation: pathlib.Path | None = None

  def processes_for(self, paths: Sequence[pathlib.Path]) -> pool.Pool:
    """Those that clean these files: this one alone if there is little."""
    if sum(path.stat().st_size for path in paths) > _LITTLE_BYTES:
      return self.processes
    return self.processes._replace(processes=1)


def keep(
  running: engine.Engine,
  table: engine.Table,
  folder: pathlib.Path,
  kind: str,
  settings: mining_flags.Settings,
  shared: Shared,
) -> Kept:
  """Cleans candidates, and leaves copies out.

  Args:
    running: the engine.
    table: with the columns of CANDIDATES, in any order.
    folder: takes the stages.
    kind: "pairs", or "triplets", which have negatives.
    settings: of all miners.
    shared: what the outputs of a run have in common.
  """
  table = table.select(*CANDIDATES.names)
  candidates = _stage(running, table, folder / "candidates")
  done = ruled.run(
    [part for path in candidates for part in _parts(path, kind)],
    folder / "ruled",
    ruled.Settings(
      settings.rules, settings.copies.near_duplicates > 0, shared.evaluation
    ),
    shared.processes_for(candidates),
  )
  counts = ruled.total(done.counts)
  changed = counts.pop("changed", 0)
  counts["no_negatives"] = unique.count(candidates) - counts.pop("read", 0)
  paths = done.paths
  if settings.sample < 1:
    some = sample(running.read(paths, ruled.SCHEMA), settings.sample)
    paths = _stage(running, some, folder / "sampled")
    counts["not_sampled"] = unique.count(done.paths) - unique.count(paths)
  chosen = unique.choose(
    running, paths, ruled.SCHEMA, folder, settings.copies, shared.known
  )
  counts |= chosen.counts(unique.count(paths))
  stay = running.read(chosen.paths, unique.CHOSEN)
  kept = running.read(paths, ruled.SCHEMA).semi_join(stay, ["key", "row"])
  paths = _stage(running, kept.select(*_KEPT), folder / "kept")
  dropped = {reason: count for reason, count in counts.items() if count}
  return Kept(paths, unique.count(candidates), changed, dropped)


def sample(table: engine.Table, share: float) -> engine.Table:
  """A share of the rows, chosen by their `key`: the same ones everywhere.

  A smaller share is a part of a larger one.
  """
  word = table.key & (2**_WORD_BITS - 1)
  return table.filter(word < int(share * 2**_WORD_BITS))


def count(
  running: engine.Engine, table: engine.Table, folder: pathlib.Path
) -> int:
  """How many rows a table has; `folder` keeps the number."""
  paths = _stage(running, table.aggregate(rows=table.count()), folder)
  return int(parquet.read_table(paths)["rows"][0].as_py())


def _stage(
  running: engine.Engine, table: engine.Table, folder: pathlib.Path
) -> list[pathlib.Path]:
  """The files of a table, which are written unless they are there."""
  if folder.exists():
    return sorted(folder.glob("*.parquet"))
  return running.write(table, folder)


def _parts(path: pathlib.Path, kind: str) -> Iterator[ruled.Part]:
  """A file of candidates in parts, each some of its row groups."""
  groups = parquet.read_metadata(path).num_row_groups
  for first in range(0, groups, _PART_GROUPS):
    end = min(first + _PART_GROUPS, groups)
    given = str(path), first, end, kind == "triplets"
    yield ruled.Part(f"{path.name}:{first}", _read, given, kind)


def _read(
  path: str, first: int, end: int, negatives: bool
) -> Iterator[tuple[kinds.Record, str]]:
  """The records of some row groups of candidates, and their origins.

  Args:
    path: the file.
    first: a row group.
    end: the one after the last.
    negatives: whether a record has them; one without is left out then.
  """
  names = ["query", "document", "origin", *["negatives"] * negatives]
  with parquet.ParquetFile(path) as file:
    for batch in file.iter_batches(
      _BATCH_ROWS, row_groups=range(first, end), columns=names
    ):
      # Column by column: a dictionary a row takes four times as long.
      columns = [batch.column(name).to_pylist() for name in names]
      for query, document, origin, *more in zip(*columns, strict=True):
        texts = [query, document, *((more and more[0]) or ())]
        if not negatives or len(texts) > 2:
          yield tuple(text or "" for text in texts), origin or ""
