"""Runs miners in this process, and says what came of it."""

import dataclasses
import pathlib
from typing import Any

from data import engine
from data import records
from data.sources import mining
from data.sources import mining_flags

ONE_PROCESS = mining_flags.Settings(
  engine=engine.Settings(processes=1), processes=1
)

Pair = tuple[str, tuple[str, ...]]  # Its origin, and its texts.


def mine(
  miner: mining.Miner,
  out: pathlib.Path,
  settings: mining_flags.Settings = ONE_PROCESS,
) -> dict[str, Any]:
  """What the program's last line says."""
  return mining.mine(miner, out, settings)


def on_spark(master: str) -> mining_flags.Settings:
  """The settings with another engine."""
  spark = engine.Settings(name="spark", master=master, memory_bytes=2**29)
  return dataclasses.replace(ONE_PROCESS, engine=spark)


def pairs(folder: pathlib.Path) -> list[Pair]:
  """The records of a data set with their origins, sorted."""
  data_set = records.DataSet(folder)
  numbers = range(len(data_set))
  texts = [tuple(map(str, record)) for record in data_set.read(numbers)]
  return sorted(zip(data_set.origins(numbers), texts, strict=True))


def digests(out: pathlib.Path) -> dict[str, list[str]]:
  """Data set -> the checksums of its shards."""
  return {
    path.name: [shard.sha256 for shard in records.DataSet(path).manifest.shards]
    for path in sorted(out.iterdir())
    if path.is_dir()
  }
