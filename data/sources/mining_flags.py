"""The flags that all miners have."""

import dataclasses
import pathlib

from absl import flags

from data import engine
from data import machine
from data import program
from data.cleaning import copy_flags
from data.cleaning import flags as cleaning_flags
from data.cleaning import rules as rules_lib

GIGABYTE = 10**9


@dataclasses.dataclass(frozen=True)
class Settings:
  """What the flags say.

  Attributes:
    engine: that joins and sorts.
    processes: that parse and clean.
    max_bad_share: the most rows of a dump that may be bad.
    sample: the share of the records that is kept.
    rules: of cleaning.
    copies: of records, which are left out.
    name: prefix of the data sets' names; "" for the miner's.
    licence: of the texts; "" for what the miner says.
  """

  engine: engine.Settings
  processes: int
  max_bad_share: float = 0.01
  sample: float = 1.0
  rules: rules_lib.Rules = dataclasses.field(default_factory=rules_lib.Rules)
  copies: copy_flags.Settings = dataclasses.field(
    default_factory=copy_flags.Settings
  )
  name: str = ""
  licence: str = ""


def define() -> None:
  """The flags of every miner; at import they would clash with others'."""
  flags.DEFINE_string("out", "", "The folder to write data sets into.")
  flags.DEFINE_list("in", [], "Files of the dump, archives, or folders.")
  flags.DEFINE_string("name", "", "Of the data sets; the miner's own if none.")
  flags.DEFINE_string("licence", "", "Of the texts, if it is another.")
  flags.DEFINE_enum("engine", "duckdb", engine.NAMES, "What joins and sorts.")
  flags.DEFINE_string("master", "", "A Spark cluster: spark://HOST:7077.")
  flags.DEFINE_float(
    "memory_gb",
    0.0,
    "For tables in memory; 0 for a quarter of the machine's.",
    0.0,
  )
  flags.DEFINE_integer("processes", 0, "That parse; 0 for one a core.", 0)
  flags.DEFINE_float(
    "max_bad_share", 0.01, "The most rows that may be bad.", 0.0, 1.0
  )
  flags.DEFINE_float("sample", 1.0, "The share of records to keep.", 0.0, 1.0)
  copy_flags.define()
  cleaning_flags.define()


def read() -> Settings:
  """What the flags say.

  Raises:
    program.BadInput: if they do not fit together.
  """
  given = flags.FLAGS
  processes = given.processes or machine.cores()
  engines = engine.Settings(
    name=given.engine,
    master=given.master,
    memory_bytes=int(given.memory_gb * GIGABYTE),
    processes=processes,
  )
  engine.check(engines)
  if not given.sample:
    raise program.BadInput("--sample=0 keeps no record, wanted a share above 0")
  return Settings(
    engine=engines,
    processes=processes,
    max_bad_share=given.max_bad_share,
    sample=given.sample,
    rules=cleaning_flags.read(),
    copies=copy_flags.read(),
    name=given.name,
    licence=given.licence,
  )


def out() -> pathlib.Path:
  """The folder to write.

  Raises:
    program.BadInput: if it was not given.
  """
  program.require(flags.FLAGS.out, "out", "runs/mined")
  return pathlib.Path(flags.FLAGS.out).expanduser().resolve()


def dumps() -> list[str]:
  """The names of the dump's files, as raw.find takes them.

  Raises:
    program.BadInput: if none was given.
  """
  found = flags.FLAGS["in"].value or []
  program.require(found, "in", "dump/Posts.xml")
  return found
