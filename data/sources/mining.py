"""From a dump to data sets: what all miners share.

A miner says how its files are parsed (data/sources/parsing.py) and how tables
become candidates, by expressions (data/engine.py):

    def main() -> None:
      jobs = [parsing.Job(file, posts.FORMAT, {}) for file in raw.find(...)]
      mining.run(mining.Miner(
        name="stackexchange",
        version=1,
        source="posts of beer.stackexchange.com",
        licence="CC BY-SA 4.0",
        settings={"min_score": 3},
        jobs=jobs,
        outputs={"title_answer": mining.Output(title_answer, origin="site/id")},
      ))

The rest is here: the rules of cleaning, duplicates, sampling, and one data set
folder (data/records.py) for each output, OUT/NAME. Work lies beside OUT in
`.OUT.work` and each stage of it appears whole, so that a run after a kill goes
on, and gives the same. OUT appears at once, with all data sets and
`summary.json`; one of the same files and settings is not made again.
"""

import dataclasses
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from data import atomic
from data import engine
from data import growing
from data import manifest
from data import program
from data import records
from data.cleaning import contamination
from data.cleaning import ruled
from data.cleaning import set_parts
from data.sources import mined_folder
from data.sources import mining_flags
from data.sources import parsing
from data.sources import pool
from data.sources import stages

# Of the stages here; a new one mines a finished OUT anew.
VERSION = 1

Table = engine.Table
Tables = Mapping[str, Table]
CANDIDATES = stages.CANDIDATES
define_flags, dumps = mining_flags.define, mining_flags.dumps


@dataclasses.dataclass(frozen=True)
class Output:
  """A data set that a miner gives.

  Attributes:
    expression: from the parsed tables to one with CANDIDATES' columns.
    kind: "pairs", or "triplets" where candidates have negatives.
    columns: the names of a record's texts.
    origin: what the origins of records say, as in "site/question/answer".
  """

  expression: Callable[[Tables], Table]
  kind: str = "pairs"
  columns: tuple[str, ...] = ("query", "document")
  origin: str = ""


@dataclasses.dataclass(frozen=True)
class Miner:
  """A dump and what is made of it.

  Attributes:
    name: of the source; data sets are called NAME_OUTPUT.
    version: of its rules; a new one mines a finished OUT anew.
    source: where the texts come from, in words.
    licence: under which terms.
    settings: of the miner, as JSON has them; they stand in the manifests.
    jobs: files to parse. A table's schema is the same in all formats.
    outputs: name of a data set -> what it is made of.
    counts: reason -> an expression with a row for each row of the dump that no
      output has for that reason; what only a join can tell.
  """

  name: str
  version: int
  source: str
  licence: str
  settings: Mapping[str, Any]
  jobs: Sequence[parsing.Job]
  outputs: Mapping[str, Output]
  counts: Mapping[str, Callable[[Tables], Table]] = dataclasses.field(
    default_factory=dict
  )


def run(miner: Miner) -> None:
  """Mines by the flags, and prints the program's last line."""
  start = time.monotonic()
  out = mining_flags.out()
  result = mine(miner, out, mining_flags.read())
  seconds = round(time.monotonic() - start, 1)
  program.print_result({"out": str(out), **result, "seconds": seconds})


def mine(
  miner: Miner, out: pathlib.Path, settings: mining_flags.Settings
) -> dict[str, Any]:
  """Writes a miner's data sets, unless they are there already.

  Args:
    miner: what to make of which files.
    out: the folder to write.
    settings: of the flags that all miners have.

  Returns:
    What the program's last line says.

  Raises:
    program.BadInput: if `out` is something else, another process is at work
      there, or the dump cannot be mined.
  """
  out = out.resolve()
  about = _about(miner, settings)
  mined_folder.finished(out, about)  # Before anything is written beside it.
  out.parent.mkdir(parents=True, exist_ok=True)
  work = out.with_name(f".{out.name}.work")
  with growing.alone(work):
    atomic.restore(out)
    result = mined_folder.finished(out, about)
    if result is None:
      made = mined_folder.begin(work, about)
      with pool.start(settings.processes) as processes:
        result = _make(miner, settings, processes, work, made)
      mined_folder.put(made / "out", out, about, result)
    else:
      program.note_line(f"{out} is finished; nothing to do")
    shutil.rmtree(work)
  return result


