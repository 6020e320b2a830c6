"""Which rows stay where copies of records are left out, stage by stage.

    unique/      of rows of the same texts, one (data/cleaning/exact_copies.py)
    not_in/      those that other data sets have not
    near/        of near copies, one (data/cleaning/near_copies.py)

Each is a folder that appears whole, and is left alone where it is there. They
carry numbers alone. What stays depends on the rows alone, and not on their
order or on the engine.
"""

import pathlib
import shutil
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from data import engine as engine_lib
from data.cleaning import copy_flags
from data.cleaning import exact_copies
from data.cleaning import near_copies
from data.cleaning import ruled

CHOSEN = pa.schema([("key", pa.int64()), ("row", pa.int64())])
KEYS = pa.schema([("key", pa.int64())])


class Chosen(NamedTuple):
  """The rows that stay.

  Attributes:
    stages: reason -> files with CHOSEN of the rows that it has left.
  """

  stages: dict[str, list[pathlib.Path]]

  @property
  def paths(self) -> list[pathlib.Path]:
    """The files of the last stage."""
    return list(self.stages.values())[-1]

  def counts(self, rows: int) -> dict[str, int]:
    """Reason -> rows that were left out for it, of so many at first."""
    found = {}
    for reason, paths in self.stages.items():
      left = count(paths)
      found[reason], rows = rows - left, left
    return {reason: number for reason, number in found.items() if number}


def choose(
  engine: engine_lib.Engine,
  paths: Sequence[pathlib.Path],
  schema: pa.Schema,
  folder: pathlib.Path,
  settings: copy_flags.Settings,
  known: Sequence[pathlib.Path] = (),
) -> Chosen:
  """Leaves out copies.

  Args:
    engine: that works.
    paths: files with `key`, `rank`, `row`, and near_copies.FIELDS where near
      copies go.
    schema: of the files.
    folder: takes the stages.
    settings: which copies.
    known: files with `key`, of records that are left out.
  """
  table = engine.read(paths, schema)
  stages = {"duplicate": _unique(engine, table, folder, settings)}
  if settings.not_in:
    place = folder / "not_in"
    if not place.exists():
      chosen = engine.read(stages["duplicate"], CHOSEN)
      keys = engine.read(known, KEYS)
      engine.write(exact_copies.without(chosen, keys), place)
    stages["not_in"] = files(place)
  if settings.near_duplicates:
    last = list(stages.values())[-1]
    stages["near_duplicate"] = _near(engine, table, last, folder, settings)
  return Chosen(stages)


def files(folder: pathlib.Path) -> list[pathlib.Path]:
  """The files of a stage."""
  return sorted(folder.glob("*.parquet"))


def count(paths: Sequence[pathlib.Path]) -> int:
  """The rows of Parquet files."""
  return sum(parquet.read_metadata(path).num_rows for path in paths)


def rows_of_parts(paths: Sequence[pathlib.Path], parts: int) -> np.ndarray:
  """How many rows of CHOSEN belong to each part of data/cleaning/ruled.py.

  Args:
    paths: files of a stage.
    parts: how many there are.

  Returns:
    int64 [parts].
  """
  found = np.zeros(parts, np.int64)
  for path in paths:
    with parquet.ParquetFile(path) as file:
      for batch in file.iter_batches(columns=["row"]):
        numbers = batch.column("row").to_numpy() // ruled.ROWS_A_PART
        found += np.bincount(numbers, minlength=parts)
  return found


def _unique(
  engine: engine_lib.Engine,
  table: engine_lib.Table,
  folder: pathlib.Path,
  settings: copy_flags.Settings,
) -> list[pathlib.Path]:
  """One row of each key, or all rows where copies stay."""
  place = folder / "unique"
  if not place.exists():
    one = exact_copies.first_of_each(table)
    all_rows = table.select(*CHOSEN.names)
    engine.write(one if settings.duplicates == "drop" else all_rows, place)
  return files(place)


def _near(
  engine: engine_lib.Engine,
  table: engine_lib.Table,
  chosen_paths: list[pathlib.Path],
  folder: pathlib.Path,
  settings: copy_flags.Settings,
) -> list[pathlib.Path]:
  """The chosen rows but for near copies."""
  place, work = folder / "near", folder / "near-work"
  if not place.exists():
    chosen = engine.read(chosen_paths, CHOSEN)
    some = table.semi_join(chosen, "row")
    copies = near_copies.find(engine, some, settings.near_duplicates, work)
    gone = table.semi_join(copies, "rank").select("row")
    engine.write(chosen.anti_join(gone, "row"), place)
  shutil.rmtree(work, ignore_errors=True)
  return files(place)
