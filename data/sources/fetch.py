"""Data sets of the catalogue, from the Hugging Face hub to data set folders.

    python -m data.sources.fetch altlex squad --out=runs/data
    python -m data.sources.fetch all --out=DATA --downloads=DOWNLOADS

Each NAME is one of `python -m data.sources.catalogue --list`; `all` is all of
them that the hub has. Files are downloaded once into `--downloads`, go on where
they were after a kill, and are compared with the hub's checksums (data/sources/
hub_file.py); HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are respected. Each is
then imported (data/sources/importers) to OUT/NAME, with the rules of cleaning
that the flags say. One that is there already, of the same files and rules, is
not made again. What has not about as many records as were published is made
all the same, and said. The last line has for each its records, how many were
expected and whether it is near that.
"""

import difflib
import json
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import huggingface_hub
from absl import flags

from data import atomic
from data import manifest as manifest_lib
from data import program
from data import records as records_lib
from data.catalogue import entry as entry_lib
from data.catalogue import table
from data.cleaning import flags as cleaning_flags
from data.cleaning import rules as rules_lib
from data.sources import hub_file
from data.sources import importing
from data.sources import raw
from data.sources import sieve
from data.sources import sifted
from data.sources.importers import table as importers

ALL = "all"
_PLAIN = rules_lib.Rules()


def choose(names: Sequence[str]) -> list[entry_lib.Entry]:
  """The entries of these names, each once.

  Args:
    names: of the catalogue, or "all" for what the hub has.

  Raises:
    program.BadInput: if there is no such name, or the hub does not have it.
  """
  chosen: dict[str, entry_lib.Entry] = {}
  for name in names:
    if name == ALL:
      chosen |= {n: e for n, e in table.ENTRIES.items() if e.repo}
      continue
    if name not in table.ENTRIES:
      near = difflib.get_close_matches(name, table.ENTRIES, 3, 0.4)
      raise program.BadInput(
        f"{name!r} is no data set of the catalogue; nearest: "
        f"{', '.join(near) or 'none'}. All of them: `python -m "
        "data.sources.catalogue --list`"
      )
    found = table.ENTRIES[name]
    if not found.repo:
      raise program.BadInput(f"{name} is on no hub: {found.how}")
    chosen[name] = found
  return list(chosen.values())


def fetch(
  wanted: entry_lib.Entry,
  out: pathlib.Path,
  downloads: pathlib.Path,
  *,
  cleaning: rules_lib.Rules = _PLAIN,
  max_bad_share: float = importing.MAX_BAD_SHARE,
) -> dict[str, Any]:
  """Downloads and imports one data set.

  Args:
    wanted: which; the hub has it.
    out: the folder that its folder is to be in.
    downloads: the folder that files are kept in.
    cleaning: which records are taken.
    max_bad_share: the most of all rows that may be unreadable.

  Returns:
    Of the data set: out, records, expected, near, fetched_bytes and seconds.

  Raises:
    program.BadInput: if a file is not there or not right; see also
      importing.convert.
    program.StartAgain: if the connection breaks.
  """
  start = time.monotonic()
  folder = out / wanted.name
  # Before what may be gigabytes is fetched.
  records_lib.check_place(folder)
  with atomic.place(out):
    out.mkdir(parents=True, exist_ok=True)
  got = {
    name: hub_file.get(wanted.repo, name, downloads) for name in wanted.files
  }
  rules = sieve.Rules(wanted.kind, cleaning, max_bad_share=max_bad_share)
  settings = {"files": {name: one.digest for name, one in got.items()}}
  records = _finished(folder, wanted, rules, settings)
  if records is None:
    result = importing.convert(
      importers.IMPORTERS[wanted.importer],
      [raw.File(one.path) for one in got.values()],
      folder,
      rules=rules,
      about=sifted.About(wanted.name, wanted.source, wanted.licence, settings),
      options=wanted.options,
    )
    records = int(result["records"])
  else:
    program.note_line(f"{folder} is finished; nothing to do")
  near = wanted.is_near(records)
  if not near:
    program.note_line(
      f"{wanted.name} has {records:,} records, and {wanted.expected:,} were "
      f"published (to within {wanted.within:.0%}); look at its counts in "
      f"{folder / manifest_lib.FILE}"
    )
  return {
    "out": str(folder),
    "records": records,
    "expected": wanted.expected,
    "near": near,
    "fetched_bytes": sum(one.fetched_bytes for one in got.values()),
    "seconds": round(time.monotonic() - start, 1),
  }


def _finished(
  folder: pathlib.Path,
  wanted: entry_lib.Entry,
  rules: sieve.Rules,
  settings: Mapping[str, Any],
) -> int | None:
  """The records of what an earlier run made of the same; None if none did."""
  if not (folder / manifest_lib.FILE).exists():
    return None
  made = manifest_lib.read(folder)
  importer = importers.IMPORTERS[wanted.importer]
  filters = {
    "importer": importer.name,
    **importer.settings(wanted.options),
    **settings,
    **rules.as_dict(),
  }
  same = json.loads(json.dumps(filters)) == made.filters
  return made.records if same and made.kind == wanted.kind else None


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_string("out", "", "The folder for a folder of each data set.")
  flags.DEFINE_string(
    "downloads", "", "The folder for files of the hub; in HF_HOME if empty."
  )
  flags.DEFINE_float(
    "max_bad_share",
    importing.MAX_BAD_SHARE,
    "The most of all rows that may be unreadable; 0 stops at the first.",
    0,
    1,
  )
  cleaning_flags.define()


def main() -> None:
  """Fetches what was named."""
  given = flags.FLAGS
  names = program.arguments()
  if not names:
    raise program.BadInput(
      "no data set was named; name some, as in `python -m data.sources.fetch "
      "altlex squad --out=DIR`, or all"
    )
  program.require(given.out, "out", "runs/data")
  chosen, cleaning = choose(names), cleaning_flags.read()
  home = pathlib.Path(huggingface_hub.constants.HF_HOME) / "gigapair"
  downloads = pathlib.Path(given.downloads or home).expanduser()
  out = pathlib.Path(given.out).expanduser()
  left_out = [name for name, one in table.ENTRIES.items() if not one.repo]
  if ALL in names:
    for name in left_out:
      program.note_line(f"{name} is on no hub: {table.ENTRIES[name].how}")
  fetched = {
    one.name: fetch(
      one,
      out,
      downloads,
      cleaning=cleaning,
      max_bad_share=given.max_bad_share,
    )
    for one in chosen
  }
  program.print_result(
    {
      "out": str(out),
      "datasets": fetched,
      "records": sum(one["records"] for one in fetched.values()),
      "near": all(one["near"] for one in fetched.values()),
      "fetched_bytes": sum(one["fetched_bytes"] for one in fetched.values()),
      "not_on_hub": left_out if ALL in names else [],
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main, words=True)
