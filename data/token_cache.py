"""The tokens of a data set as `python -m data.pretokenize` wrote them.

    cache = token_cache.TokenCache(data_set, tokenizer, prompts)
    texts = cache.look(records, columns)  # starts, lengths and identities
    cache.ids(texts.start[:, 0], texts.length[:, 0])  # ids, end to end

Lengths and identities of any texts cost a few reads, ids are read only where
they are asked for. The files are in data/token_files.py.
"""

import pathlib
import shlex
from typing import NamedTuple

import numpy as np

from data import growing
from data import kinds
from data import mapped
from data import program
from data import ragged
from data import records as records_lib
from data import token_files
from data import tokens

_PROGRAM = "python -m data.pretokenize"


class Texts(NamedTuple):
  """Where texts stand in a cache, and which they are."""

  start: np.ndarray  # int64 [N, C], in `ids`
  length: np.ndarray  # int64 [N, C], in tokens; 0 for none
  identity: np.ndarray  # uint64 [N, C]; 0 for none


class TokenCache:
  """The token cache of one data set, read in any order.

  It can be pickled, and read by many threads.

  Args:
    data_set: whose texts.
    tokenizer: that cut them, and at which length.
    prompts: that stood before them.

  Raises:
    program.BadInput: if there is none, and says in what those that are there
      differ; or names the file that is not as long as it was.
  """

  def __init__(
    self,
    data_set: records_lib.DataSet,
    tokenizer: tokens.Tokenizer,
    prompts: tokens.Prompts,
  ):
    stamp = token_files.stamp_of(data_set, tokenizer, prompts)
    self.folder = token_files.folder_of(data_set, stamp)
    if not token_files.is_whole(self.folder):
      raise program.BadInput(_missing(data_set, stamp, tokenizer.folder))
    self.contents = token_files.read(self.folder)
    self._kind = data_set.manifest.kind
    for name, file in self.contents.files.items():
      growing.check_size(self.folder / name, file, _PROGRAM)

  def counts(
    self,
    records: np.ndarray,  # [N]
  ) -> np.ndarray:
    """How many texts each of these records has, int64 [N]."""
    if self._kind in kinds.TEXTS:
      return np.full(len(records), kinds.TEXTS[self._kind])
    first = self._file("first")
    return (first[records + 1] - first[records]).astype(np.int64)

  def look(
    self,
    records: np.ndarray,  # [N]
    columns: np.ndarray,  # [N, C]
  ) -> Texts:
    """Where texts stand, how long they are and which they are.

    Args:
      records: numbers of records.
      columns: which text of the record: 0 for its first; -1 for none.

    Returns:
      As many texts as there are columns.
    """
    there = columns >= 0
    assert (columns < self.counts(records)[:, None]).all(), "no such text"
    number = self._first(records)[:, None] + np.where(there, columns, 0)
    texts = self._file("texts")
    row, end = texts[number], texts[number + 1][..., 0]
    start = np.where(there, row[..., 0], 0).astype(np.int64)
    length = np.where(there, end - row[..., 0], 0).astype(np.int64)
    return Texts(start, length, np.where(there, row[..., 1], 0))

  def scores(
    self,
    records: np.ndarray,  # [N]
    columns: np.ndarray,  # [N, C]
  ) -> np.ndarray:
    """The scores of texts, float32 [N, C]; 0 where there are none.

    A record's first text has the score of the second, as theirs is one.
    """
    if kinds.TAIL.get(self._kind) not in ("score", "scores"):
      return np.zeros(columns.shape, np.float32)
    place = (self._first(records) - records)[:, None] + np.maximum(columns, 1)
    found = self._file("scores")[place - 1]
    return np.where(columns >= 0, found, 0).astype(np.float32)

  def groups(
    self,
    records: np.ndarray,  # [N]
  ) -> np.ndarray | None:
    """The hashes of these records' groups, uint64 [N]; None without groups."""
    if kinds.TAIL.get(self._kind) != "group":
      return None
    return self._file("groups")[records]

  def ids(
    self,
    start: np.ndarray,  # [N]
    length: np.ndarray,  # [N]
  ) -> np.ndarray:
    """The ids of texts that `look` found, int32, end to end in this order."""
    shift = start - ragged.starts(length)
    places = np.repeat(shift, length)
    places += np.arange(len(places))
    return self._file("ids")[places].astype(np.int32)

  def verify(self) -> None:
    """Reads all files and compares their checksums with those in tokens.json.

    Raises:
      program.BadInput: names the first file that differs.
    """
    for name, file in self.contents.files.items():
      growing.check_digest(self.folder / name, file, _PROGRAM)

  def _first(self, records: np.ndarray) -> np.ndarray:
    """The number of each record's first text, int64 [N]."""
    assert len(records) == 0 or records.min() >= 0, records.min()
    if self._kind in kinds.TEXTS:
      return records.astype(np.int64) * kinds.TEXTS[self._kind]
    return self._file("first")[records].astype(np.int64)

  def _file(self, name: str) -> mapped.Map:
    """One file, open; it may have been closed since it was last asked for."""
    layout = token_files.layout_of(name, self.contents.ids_dtype)
    return mapped.open_file(str(self.folder / name), *layout)


def available(
  data_set: records_lib.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts,
) -> bool:
  """Whether the data set has the cache that `TokenCache` would open."""
  stamp = token_files.stamp_of(data_set, tokenizer, prompts)
  return token_files.is_whole(token_files.folder_of(data_set, stamp))


def command(
  folder: pathlib.Path, stamp: token_files.Stamp, tokenizer: str
) -> str:
  """The command that writes the cache of this stamp."""
  first, second, further = stamp.prompts
  query, document = (first, second) if further == second else (second, first)
  given = {
    "data": str(folder),
    "tokenizer": tokenizer,
    "max_length": str(stamp.max_length),
    "query_prompt": query,
    "document_prompt": document,
  }
  flags = [f"--{key}={value}" for key, value in given.items() if value]
  flags += ["--swapped"] * (further != second)
  return shlex.join(["python", "-m", "data.pretokenize", *flags])


def _missing(
  data_set: records_lib.DataSet, stamp: token_files.Stamp, tokenizer: str
) -> str:
  """Says that there is no such cache, which there are, and what makes it."""
  folder = token_files.folder_of(data_set, stamp).parent
  found = [
    f"{path.parent.name} has {', '.join(_differences(path.parent, stamp))}"
    for path in sorted(folder.glob(f"[!.]*/{token_files.FILE}"))
  ]
  there = "; ".join(found[:3]) or "it has none yet"
  more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
  return (
    f"data set {data_set.folder} has no token cache of this tokenizer, length "
    f"and prompts ({there}{more}); write it with "
    f"`{command(data_set.folder, stamp, tokenizer)}`"
  )


def _differences(folder: pathlib.Path, stamp: token_files.Stamp) -> list[str]:
  """In what the cache of a folder is not the one that is wanted."""
  return stamp.differences(token_files.read(folder).stamp)
