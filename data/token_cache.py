"""The tokens of a data set as `python -m data.pretokenize` wrote them.

    cache = token_cache.TokenCache(data_set, tokenizer, prompts)
    texts = cache.look(records, columns)  # starts, lengths and identities
    cache.ids(texts.start[:, 0], texts.length[:, 0])  # ids, end to end

Lengths and identities of any texts cost a few reads, ids are read only where
they are asked for. The files are in data/token_files.py.
"""

import functools
import mmap
import os
import pathlib
import shlex
from typing import NamedTuple

import numpy as np

from data import program
from data import ragged
from data import records as records_lib
from data import token_files
from data import tokens

# A map keeps a file descriptor, and a mixture may have hundreds of data sets:
# these many are open in a process, those of 128 data sets of pairs.
_OPEN_FILES = 256

# The pages of larger files are let go after each read. They are the system's
# to take back in any case, but schedulers that watch a job's memory count them.
_KEPT_BYTES = 16 * 2**20


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
      _check_size(self.folder / name, file)

  def counts(
    self,
    records: np.ndarray,  # [N]
  ) -> np.ndarray:
    """How many texts each of these records has, int64 [N]."""
    if self._kind != "triplets":
      return np.full(len(records), 2)
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
  ) -> np.ndarray:
    """The scores of these records, float32 [N]; 0 where the kind has none."""
    if self._kind != "scored":
      return np.zeros(len(records), np.float32)
    return self._file("scores")[records].astype(np.float32)

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
      found = token_files.digest(self.folder / name).hexdigest()
      if found != file.xxh3_128:
        raise program.BadInput(
          f"{self.folder / name} has xxh3-128 {found[:12]}..., wanted "
          f"{file.xxh3_128[:12]}...; remove {self.folder} and write it again "
          "with `python -m data.pretokenize`"
        )

  def _first(self, records: np.ndarray) -> np.ndarray:
    """The number of each record's first text, int64 [N]."""
    assert len(records) == 0 or records.min() >= 0, records.min()
    if self._kind != "triplets":
      return records.astype(np.int64) * 2
    return self._file("first")[records].astype(np.int64)

  def _file(self, name: str) -> "_Map":
    """One file, open; it may have been closed since it was last asked for."""
    layout = token_files.layout_of(name, self.contents.ids_dtype)
    return _open(str(self.folder / name), *layout)


class _Map:
  """A file of numbers in memory, read here and there."""

  def __init__(self, path: str, dtype: str, width: int):
    self._numbers = np.zeros(0, dtype)
    self._memory: mmap.mmap | None = None
    with open(path, "rb") as file:
      self._bytes = os.fstat(file.fileno()).st_size
      if self._bytes:  # A file without a byte cannot be mapped.
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        memory.madvise(mmap.MADV_RANDOM)  # Reading ahead would be in vain.
        self._numbers = np.frombuffer(memory, dtype)
        self._memory = memory
    if width > 1:
      self._numbers = self._numbers.reshape(-1, width)

  def __getitem__(self, index: np.ndarray) -> np.ndarray:
    """A copy of what stands at these places."""
    picked = self._numbers[index]
    if self._memory is not None and self._bytes > _KEPT_BYTES:
      self._memory.madvise(mmap.MADV_DONTNEED)
    return picked


@functools.lru_cache(maxsize=_OPEN_FILES)
def _open(path: str, dtype: str, width: int) -> _Map:
  """The map of a file; the least recently used ones close."""
  return _Map(path, dtype, width)


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


def _check_size(path: pathlib.Path, file: token_files.File) -> None:
  """Raises BadInput unless the file is there and as long as it was."""
  found = path.stat().st_size if path.exists() else None
  if found != file.bytes:
    size = "is missing" if found is None else f"has {found:,} bytes"
    raise program.BadInput(
      f"{path} {size}, wanted {file.bytes:,} bytes; remove {path.parent} and "
      "write it again with `python -m data.pretokenize`"
    )
