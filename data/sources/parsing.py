"""The files of a dump as Parquet tables, parsed in parallel, file by file.

    with pool.start(2) as running:
      parsed = parsing.parse(jobs, work, running, max_bad_share=0.01)
    parsed.paths("posts")  # Parquet files
    parsed.dropped         # {"deleted": 3}
    parsed.bad             # {"broken_xml": 1}

A format says how a file is cut into chunks of rows and what a chunk gives. A
file that is small beside the others goes to a process as a whole. A large one
is cut here and its chunks go to processes, a few at a time, so that one file of
a terabyte uses all cores and memory stays flat. What is less work than starting
a process is done here.

What a file gave stands below `work` once it is whole, under a name made of the
file's path, size and time, the format's version and the settings. A run after a
kill leaves such files alone. The tables depend on the file alone: chunks are
put together in their order, whenever they come.
"""

import collections
import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import xxhash

from data import atomic
from data import parquet_files
from data import program
from data.sources import bad as bad_lib
from data.sources import cut as cut_lib
from data.sources import pool
from data.sources import raw

COUNTS_FILE = "counts.json"
# A file is large if it is more than this share of a process's part of all; as
# a whole it would leave other processes without work at the end.
_LARGE_SHARE = 0.25
_LITTLE_BYTES = 2**20  # of all files: parsed here, in less than a second
_NAMED = 5  # files whose first bad row is named

_Counter = collections.Counter[str]


@dataclasses.dataclass
class Found:
  """What a chunk of rows gave.

  Attributes:
    tables: name -> rows, of the format's schemas; a name may be missing.
    read: rows that were looked at, bad ones included.
    dropped: reason -> rows that a rule leaves out.
    bad: reason -> rows that could not be read.
    first_bad: the first of these in words: what was found, and where.
  """

  tables: dict[str, pa.Table]
  read: int
  dropped: _Counter = dataclasses.field(default_factory=collections.Counter)
  bad: _Counter = dataclasses.field(default_factory=collections.Counter)
  first_bad: str = ""

  def add_bad(self, row: bad_lib.BadRow, number: int) -> None:
    """Counts a row that could not be read; `number` is its own, from 1."""
    self.bad[row.reason] += 1
    self.first_bad = self.first_bad or f"row {number:,}: {row}"


@dataclasses.dataclass(frozen=True)
class Format:
  """How files of one kind are read.

  Attributes:
    name: of the format, for messages and for names of what it gave.
    version: a new one parses again what an older one gave.
    cut: a function of a module, from a stream to chunks of its rows.
    read: a function of a module, from a chunk and a job's settings to what it
      gives; it runs in other processes.
    schemas: table -> its columns.
  """

  name: str
  version: int
  cut: Callable[[BinaryIO], Iterator[cut_lib.Chunk]]
  read: Callable[[cut_lib.Chunk, Mapping[str, Any]], Found]
  schemas: Mapping[str, pa.Schema]


class Job(NamedTuple):
  """A file to parse: how, and with which settings, as JSON has them."""

  file: raw.File
  format: Format
  settings: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Parsed:
  """What all files gave.

  Attributes:
    folders: of each file, in the order of the jobs.
    read: rows of all files.
    dropped: reason -> rows that a rule left out.
    bad: reason -> rows that could not be read.
  """

  folders: tuple[pathlib.Path, ...]
  read: int
  dropped: dict[str, int]
  bad: dict[str, int]

  @property
  def named_bad(self) -> dict[str, int]:
    """The rows that could not be read, for manifests: "bad_" and the reason."""
    return {f"bad_{reason}": count for reason, count in self.bad.items()}

  def paths(self, table: str) -> list[pathlib.Path]:
    """The Parquet files of a table."""
    paths = [folder / _file_of(table) for folder in self.folders]
    return [path for path in paths if path.exists()]


def parse(
  jobs: Sequence[Job],
  work: pathlib.Path,
  running: pool.Pool,
  *,
  max_bad_share: float,
) -> Parsed:
  """Parses the files that were not parsed before.

  Args:
    jobs: one a file.
    work: a folder for what they give.
    running: the processes that parse.
    max_bad_share: the most rows that may be bad, of all.

  Raises:
    program.BadInput: if a file cannot be opened, or too many rows are bad.
    program.StartAgain: if a process that parses was killed.
  """
  folders = tuple(work / key(job) for job in jobs)
  todo = {
    folder: job
    for folder, job in zip(folders, jobs, strict=True)
    if not (folder / COUNTS_FILE).exists()
  }
  if todo:
    _parse_all(todo, running)
  total, faults = _Counts(), []
  for job, folder in zip(jobs, folders, strict=True):
    text = (folder / COUNTS_FILE).read_text(encoding="utf-8")
    counts = _Counts(**json.loads(text))
    total.read += counts.read
    total.dropped.update(counts.dropped)
    total.bad.update(counts.bad)
    if counts.first_bad:
      faults.append(f"{job.file.name}: {counts.first_bad}")
  _judge(total, faults, max_bad_share)
  return Parsed(folders, total.read, _sorted(total.dropped), _sorted(total.bad))