def _about(miner: Miner, settings: mining_flags.Settings) -> dict[str, Any]:
  """All that decides what is written, as JSON has it."""
  outputs = {
    name: [output.kind, list(output.columns), output.origin]
    for name, output in miner.outputs.items()
  }
  return {
    "version": [VERSION, ruled.VERSION, miner.name, miner.version],
    "files": sorted(parsing.key(job) for job in miner.jobs),
    "outputs": outputs,
    "name": settings.name,
    "source": miner.source,
    "licence": settings.licence or miner.licence,
    "filters": _filters(miner, settings),
    "not_in": [manifest.read(path).digest for path in settings.copies.not_in],
    "evaluations": contamination.stamp(settings.rules),
  }


def _filters(miner: Miner, settings: mining_flags.Settings) -> dict[str, Any]:
  """The rules that records passed, for manifests."""
  return {
    **miner.settings,
    **settings.rules.as_dict(),
    **dataclasses.asdict(settings.copies),
    "sample": settings.sample,
  }


def _make(
  miner: Miner,
  settings: mining_flags.Settings,
  processes: pool.Pool,
  work: pathlib.Path,
  made: pathlib.Path,
) -> dict[str, Any]:
  """Makes what was not made before a kill; gives the program's result."""
  parsed = parsing.parse(
    miner.jobs,
    work / "parsed",
    processes,
    max_bad_share=settings.max_bad_share,
  )
  shared = _shared(settings, processes, work, made)
  dropped, kept = dict(parsed.dropped), {}
  with engine.start(settings.engine, work / "scratch") as running:
    tables = _tables(miner, parsed, running)
    for reason, rows in miner.counts.items():
      folder = made / "counts" / reason
      dropped[reason] = stages.count(running, rows(tables), folder)
    for name, output in miner.outputs.items():
      candidates, folder = output.expression(tables), made / "stages" / name
      kept[name] = stages.keep(
        running, candidates, folder, output.kind, settings, shared
      )
  _check_some(miner, parsed, dropped, kept)
  common = {"rows": parsed.read, **dropped, **parsed.named_bad}
  for name, found in kept.items():
    _write(made / "out" / name, name, found, common, miner, settings)
  return {
    "datasets": {name: found.records for name, found in kept.items()},
    "read": parsed.read,
    "dropped": {
      "rows": dropped,
      **{name: found.dropped for name, found in kept.items()},
    },
    "bad": parsed.bad,
  }


def _check_some(
  miner: Miner,
  parsed: parsing.Parsed,
  dropped: Mapping[str, int],
  kept: Mapping[str, stages.Kept],
) -> None:
  """Names the data sets that are empty; raises BadInput if all are."""
  empty = {
    name: found.counts for name, found in kept.items() if not found.records
  }
  if len(empty) == len(kept):
    raise program.BadInput(
      f"no records came of {miner.source}: {parsed.read:,} rows were read, "
      f"{dict(dropped)} left out, then {empty}; loosen the filters, or give "
      "another dump"
    )
  for name, counts in empty.items():
    program.note_line(f"{name} has no records: {counts}")


def _shared(
  settings: mining_flags.Settings,
  processes: pool.Pool,
  work: pathlib.Path,
  made: pathlib.Path,
) -> stages.Shared:
  """What all outputs leave out."""
  folders = settings.copies.not_in
  parts = [part for folder in folders for part in set_parts.parts(folder)]
  how = ruled.Settings(set_parts.ALL)
  known = ruled.run(parts, made / "known", how, processes).paths
  texts = contamination.prepare(settings.rules, work / "evaluations")
  return stages.Shared(processes, known, texts)


def _tables(
  miner: Miner, parsed: parsing.Parsed, running: engine.Engine
) -> Tables:
  """The parsed tables, of all formats."""
  schemas = {}
  for job in miner.jobs:
    for table, schema in job.format.schemas.items():
      assert schemas.setdefault(table, schema).equals(schema), table
  return {
    table: running.read(parsed.paths(table), schema)
    for table, schema in schemas.items()
  }


def _write(
  folder: pathlib.Path,
  name: str,
  kept: stages.Kept,
  common: dict[str, int],
  miner: Miner,
  settings: mining_flags.Settings,
) -> None:
  """Writes one data set, unless it is there."""
  if (folder / manifest.FILE).exists():
    return
  output = miner.outputs[name]
  writer = records.Writer(
    folder,
    name=f"{settings.name or miner.name}_{name}",
    kind=output.kind,
    columns=output.columns,
    source=miner.source,
    licence=settings.licence or miner.licence,
    filters=_filters(miner, settings),
    origin=output.origin,
  )
  with writer:
    for encoded, origin in ruled.rows(kept.paths):
      record = tuple(msgspec.json.decode(encoded))
      writer.write(record, origin if output.origin else None)
    writer.counts = {**common, **kept.counts}
