"""The catalogue of the 2021 project's data sets, and its mixture of them.

    python -m data.sources.catalogue --list
    python -m data.sources.catalogue --mixture=runs/data/mixture.json \\
      --root=runs/data

`--list` prints a line a data set: how many training pairs were published, its
weight in the published mixture, its licence, and where it comes from: the hub,
for `data.sources.fetch`, or a dump, for a miner. With `--json` the last line
has all that data/catalogue knows of each.

`--mixture` writes a mixture file (data/mixture.py) of those data sets that are
in the folder `--root`, where `data.sources.fetch` puts them or the miners, as
their lines in the catalogue say, with the weights of the published mixture.
Training takes it as `--config.data.train=FILE`.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from data import atomic
from data import manifest
from data import program
from data.catalogue import entry as entry_lib
from data.catalogue import table


def mixture(root: pathlib.Path, beside: pathlib.Path) -> list[dict[str, Any]]:
  """The published mixture of the data sets that are there.

  Args:
    root: the folder that they are in.
    beside: the folder of the mixture file, from which theirs are named.

  Returns:
    Name, folder and weight of each, as a mixture file has them.

  Raises:
    program.BadInput: if none is there, or one is no data set of ours.
  """
  found = [
    (one, place)
    for one in table.ENTRIES.values()
    if one.weight and (place := find(one, root)) is not None
  ]
  if not found:
    raise program.BadInput(
      f"--root={root} has none of the catalogue's data sets; make some with "
      f"`python -m data.sources.fetch NAME --out={root}`"
    )
  for _, place in found:
    manifest.read(place)
  base = os.path.realpath(beside)
  return [
    {
      "name": one.name,
      "folder": os.path.relpath(os.path.realpath(place), base),
      "weight": one.weight,
    }
    for one, place in found
  ]


def find(one: entry_lib.Entry, root: pathlib.Path) -> pathlib.Path | None:
  """Where a data set is below a folder: as it was fetched, or as mined."""
  for name in filter(None, (one.name, one.mined)):
    if (root / name / manifest.FILE).exists():
      return root / name
  return None


def describe(one: entry_lib.Entry) -> dict[str, Any]:
  """All that is known of a data set, as JSON has it."""
  return {
    **dataclasses.asdict(one),
    "options": dict(one.options),
    "expected": one.expected,
    "published_at": one.published_at,
    "on_card": one.name in table.CARD,
  }


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_bool("list", False, "Print the data sets.")
  flags.DEFINE_bool("json", False, "With --list: all that is known of each.")
  flags.DEFINE_string("mixture", "", "The mixture file to write.")
  flags.DEFINE_string("root", "", "The folder that the data sets are in.")


def main() -> None:
  """Prints the catalogue, or writes a mixture of it."""
  given = flags.FLAGS
  if bool(given.list) == bool(given.mixture):
    raise program.BadInput("give one of --list and --mixture=FILE")
  if given.list:
    _list(list(table.ENTRIES.values()), given.json)
    return
  program.require(given.root, "root", "runs/data")
  path = pathlib.Path(given.mixture).expanduser()
  root = pathlib.Path(given.root).expanduser()
  if path.suffix != ".json":
    raise program.BadInput(
      f"--mixture={path} does not end in .json, by which training knows a file"
    )
  rows = mixture(root, path.parent)
  lines = ",\n ".join(map(json.dumps, rows))
  atomic.write_text(path, f"[{lines}]\n")
  weights = sum(one.weight for one in table.ENTRIES.values())
  program.print_result(
    {
      "mixture": str(path),
      "datasets": [row["name"] for row in rows],
      "weight": sum(row["weight"] for row in rows),
      "published_weight": weights,
      "published_datasets": sum(
        one.weight > 0 for one in table.ENTRIES.values()
      ),
    }
  )


def _list(entries: Sequence[entry_lib.Entry], full: bool) -> None:
  """Prints a line a data set, and a last line of JSON."""
  width = max(len(one.name) for one in entries)
  print(
    f"{'data set':{width}}  {'published':>11}  weight  {'from':13}  licence"
  )
  for one in sorted(entries, key=lambda one: -one.published):
    place = "hub" if one.repo else one.miner
    weight = one.weight or "-"
    print(
      f"{one.name:{width}}  {one.published:11,}  {weight:>6}  {place:13}  "
      f"{one.licence}"
    )
  result: dict[str, Any] = {
    "datasets": len(entries),
    "on_card": len(table.CARD),
    "card_pairs": sum(table.ENTRIES[name].published for name in table.CARD),
    "mixture_pairs": sum(one.published for one in entries if one.weight),
    "mixture_weight": sum(one.weight for one in entries),
  }
  if full:
    result["entries"] = {one.name: describe(one) for one in entries}
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
