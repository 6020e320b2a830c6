"""Records through the rules, in processes, to a table that engines work on.

    with pool.start(2) as running:
      done = ruled.run(parts, work, settings, running)
    table = engine.read(done.paths, ruled.SCHEMA)

A part is some thousand records, of a data set or of what a miner found. What is
left of it stands in a Parquet file of its own once it is whole: a run after a
kill does the other parts. A row holds a record as bytes, which engines carry
and never look at, and the numbers by which its copies are found.
"""

import collections
import dataclasses
import functools
import itertools
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash
from pyarrow import parquet

from data import atomic
from data import kinds
from data import parquet_files
from data import program
from data.cleaning import cleaner
from data.cleaning import contamination
from data.cleaning import copy_keys
from data.cleaning import near_copies
from data.cleaning import rules as rules_lib
from data.sources import pool

# Of this file's rules; a new one does the parts of an older one again.
VERSION = 1
COUNTS_FILE = "counts.json"
_ROWS_FILE = "rows.parquet"
ROWS_A_PART = 2**40  # Rows of a part have numbers of their own.
_HELD = 512  # records whose words are hashed at once

SCHEMA = pa.schema(
  [
    ("record", pa.binary()),  # data/kinds.py's bytes
    ("origin", pa.string()),  # where it is from, "" if that is not kept
    ("key", pa.int64()),  # of its texts: copies have the same
    ("rank", pa.int64()),  # of copies the one with the smallest stays
    ("row", pa.int64()),  # another one for each row
    *near_copies.FIELDS,
  ]
)

Record = kinds.Record


class Part(NamedTuple):
  """Some records to clean.

  Attributes:
    name: says which they are: another name is another part.
    read: a function of a module, from `given` to records with their origins.
    given: its arguments, as JSON has them.
    kind: of the records, one of manifest.KINDS.
    data_set: of copies, those of the first data set stay.
  """

  name: str
  read: Callable[..., Iterator[tuple[Record, str]]]
  given: tuple[Any, ...]
  kind: str
  data_set: int = 0


@dataclasses.dataclass(frozen=True)
class Settings:
  """How records are cleaned.

  Attributes:
    rules: which they must pass.
    near_duplicates: whether what near copies are found by is made.
    evaluation: where contamination.prepare wrote the texts of evaluations.
  """

  rules: rules_lib.Rules
  near_duplicates: bool = False
  evaluation: pathlib.Path | None = None


class _Task(NamedTuple):
  """A part, its number, and the folder for what is left of it."""

  part: Part
  number: int
  folder: pathlib.Path


class Done(NamedTuple):
  """What was left of the parts.

  Attributes:
    paths: the Parquet files, with SCHEMA.
    counts: of each part: "read", "changed", and each reason -> records that
      were dropped for it.
  """

  paths: list[pathlib.Path]
  counts: list[collections.Counter[str]]


def run(
  parts: Sequence[Part],
  work: pathlib.Path,
  settings: Settings,
  running: pool.Pool,
) -> Done:
  """Cleans the parts that were not cleaned before.

  Args:
    parts: names are unique.
    work: a folder for what is left of them.
    settings: how.
    running: the processes that work; a single part is done here.

  Raises:
    program.BadInput: if a record cannot be read, or a rule cannot be followed.
    program.StartAgain: if a process was killed.
  """
  tasks = [
    _Task(part, number, work / _name(part, number, settings))
    for number, part in enumerate(parts)
  ]
  todo = [task for task in tasks if not (task.folder / COUNTS_FILE).exists()]
  if todo:
    with program.progress(len(todo), unit="parts", label="cleaning") as bar:
      for _ in _run(todo, settings, running):
        bar.advance()
  return Done(
    [task.folder / _ROWS_FILE for task in tasks],
    [_counts(task.folder) for task in tasks],
  )


