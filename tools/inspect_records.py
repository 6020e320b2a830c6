"""Shows what a data set says of itself, and some of its records.

    python -m tools.inspect_records --data=runs/faq --records=10
    python -m tools.inspect_records --data=runs/faq --seed=7 --chars=0

First the manifest (not with --nofacts): kind, columns, where the texts come
from, the rules that they passed, and how many each rule dropped. Then records,
drawn by `--seed`, each with its number, where it comes from if the data set
keeps that, and its values: texts in one line, cut after `--chars` characters.
With --numbers the records with these numbers are shown instead. The last line
is JSON with the records as they are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import flags

from data import kinds
from data import manifest as manifest_lib
from data import permutation
from data import program
from data import records

_MOST_LINES = 40  # Of rules and counts.


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("data", "", "The data set's folder.")
  flags.DEFINE_integer("records", 10, "How many records to show.", 0)
  flags.DEFINE_integer("seed", 0, "Another draws other records.")
  flags.DEFINE_list("numbers", [], "The records to show, from 0, by number.")
  flags.DEFINE_bool("facts", True, "Whether to show what the manifest says.")
  flags.DEFINE_integer("chars", 200, "Most of a text; 0 for all of it.", 0)


def main() -> None:
  """Prints the manifest and the records."""
  given = flags.FLAGS
  program.require(given.data, "data", "runs/faq")
  data_set = records.DataSet(given.data)
  about = data_set.manifest
  indices = (
    _numbers(given.numbers, len(data_set))
    if given.numbers
    else choose(len(data_set), given.records, given.seed)
  )
  found = data_set.read(indices)
  origins = data_set.origins(indices) if about.origin else [""] * len(found)
  if given.facts:
    print_manifest(about)
    print()
  for index, origin, record in zip(indices, origins, found, strict=True):
    print(f"record {index}" + (f"  {about.origin}: {origin}" if origin else ""))
    for line in lines(about, record, given.chars):
      print(f"  {line}")
  program.print_result(
    {
      "name": about.name,
      "kind": about.kind,
      "records": about.records,
      "shown": [
        {"number": index, "values": record}
        | ({"origin": origin} if about.origin else {})
        for index, origin, record in zip(indices, origins, found, strict=True)
      ],
    }
  )


def choose(size: int, count: int, seed: int) -> list[int]:
  """Numbers of different records, drawn by a seed.

  >>> len(set(choose(100, 10, 1))), choose(100, 3, 1) == choose(100, 3, 2)
  (10, False)
  """
  order = np.arange(min(count, size))
  key = permutation.mix(seed)
  return permutation.permute(order, size, key).tolist()


def lines(
  about: manifest_lib.Manifest, record: records.Record, chars: int
) -> list[str]:
  """A line for each value of a record, under the name of its column.

  Args:
    about: the data set's manifest.
    record: one of its records.
    chars: most of a text; 0 for all of it.
  """
  values = list(record)
  names = list(about.columns)
  if about.kind in kinds.LISTS:  # Negatives beyond the first have its name.
    tail = about.kind in kinds.TAIL
    last = names[-2] if tail else names[-1]
    more = len(values) - len(names)
    names[len(names) - tail : len(names) - tail] = [last] * more
  width = max(map(len, names))
  return [
    f"{name:{width}}  {_shown(value, chars)}"
    for name, value in zip(names, values, strict=True)
  ]


def print_manifest(about: manifest_lib.Manifest) -> None:
  """Prints what a data set says of itself, but for its shards."""
  facts: dict[str, Any] = {
    "name": about.name,
    "kind": f"{about.kind}: {', '.join(about.columns)}",
    "records": f"{about.records:,} in {len(about.shards)} shards",
    "bytes": f"{sum(shard.bytes for shard in about.shards):,}",
    "source": about.source or "not said",
    "licence": about.licence or "not said",
    "origin": about.origin or "not kept",
  }
  for name, value in facts.items():
    print(f"{name:8}  {value}")
  _print_all("rules", about.filters)
  _print_all("counts", about.counts)


def _print_all(title: str, values: dict[str, Any]) -> None:
  """Prints named values under a title."""
  if not values:
    return
  print(title)
  width = max(map(len, values))
  for name, value in list(values.items())[:_MOST_LINES]:
    shown = f"{value:,}" if isinstance(value, int) else _shown(value, 200)
    print(f"  {name:{width}}  {shown}")
  if len(values) > _MOST_LINES:
    print(f"  ... and {len(values) - _MOST_LINES} more")


def _numbers(given: Sequence[str], size: int) -> list[int]:
  """The numbers that were given."""
  for number in given:
    if not number.strip().isdigit() or int(number) >= size:
      raise program.BadInput(
        f"--numbers={number} is no record; wanted numbers from 0 to {size - 1}"
      )
  return list(map(int, given))


def _shown(value: Any, chars: int) -> str:
  """A value in one line."""
  text = " ".join(str(value).split())
  return text if not chars or len(text) <= chars else text[:chars] + "..."


if __name__ == "__main__":
  define_flags()
  program.run(main)
