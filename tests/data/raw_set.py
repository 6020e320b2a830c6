"""Data sets of any bytes, good or bad, in the order given."""

import pathlib
from collections.abc import Sequence

from data import manifest
from data import records
from data import shard_writer


def write(
  folder: pathlib.Path,
  encoded: Sequence[bytes],
  *,
  kind: str = "pairs",
  columns: tuple[str, ...] = ("query", "document"),
  shard_records: int = 1000,
) -> records.DataSet:
  """Writes a data set whose records are these bytes, and opens it."""
  folder.mkdir(parents=True, exist_ok=True)
  writer = shard_writer.ShardWriter(folder, 2**40)
  for number, record in enumerate(encoded):
    if number % shard_records == 0:
      writer.close()
    writer.write(record)
  writer.close()
  manifest.write(
    folder,
    manifest.Manifest(
      name=folder.name, kind=kind, columns=columns, shards=tuple(writer.shards)
    ),
  )
  return records.DataSet(folder)
