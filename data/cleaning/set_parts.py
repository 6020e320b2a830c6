"""A data set in parts, for data/cleaning/ruled.py."""

import os
import pathlib
from collections.abc import Iterator

from data import kinds
from data import manifest as manifest_lib
from data import records
from data.cleaning import ruled
from data.cleaning import rules as rules_lib

PART_RECORDS = 20_000  # So many a kill undoes.
_READ = 1_024

# What every record of a data set passes.
ALL = rules_lib.Rules(max_chars=kinds.MAX_TEXT_CHARS)


def parts(
  folder: str | os.PathLike[str], data_set: int = 0
) -> list[ruled.Part]:
  """The parts of a data set.

  Args:
    folder: the data set's.
    data_set: its place among others: of copies those of the first stay.

  Raises:
    program.BadInput: if it is no data set.
  """
  about = manifest_lib.read(folder)
  path = str(pathlib.Path(folder).resolve())
  return [
    ruled.Part(
      name=about.digest,
      read=read,
      given=(path, first, min(first + PART_RECORDS, about.records)),
      kind=about.kind,
      data_set=data_set,
    )
    for first in range(0, about.records, PART_RECORDS)
  ]


def read(
  folder: str, first: int, end: int
) -> Iterator[tuple[kinds.Record, str]]:
  """Some records of a data set, with their origins."""
  data_set = records.DataSet(folder)
  for start in range(first, end, _READ):
    some = range(start, min(start + _READ, end))
    origins = (
      data_set.origins(some) if data_set.manifest.origin else [""] * len(some)
    )
    yield from zip(data_set.read(some), origins, strict=True)
