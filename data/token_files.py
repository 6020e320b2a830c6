"""The files of a token cache, and the stamp of what is in them.

    DATASET/tokens/STAMP/
      ids          ids of all texts end to end: uint16, or uint32 where the
                   vocabulary is larger
      texts        uint64 [texts + 1, 2]: where each text starts in `ids`, and
                   the identity of the text without its prompt
      first        uint64 [records + 1]: the number of each record's first
                   text; only where records have unequal numbers of texts
      scores       float32 [texts - records]: of each text but a record's
                   first; only for scored kinds
      groups       uint64 [records]: the hash of the group; only for `grouped`
      tokens.json  stamp, counts, sizes and checksums; written last

The last row of `texts` and of `first` is an end, so that the next row tells
how long a text or a record is.
"""

import dataclasses
import hashlib
import json
import pathlib

from data import atomic
from data import growing
from data import kinds
from data import program
from data import records
from data import tokens

VERSION = 1
FILE = "tokens.json"

# The numbers of each file but `ids`, and how many stand in a row.
_LAYOUT = {
  "texts": ("uint64", 2),
  "first": ("uint64", 1),
  "scores": ("float32", 1),
  "groups": ("uint64", 1),
}
# The files of what stands behind the texts of a record; see kinds.TAIL.
_TAIL = {"score": ("scores",), "scores": ("scores",), "group": ("groups",)}


@dataclasses.dataclass(frozen=True)
class Stamp:
  """What the tokens of a cache depend on.

  Attributes:
    version: of this layout.
    tokenizer: its fingerprint.
    max_length: most tokens a text.
    prompts: in front of a record's first, second and further texts.
    data: a digest of the data set's shards.
  """

  version: int
  tokenizer: str
  max_length: int
  prompts: tuple[str, ...]
  data: str

  @property
  def name(self) -> str:
    """The stamp as the name of a folder."""
    content = json.dumps(dataclasses.asdict(self), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]

  def differences(self, other: "Stamp") -> list[str]:
    """In what the other stamp, that is found, is not this one."""
    wanted, found = dataclasses.asdict(self), dataclasses.asdict(other)
    return [
      f"{key} {found[key]!r} in place of {wanted[key]!r}"
      for key in wanted
      if found[key] != wanted[key]
    ]


@dataclasses.dataclass(frozen=True)
class Contents:
  """What tokens.json says.

  Attributes:
    stamp: what the tokens depend on.
    records: of the data set.
    texts: in all records.
    tokens: in all texts.
    skipped: bad records that the next good one stands for.
    ids_dtype: of the file `ids`.
    files: by name.
  """

  stamp: Stamp
  records: int
  texts: int
  tokens: int
  skipped: int
  ids_dtype: str
  files: dict[str, growing.File]

  @property
  def bytes(self) -> int:
    """The size of all files."""
    return sum(file.bytes for file in self.files.values())


def stamp_of(
  data_set: records.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts,
) -> Stamp:
  """The stamp that a data set's cache must have."""
  return Stamp(
    version=VERSION,
    tokenizer=tokenizer.fingerprint,
    max_length=tokenizer.max_length,
    prompts=tuple(prompts),
    data=data_set.manifest.digest,
  )


def folder_of(data_set: records.DataSet, stamp: Stamp) -> pathlib.Path:
  """Where the cache of this stamp stands, if there is one."""
  return data_set.folder / "tokens" / stamp.name


def is_whole(folder: pathlib.Path) -> bool:
  """Whether a folder is a cache that was written to its end."""
  return (folder / FILE).exists()


def names_of(kind: str) -> tuple[str, ...]:
  """The files of a cache beside tokens.json, for a kind of data set."""
  first = ("first",) if kind in kinds.LISTS else ()
  return ("ids", "texts", *first, *_TAIL.get(kinds.TAIL.get(kind, ""), ()))


def layout_of(name: str, ids_dtype: str) -> tuple[str, int]:
  """The dtype of a file's numbers, and how many make a row."""
  return _LAYOUT.get(name, (ids_dtype, 1))


def read(folder: pathlib.Path) -> Contents:
  """What a cache's tokens.json says.

  Raises:
    program.BadInput: if it is missing or not of this schema.
  """
  path = folder / FILE
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
    stamp = content.pop("stamp")
    files = content.pop("files")
    return Contents(
      stamp=Stamp(**stamp | {"prompts": tuple(stamp["prompts"])}),
      files={name: growing.File(**file) for name, file in files.items()},
      **content,
    )
  except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
    raise program.BadInput(
      f"{path} is not the {FILE} of a token cache ({error}); remove {folder} "
      "and write it again with `python -m data.pretokenize`"
    ) from error


def write(folder: pathlib.Path, contents: Contents) -> None:
  """Writes tokens.json, which makes the folder a cache."""
  text = json.dumps(dataclasses.asdict(contents), indent=2, ensure_ascii=False)
  atomic.write_text(folder / FILE, text + "\n")