def key(job: Job) -> str:
  """The name of what a job gives: another file or setting has another."""
  stat = job.file.path.stat()
  what = {
    "path": str(job.file.path.resolve()),
    "member": job.file.member,
    "bytes": stat.st_size,
    "changed_ns": stat.st_mtime_ns,
    "format": [job.format.name, job.format.version],
    "settings": dict(job.settings),
  }
  text = json.dumps(what, sort_keys=True)
  return f"{job.format.name}-{xxhash.xxh3_128_hexdigest(text.encode())}"


def _parse_all(todo: Mapping[pathlib.Path, Job], running: pool.Pool) -> None:
  """Parses files, the largest first."""
  processes = running.processes
  sizes = {folder: job.file.path.stat().st_size for folder, job in todo.items()}
  order = sorted(todo, key=lambda folder: -sizes[folder])
  with program.progress(None, unit="rows", label="parsing") as bar:
    if processes == 1 or sum(sizes.values()) <= _LITTLE_BYTES:
      for folder in order:
        bar.advance(_parse_file(todo[folder], folder))
      return
    least = _LARGE_SHARE * sum(sizes.values()) / processes
    large = [folder for folder in order if sizes[folder] > least]
    # Of each large file; all of them together keep the processes busy.
    in_flight = max(2, 2 * processes // max(len(large), 1))
    # Threads end when their processes do, and are waited for.
    with (
      futures.ThreadPoolExecutor(2 * processes) as threads,
      running.end_on_error(),
    ):
      parsing = [
        threads.submit(
          _parse_by_chunks, running, todo[folder], folder, in_flight
        )
        if folder in large
        else running.executor.submit(_parse_file, todo[folder], folder)
        for folder in order
      ]
      for done in futures.as_completed(parsing):
        bar.advance(done.result())


def _parse_file(job: Job, folder: pathlib.Path) -> int:
  """Parses a file in this process; gives its rows."""
  return _write(
    job,
    folder,
    lambda chunks: (job.format.read(chunk, job.settings) for chunk in chunks),
  )


def _parse_by_chunks(
  running: pool.Pool, job: Job, folder: pathlib.Path, in_flight: int
) -> int:
  """Cuts a file here, and has its chunks parsed by processes."""
  return _write(
    job,
    folder,
    lambda chunks: pool.in_order(
      running,
      job.format.read,
      ((chunk, job.settings) for chunk in chunks),
      in_flight,
    ),
  )


@dataclasses.dataclass
class _Counts:
  """What COUNTS_FILE says of a file."""

  read: int = 0
  dropped: _Counter = dataclasses.field(default_factory=collections.Counter)
  bad: _Counter = dataclasses.field(default_factory=collections.Counter)
  first_bad: str = ""

  def add_bad(self, reason: str, words: str, count: int = 1) -> None:
    """Counts what could not be read."""
    self.bad[reason] += count
    self.first_bad = self.first_bad or words


def _write(
  job: Job,
  folder: pathlib.Path,
  read: Callable[[Iterator[cut_lib.Chunk]], Iterator[Found]],
) -> int:
  """Writes what a file gives; the folder appears when it is whole."""
  counts = _Counts()
  with atomic.folder(folder) as partial:
    with contextlib.ExitStack() as stack:
      writers = {
        table: stack.enter_context(
          parquet_files.Writer(partial / _file_of(table), schema)
        )
        for table, schema in job.format.schemas.items()
      }
      for found in read(_chunks(job, counts)):
        counts.read += found.read
        counts.dropped.update(found.dropped)
        counts.bad.update(found.bad)
        counts.first_bad = counts.first_bad or found.first_bad
        for table, rows in found.tables.items():
          writers[table].write(rows)
    text = json.dumps(vars(counts))
    (partial / COUNTS_FILE).write_text(text, encoding="utf-8")
  return counts.read


def _chunks(job: Job, counts: _Counts) -> Iterator[cut_lib.Chunk]:
  """The chunks of a file, as far as it can be read."""
  try:
    with raw.open_stream(job.file) as stream:
      for chunk in job.format.cut(stream):
        if chunk.too_long:
          words = f"a row near {chunk.first:,} is too long"
          counts.add_bad("row_too_long", words, chunk.too_long)
          counts.read += chunk.too_long
        yield chunk
  except raw.Broken as error:
    counts.add_bad(error.reason, str(error))
    counts.read += 1


def _judge(
  counts: _Counts, faults: Sequence[str], max_bad_share: float
) -> None:
  """Names the first rows that are bad; raises BadInput if there are many."""
  read, count = counts.read, counts.bad.total()
  if count > max_bad_share * read:
    raise program.BadInput(
      f"{count:,} of {read:,} rows could not be read, wanted at most "
      f"{max_bad_share:.2%} of them (--max_bad_share); the first is "
      f"{faults[0]}. Is the dump whole, and of this source?"
    )
  for fault in faults[:_NAMED]:
    program.note_line(f"skipped: {fault}")
  if count:
    program.note_line(f"{count:,} of {read:,} rows could not be read")


def _file_of(table: str) -> str:
  """The name of a table's file."""
  return f"{table}.parquet"


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
  """Counts by the names of what they count."""
  return dict(sorted(counts.items()))
