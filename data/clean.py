"""Data sets that exist, cleaned: rules, copies, and texts of evaluations.

    echo '["how high is K2?", "8,611 metres above the sea"]' > faq.jsonl
    python -m data.sources.tabular --in=faq.jsonl --out=runs/faq \\
      --columns=query,document
    python -m data.clean --in=runs/faq --out=runs/clean --languages=en \\
      --near_duplicates=0.8

`--in` takes data set folders, and may be given several times or with commas.
Each becomes OUT/NAME, of the same kind, with its labels, scores and origins.
The rules are those of data/cleaning/rules.py, and of all texts in a record; one
that breaks a rule goes as a whole. They are counted in each manifest.

Copies are looked for across all data sets, and the one in the set that was
named first stays: `--duplicates=drop` leaves out what is the same but for case
and spaces, and `--near_duplicates=0.8` also records whose texts share four
fifths of their words. `--not_in=DATASET,...` leaves out what other data sets
have. `--decontaminate=evals/sts@test,evals/nfcorpus` leaves out records with a
text of these evaluations, or with 13 words in a row of one.

Needs requirements-data.txt. Work lies beside OUT, in `.OUT.work`, and each part
of it appears whole: a run after a kill goes on, and gives the same. OUT appears
at once; one of the same data sets and settings is not made again.
"""

import collections
import dataclasses
import json
import pathlib
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import xxhash
from absl import flags

from data import atomic
from data import engine as engine_lib
from data import growing
from data import kinds
from data import machine
from data import manifest as manifest_lib
from data import program
from data import records
from data.cleaning import contamination
from data.cleaning import copy_flags
from data.cleaning import copy_keys
from data.cleaning import flags as cleaning_flags
from data.cleaning import ruled
from data.cleaning import rules as rules_lib
from data.cleaning import set_parts
from data.cleaning import unique
from data.sources import pool

SUMMARY = "summary.json"
# Of the stages here; a new one cleans a finished OUT anew.
VERSION = 1
_GIGABYTE = 10**9


@dataclasses.dataclass(frozen=True)
class Settings:
  """What the flags say.

  Attributes:
    rules: that records must pass.
    copies: which of them are left out.
    engine: that finds these.
    processes: that apply the rules.
  """

  rules: rules_lib.Rules
  copies: copy_flags.Settings
  engine: engine_lib.Settings
  processes: int

  def decisive(self) -> dict[str, Any]:
    """All that decides which records stay, as JSON has it."""
    copies = dataclasses.asdict(self.copies)
    return {**self.rules.as_dict(), **copies, "not_in": list(copies["not_in"])}


def clean(
  sources: Sequence[pathlib.Path], out: pathlib.Path, settings: Settings
) -> dict[str, Any]:
  """Writes the data sets cleaned, unless they are there already.

  Args:
    sources: data set folders; of copies, those in the first one stay.
    out: the folder to write, with a data set for each.
    settings: how.

  Returns:
    What the program's last line says.

  Raises:
    program.BadInput: if a folder is no data set, nothing is left of one, or
      `out` is something else.
  """
  out = out.resolve()
  named = _named(sources)
  decisive = _decisive(named, settings)
  result = _finished(out, decisive)
  if result is not None:
    program.note_line(f"{out} is finished; nothing to do")
    return result
  work = out.with_name(f".{out.name}.work")
  with atomic.place(out):
    out.parent.mkdir(parents=True, exist_ok=True)
  with growing.alone(work):
    digest = xxhash.xxh3_64_hexdigest(json.dumps(decisive).encode())
    stages = work / f"stages-{digest}"
    with pool.start(settings.processes) as running:
      kept = _kept(named, settings, running, work, stages)
    result = _result(kept)
    with atomic.folder(out) as partial:
      for own in kept:
        _write(partial / own.name, own, settings)
      summary = json.dumps({"settings": decisive, "result": result}, indent=2)
      atomic.write_text(partial / SUMMARY, f"{summary}\n")
    shutil.rmtree(work)
  return result


