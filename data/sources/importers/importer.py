"""What an importer is: how the files of one published format become rows.

Each module of this folder has one, and data/sources/importing.py makes a
program of it.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from data import program
from data.sources import raw
from data.sources import rows

Options = Mapping[str, Any]
# A file, the options, and a folder for what memory should not hold.
Read = Callable[[raw.File, Options, pathlib.Path], Iterator[rows.Row]]


class Option(NamedTuple):
  """A flag of an importer's own.

  Attributes:
    name: of the flag.
    default: a text, a whole number or a number; its type is the flag's.
    help: one line.
    choices: the texts that it may be; none for any.
    low, high: the least and the most that a whole number may be.
  """

  name: str
  default: str | int | float
  help: str
  choices: tuple[str, ...] = ()
  low: int | None = None
  high: int | None = None


@dataclasses.dataclass(frozen=True)
class Importer:
  """How the files of one format become rows.

  Attributes:
    name: the module's.
    kinds: what records may be, the usual kind first, and their columns.
    wanted: patterns of the files' names in folders and archives, where
      `{option}` stands for the value of that option.
    read: the rows of a file; options have "kind" beside the importer's own.
    options: flags of its own.
    origin: what the origins of its records are; "" where they have none.
    unit: what a row's number counts.
    kind_of: the kind that a file is fit for; None for the usual one.
  """

  name: str
  kinds: Mapping[str, tuple[str, ...]]
  wanted: tuple[str, ...]
  read: Read
  options: tuple[Option, ...] = ()
  origin: str = ""
  unit: str = "line"
  kind_of: Callable[[raw.File], str] | None = None

  @property
  def kind(self) -> str:
    """The usual kind of its records."""
    return next(iter(self.kinds))

  @property
  def columns(self) -> tuple[str, ...]:
    """The columns of that kind."""
    return self.kinds[self.kind]

  def settings(self, given: Options) -> dict[str, Any]:
    """All options, by name: those given, and the others as they are.

    Raises:
      program.BadInput: for one that there is not, or a value that cannot be.
    """
    known = {option.name: option for option in self.options}
    for name, value in given.items():
      if name not in known:
        raise program.BadInput(
          f"{self.name} has no option {name!r}, only "
          f"{', '.join(known) or 'none'}; leave it out"
        )
      choices = known[name].choices
      if choices and value not in choices:
        raise program.BadInput(
          f"--{name}={value}: wanted one of {', '.join(choices)}"
        )
    return {option.name: option.default for option in self.options} | dict(
      given
    )