def _counts(folder: pathlib.Path) -> collections.Counter[str]:
  """What was counted in a part."""
  text = (folder / COUNTS_FILE).read_text(encoding="utf-8")
  return collections.Counter(json.loads(text))


def total(counts: Iterable[collections.Counter[str]]) -> dict[str, int]:
  """The counts of several parts together, reasons in the rules' order."""
  found = sum(counts, collections.Counter())
  names = ("read", "changed", *cleaner.REASONS)
  return {name: found[name] for name in names if found[name]}


def _name(part: Part, number: int, settings: Settings) -> str:
  """The folder of a part: other rules, or another part, have another."""
  what = [
    VERSION,
    number,
    part.name,
    part.given,
    part.kind,
    part.data_set,
    settings.rules.as_dict(),
    contamination.stamp(settings.rules),
    settings.near_duplicates,
  ]
  return xxhash.xxh3_128_hexdigest(json.dumps(what).encode())


def _run(
  todo: Sequence[_Task],
  settings: Settings,
  running: pool.Pool,
) -> Iterator[None]:
  """Cleans parts; gives one value for each that is done."""
  tasks = ((task, settings) for task in todo)
  if running.processes == 1 or len(todo) == 1:
    yield from itertools.starmap(_clean, tasks)
    return
  in_flight = 3 * running.processes
  yield from pool.in_order(running, _clean, tasks, in_flight)


class _Held(NamedTuple):
  """A record that stays."""

  record: Record
  origin: str
  key: int  # of its texts


# A process makes each once. Few are needed: one for each kind of record.
_cleaner = functools.lru_cache(4)(cleaner.make)


def _clean(task: _Task, settings: Settings) -> None:
  """Cleans a part; its folder appears when it is whole."""
  part, row = task.part, task.number * ROWS_A_PART
  clean = _cleaner(settings.rules, part.kind, settings.evaluation).judge
  counts: collections.Counter[str] = collections.Counter()
  held: list[_Held] = []
  with atomic.folder(task.folder) as partial:
    with parquet_files.Writer(partial / _ROWS_FILE, SCHEMA) as writer:
      for record, origin in part.read(*part.given):
        cleaned, reason, hashes = clean(record)
        counts["read"] += 1
        if reason:
          counts[reason] += 1
          continue
        counts["changed"] += cleaned != record
        held.append(_Held(cleaned, origin, copy_keys.of_hashes(hashes)))
        if len(held) >= _HELD:
          writer.write(_table(held, part, settings, row))
          row += len(held)
          held.clear()
      writer.write(_table(held, part, settings, row))
    text = json.dumps(dict(counts))
    (partial / COUNTS_FILE).write_text(text, encoding="utf-8")


def _table(
  held: Sequence[_Held],
  part: Part,
  settings: Settings,
  first_row: int,
) -> pa.Table:
  """Records as rows of SCHEMA."""
  kind = part.kind
  encoded = [kinds.encode(one.record) for one in held]
  origins = [one.origin for one in held]
  content = [
    copy_keys.of_bytes(record, origin.encode())
    for record, origin in zip(encoded, origins, strict=True)
  ]
  texts = [kinds.texts(kind, one.record) for one in held]
  compared = texts if settings.near_duplicates else None
  columns = {
    "record": encoded,
    "origin": origins,
    "key": [one.key for one in held],
    "rank": [copy_keys.rank(part.data_set, number) for number in content],
    "row": range(first_row, first_row + len(held)),
    **near_copies.columns(compared, len(held)),
  }
  return pa.table(columns, SCHEMA)


def rows(paths: Sequence[pathlib.Path]) -> Iterator[tuple[bytes, str]]:
  """The records of such files, as bytes, and their origins."""
  for path in paths:
    with parquet.ParquetFile(path) as file:
      for batch in file.iter_batches(1024, columns=["record", "origin"]):
        columns = batch.to_pydict()
        yield from zip(columns["record"], columns["origin"], strict=True)
