"""What a data set folder says of itself: manifest.json, one schema for all."""

import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Annotated, Any

import msgspec

from data import atomic
from data import program

FILE = "manifest.json"
VERSION = 1
# The kinds of data sets, and the fewest columns of each.
KINDS = {
  "texts": 1,
  "pairs": 2,
  "triplets": 3,
  "scored": 3,
  "scored_triplets": 4,
  "grouped": 3,
}

Count = Annotated[int, msgspec.Meta(ge=0)]
# Of a file beside the manifest: nothing elsewhere is read.
FileName = Annotated[str, msgspec.Meta(pattern=r"^[^/\\]*[^/\\.][^/\\]*$")]


@dataclasses.dataclass(frozen=True)
class Shard:
  """One file of a data set: its name, its records, its size and checksum."""

  file: FileName
  records: Count
  bytes: Count
  sha256: str


@dataclasses.dataclass(frozen=True)
class Manifest:
  """What a data set folder says of itself.

  Attributes:
    name: the data set's name in mixtures and reports.
    kind: one of KINDS; see data/kinds.py.
    columns: names of a record's values, in order.
    shards: the files that hold the records.
    source: where the texts come from.
    licence: under which terms.
    filters: the rules that the records passed, with their settings.
    counts: how many candidates were kept and dropped, by reason.
    origin: what the origin of a record is ("site/question/answer"), if records
      carry theirs; else empty.
    version: of this schema.
  """

  name: str
  kind: str
  columns: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
  shards: tuple[Shard, ...]
  source: str = ""
  licence: str = ""
  filters: dict[str, Any] = dataclasses.field(default_factory=dict)
  counts: dict[str, int] = dataclasses.field(default_factory=dict)
  origin: str = ""
  version: int = VERSION

  @property
  def records(self) -> int:
    """Records in all shards together."""
    return sum(shard.records for shard in self.shards)

  @property
  def digest(self) -> str:
    """A digest of the shards, by their checksums."""
    checksums = "".join(shard.sha256 for shard in self.shards)
    return hashlib.sha256(checksums.encode()).hexdigest()[:16]


def read(folder: str | os.PathLike[str]) -> Manifest:
  """The manifest of a data set folder.

  Raises:
    program.BadInput: if the folder, the manifest or one of its keys is missing
      or not of this schema.
  """
  path = pathlib.Path(folder) / FILE
  if not path.exists():
    raise program.BadInput(
      f"{folder} is not a data set: it has no {FILE}; make one of your own "
      "texts with `python -m data.sources.tabular --in=FILE --out=DIR`"
    )
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
    # The classes know the keys, and msgspec their values' types.
    Manifest(**content)
    for shard in content["shards"]:
      Shard(**shard)
    manifest = msgspec.convert(content, Manifest)
  except (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
  ) as error:
    raise program.BadInput(
      f"{path} is not a manifest of this schema ({error}); write the data set "
      "again with the program that made it"
    ) from error
  if manifest.version != VERSION or manifest.kind not in KINDS:
    raise program.BadInput(
      f"{path} has version {manifest.version} and kind {manifest.kind!r}; "
      f"wanted version {VERSION} and one of {', '.join(KINDS)}: write "
      "the data set again"
    )
  if len(manifest.columns) < KINDS[manifest.kind]:
    raise program.BadInput(
      f"{path} is not a manifest of this schema (the columns "
      f"{', '.join(manifest.columns)} are too few for {manifest.kind}); wanted "
      f"{KINDS[manifest.kind]} or more: write the data set again"
    )
  return manifest


def write(folder: pathlib.Path, manifest: Manifest) -> None:
  """Writes a folder's manifest."""
  text = json.dumps(dataclasses.asdict(manifest), indent=2)
  atomic.write_text(folder / FILE, text + "\n")
