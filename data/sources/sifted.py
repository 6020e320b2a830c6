"""Rows of files, sifted and written as a data set folder.

    sifted.write(inputs, out, shape=shape, rules=rules, about=about)

Memory is that of the sieve: 12 to 24 bytes a record to know the repeated ones.
"""

import pathlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from data import program
from data import records
from data.sources import rows
from data.sources import sieve


class Input(NamedTuple):
  """The rows of one file.

  Attributes:
    name: of the file.
    rows: read as they are asked for.
    place: names a row by its number, for messages.
  """

  name: str
  rows: Iterable[rows.Row]
  place: Callable[[int], str]


class Shape(NamedTuple):
  """What a record is.

  Attributes:
    columns: the names of its values.
    origin: what the origins of the records are; "" where they have none.
  """

  columns: tuple[str, ...]
  origin: str = ""


class About(NamedTuple):
  """What a data set says of itself.

  Attributes:
    name: its name in mixtures and reports.
    source: where the texts come from.
    licence: under which terms.
    settings: of whatever read the rows, beside the sieve's rules.
    remedy: what to look at where no record is left.
  """

  name: str
  source: str = ""
  licence: str = ""
  settings: Mapping[str, Any] = {}
  remedy: str = "check the file"


def write(
  inputs: Sequence[Input],
  out: pathlib.Path,
  *,
  shape: Shape,
  rules: sieve.Rules,
  about: About,
) -> dict[str, Any]:
  """Writes the data set of some files' rows.

  Args:
    inputs: read in this order.
    out: the folder to write; it appears when all is read.
    shape: what a record is.
    rules: which rows are taken.
    about: what the data set says of itself.

  Returns:
    What a program's last line says.

  Raises:
    program.BadInput: if a file cannot be read, more rows than may be are bad,
      or no record is left.
  """
  start, sifted = time.monotonic(), sieve.Sieve(rules)
  writer = records.Writer(
    out,
    name=about.name,
    kind=rules.kind,
    columns=shape.columns,
    source=about.source,
    licence=about.licence,
    filters={**about.settings, **rules.as_dict()},
    origin=shape.origin,
  )
  with writer, program.progress(None, unit="rows", label="reading") as bar:
    for name, found, place in inputs:
      for row in found:
        for record in sifted.sift(row, place):
          writer.write(record, origin=row.origin if shape.origin else None)
        bar.advance(1, name.rpartition("/")[2])
    sifted.check()
    if not sifted.kept:
      raise program.BadInput(_nothing_left(inputs, sifted, about.remedy))
    writer.counts = {"read": sifted.read, "kept": sifted.kept, **sifted.dropped}
  return {
    "out": str(out),
    "kind": rules.kind,
    "records": sifted.kept,
    "datasets": {about.name: sifted.kept},
    "read": sifted.read,
    "dropped": dict(sifted.dropped),
    "seconds": round(time.monotonic() - start, 1),
  }


def check_place(paths: Iterable[pathlib.Path], out: pathlib.Path) -> None:
  """Raises BadInput if a file is in the folder that will be replaced."""
  for path in paths:
    if out.resolve() in path.resolve().parents:
      raise program.BadInput(
        f"{path} is inside --out={out}, which will be replaced; move it away"
      )


def _nothing_left(
  inputs: Sequence[Input], sifted: sieve.Sieve, remedy: str
) -> str:
  """Says why no record is left."""
  where = inputs[0].name if len(inputs) == 1 else f"{len(inputs)} files"
  reasons = ", ".join(f"{n} {reason}" for reason, n in sifted.dropped.items())
  fault = (
    f"; the first bad one: {sifted.first_fault}" if sifted.first_fault else ""
  )
  return (
    f"no record is left of {sifted.read} in {where} ({reasons or 'no rows'})"
    f"{fault}; nothing was written: {remedy}"
  )
