"""What the catalogue says of a data set.

Counts and weights are the 2021 project's own. It published three lists: the
card of its models of the community week (27 data sets; `table.CARD`), that of
sentence-transformers/all-MiniLM-L6-v2 (32), and data_config.json, the mixture
that the latter was trained with: 290 files, which are 33 data sets here, each
with the number of its lines and its weight.

A data set of several files has the sum of their weights and of their lines:
each file is drawn as often as its weight says, so that together they are drawn
as often as one data set of the sum. Inside it records are then drawn evenly;
there, those of a small site of Stack Exchange came more often than those of a
large one.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

# Where the project put its files.
TRAINING_DATA = "sentence-transformers/embedding-training-data"
NOT_STATED = "not stated"


@dataclasses.dataclass(frozen=True)
class Entry:
  """One data set.

  Attributes:
    name: of the data set's folder and in mixtures.
    title: what its texts are.
    kind: one of data/manifest.py's KINDS.
    published: how many training pairs a card or data_config.json gives it.
    licence: under which terms its texts are; "not stated" where nobody says.
    source: where it was first published.
    weight: in the published mixture; 0 where it is not in it.
    mixture: the files of data_config.json that it is, as patterns.
    repo: the hub's data set that has it; empty if none has.
    files: its files there.
    importer: what reads these files; a name of data/sources/importers/table.py.
    options: what that importer is told.
    original: what reads the files of `source`: an importer too.
    miner: what makes it out of a dump; a module of data/sources.
    how: where that dump is, and what to give the miner, DIR being the folder
      of all data sets.
    mined: the folder below DIR that this makes.
    records: how many records an import makes; 0 for `published`.
    within: by which share of that an import may differ.
    note: why `records` is not `published`, and what else is odd.
  """

  name: str
  title: str
  kind: str
  published: int
  licence: str
  source: str
  weight: int = 0
  mixture: tuple[str, ...] = ()
  repo: str = ""
  files: tuple[str, ...] = ()
  importer: str = ""
  options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  original: str = ""
  miner: str = ""
  how: str = ""
  mined: str = ""
  records: int = 0
  within: float = 0.02
  note: str = ""

  @property
  def expected(self) -> int:
    """How many records an import is to make."""
    return self.records or self.published

  def is_near(self, records: int) -> bool:
    """Whether an import of so many records is what was published."""
    return abs(records - self.expected) <= self.within * self.expected

  @property
  def published_at(self) -> str:
    """Where it is: the hub's page of its data set, or its first place."""
    if self.repo:
      return f"https://huggingface.co/datasets/{self.repo}"
    return self.source


def on_hub(file: str, mixture: str = "", **fields: Any) -> Entry:
  """An entry of one file of embedding-training-data.

  Args:
    file: its name there, without .jsonl.gz.
    mixture: its name in data_config.json, the same if empty.
    fields: the rest of the entry.
  """
  suffix = ".jsonl.gz"
  return Entry(
    repo=TRAINING_DATA,
    files=(file + suffix,),
    importer="embedding_training_data",
    mixture=((mixture or file) + suffix,),
    **fields,
  )