class _Kept(NamedTuple):
  """What is left of a data set: files with its records, and its counts."""

  name: str
  source: pathlib.Path
  paths: list[pathlib.Path]
  counts: dict[str, int]


def _named(sources: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
  """The data sets by the names of their folders.

  Raises:
    program.BadInput: if two have one name, or there are too many.
  """
  named: dict[str, pathlib.Path] = {}
  for source in sources:
    name = source.resolve().name
    if name in named:
      raise program.BadInput(
        f"--in={source} would be written over --in={named[name]}, since both "
        f"are named {name!r}; rename one of the folders"
      )
    named[name] = source
  if len(named) > copy_keys.MOST_DATA_SETS:
    raise program.BadInput(
      f"{len(named)} data sets, wanted at most {copy_keys.MOST_DATA_SETS} at "
      "once; give some of them with --not_in"
    )
  return named


def _decisive(
  named: Mapping[str, pathlib.Path], settings: Settings
) -> dict[str, Any]:
  """All that decides what is written, as JSON has it."""
  return {
    "version": [VERSION, ruled.VERSION],
    "in": [[n, manifest_lib.read(path).digest] for n, path in named.items()],
    "not_in": [manifest_lib.read(p).digest for p in settings.copies.not_in],
    "evaluations": contamination.stamp(settings.rules),
    "settings": settings.decisive(),
  }


def _finished(
  out: pathlib.Path, decisive: dict[str, Any]
) -> dict[str, Any] | None:
  """The result of an earlier run of the same settings, if there is one."""
  atomic.restore(out)
  if not out.exists() or (out.is_dir() and not any(out.iterdir())):
    return None
  path = out / SUMMARY
  if not path.is_file():
    raise program.BadInput(
      f"--out={out} exists and holds no cleaned data sets (it has no {SUMMARY})"
      "; give another folder or move it away"
    )
  try:
    summary = json.loads(path.read_text(encoding="utf-8"))
    result, same = summary["result"], summary["settings"] == decisive
    names = list(result["datasets"])
  except (ValueError, KeyError, TypeError):
    return None
  return result if same and all((out / n).is_dir() for n in names) else None


def _kept(
  named: Mapping[str, pathlib.Path],
  settings: Settings,
  running: pool.Pool,
  work: pathlib.Path,
  stages: pathlib.Path,
) -> list[_Kept]:
  """Cleans the records of all data sets, and leaves out copies."""
  parts, spans = [], {}
  for number, (name, source) in enumerate(named.items()):
    own = set_parts.parts(source, number)
    spans[name] = slice(len(parts), len(parts) + len(own))
    parts += own
  near = bool(settings.copies.near_duplicates)
  texts = contamination.prepare(settings.rules, work / "evaluations")
  done = ruled.run(
    parts,
    work / "ruled",
    ruled.Settings(settings.rules, near, texts),
    running,
  )
  known = _known(settings, running, work / "known")
  with engine_lib.start(settings.engine, work / "scratch") as engine:
    chosen = unique.choose(
      engine, done.paths, ruled.SCHEMA, stages, settings.copies, known
    )
    left = {
      reason: unique.rows_of_parts(paths, len(parts))
      for reason, paths in chosen.stages.items()
    }
    kept = []
    for name, source in named.items():
      span = spans[name]
      rows = engine.read(done.paths[span], ruled.SCHEMA)
      rows = rows.semi_join(engine.read(chosen.paths, unique.CHOSEN), "row")
      place = stages / "kept" / name
      if not place.exists():
        engine.write(rows.select("record", "origin"), place)
      lefts = {reason: int(own[span].sum()) for reason, own in left.items()}
      counts = _counts(ruled.total(done.counts[span]), lefts)
      kept.append(_Kept(name, source, unique.files(place), counts))
  return kept


def _known(
  settings: Settings, running: pool.Pool, work: pathlib.Path
) -> list[pathlib.Path]:
  """Files with the keys of records that are left out."""
  parts = [
    part
    for source in settings.copies.not_in
    for part in set_parts.parts(source)
  ]
  how = ruled.Settings(set_parts.ALL)
  return ruled.run(parts, work, how, running).paths


def _counts(
  ruled_counts: dict[str, int], lefts: dict[str, int]
) -> dict[str, int]:
  """The counts of a data set's manifest."""
  counts = dict(ruled_counts)
  changed = counts.pop("changed", 0)
  rows = 2 * counts["read"] - sum(counts.values())  # but for what was dropped
  for reason, left in lefts.items():
    counts |= {reason: rows - left} if rows > left else {}
    rows = left
  return {**counts, "kept": rows, **({"changed": changed} if changed else {})}


def _result(kept: Sequence[_Kept]) -> dict[str, Any]:
  """What the last line says.

  Raises:
    program.BadInput: if nothing is left of a data set.
  """
  for own in kept:
    if not own.counts["kept"]:
      raise program.BadInput(
        f"nothing is left of {own.source} ({own.counts}); leave it out, or "
        "give other rules"
      )
  total = sum((collections.Counter(own.counts) for own in kept), _NONE)
  beside = ("read", "kept", "changed")
  return {
    "datasets": {own.name: own.counts["kept"] for own in kept},
    "read": total["read"],
    "changed": total["changed"],
    "dropped": {n: count for n, count in total.items() if n not in beside},
  }


_NONE: collections.Counter[str] = collections.Counter()


def _write(folder: pathlib.Path, own: _Kept, settings: Settings) -> None:
  """Writes a data set."""
  about = manifest_lib.read(own.source)
  decode = kinds.decoder(about.kind, len(about.columns))
  writer = records.Writer(
    folder,
    name=about.name,
    kind=about.kind,
    columns=about.columns,
    source=about.source,
    licence=about.licence,
    filters={**about.filters, "clean": settings.decisive()},
    origin=about.origin,
  )
  with writer:
    for encoded, origin in ruled.rows(own.paths):
      writer.write(decode(encoded), origin if about.origin else None)
    writer.counts = own.counts


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_multi_string("in", [], "Data set folders; the first come first.")
  flags.DEFINE_string("out", "", "The folder for the cleaned data sets.")
  flags.DEFINE_enum("engine", "duckdb", engine_lib.NAMES, "Finds copies.")
  flags.DEFINE_string("master", "", "A Spark cluster: spark://HOST:7077.")
  flags.DEFINE_float(
    "memory_gb", 0.0, "For tables; 0 for a quarter of the machine's.", 0.0
  )
  flags.DEFINE_integer("processes", 0, "That clean; 0 for one a core.", 0)
  copy_flags.define()
  cleaning_flags.define()


def _settings() -> Settings:
  """What the flags say."""
  given = flags.FLAGS
  processes = given.processes or machine.cores()
  engine = engine_lib.Settings(
    given.engine, given.master, int(given.memory_gb * _GIGABYTE), processes
  )
  engine_lib.check(engine)
  return Settings(cleaning_flags.read(), copy_flags.read(), engine, processes)


def main() -> None:
  """Reads the flags and writes the data sets."""
  given, start = flags.FLAGS, time.monotonic()
  names = [name for part in given["in"].value or [] for name in part.split(",")]
  program.require(names, "in", "runs/pairs")
  program.require(given.out, "out", "runs/clean")
  out = pathlib.Path(given.out).expanduser()
  sources = [pathlib.Path(name).expanduser() for name in names]
  result = clean(sources, out, _settings())
  seconds = round(time.monotonic() - start, 1)
  program.print_result({"out": str(out), **result, "seconds": seconds})


if __name__ == "__main__":
  define_flags()
  program.run(main)
