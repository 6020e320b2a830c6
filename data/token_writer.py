"""Writes a token cache chunk by chunk, and goes on where it was stopped.

The files are described in data/token_files.py, and how they grow, in
data/growing.py.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Sequence
from types import TracebackType

import numpy as np

from data import faults
from data import growing
from data import program
from data import ragged
from data import token_chunks
from data import token_files


@dataclasses.dataclass
class Journal:
  """How far the files go, and the bad records that were met on the way."""

  records: int = 0
  texts: int = 0
  tokens: int = 0
  bad: Sequence[faults.Bad] = ()


class Writer:
  """The files of one cache, open for appending; use it in a `with` block.

  Args:
    folder: where the cache will stand; what a stopped run wrote is kept.
    kind: of the data set.
    ids_dtype: of the file `ids`.

  Attributes:
    written: how far the files go.
  """

  def __init__(self, folder: pathlib.Path, *, kind: str, ids_dtype: str):
    self._folder, self._files = folder, growing.Files(folder)
    self._names, self._ids_dtype = token_files.names_of(kind), ids_dtype
    self.written = journal(folder)

  def __enter__(self) -> "Writer":
    if not self._files.are_as_long(self._sizes()):
      self.written = Journal()
    self._files.open(self._sizes())
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    if error is not None:
      # The first error counts.
      with contextlib.suppress(OSError, program.BadInput):
        self._files.keep(dataclasses.asdict(self.written))
    self._files.close()

  def append(self, chunk: token_chunks.Chunk) -> None:
    """Writes the next records."""
    written = self.written
    start = written.tokens + ragged.starts(chunk.lengths)
    first = written.texts + ragged.starts(chunk.counts)
    found = {
      "ids": chunk.ids,
      "texts": _rows(start, chunk.identity),
      "first": first.astype(np.uint64),
      "scores": chunk.scores,
      "groups": chunk.groups,
    }
    for name in self._names:
      self._files.put(name, found[name].tobytes())
    # Counted when all is written: a kill or an error may come in between.
    self.written = Journal(
      written.records + len(chunk.counts),
      written.texts + len(chunk.lengths),
      written.tokens + len(chunk.ids),
      [*written.bad, *chunk.bad],
    )
    if self._files.is_time():
      self._files.keep(dataclasses.asdict(self.written))

  def finish(self, stamp: token_files.Stamp) -> None:
    """Writes the ends and tokens.json, and puts the cache in its place.

    Args:
      stamp: what the tokens depend on.
    """
    written = self.written
    end = _rows(np.array([written.tokens]), np.zeros(1))
    self._files.put("texts", end.tobytes())
    if "first" in self._names:
      self._files.put("first", np.array([written.texts], np.uint64).tobytes())
    contents = token_files.Contents(
      stamp=stamp,
      records=written.records,
      texts=written.texts,
      tokens=written.tokens,
      # One may have been met twice, as itself and in the place of another.
      skipped=len({(file, record) for file, record, _ in written.bad}),
      ids_dtype=self._ids_dtype,
      files=self._files.flush(),
    )
    token_files.write(growing.partial(self._folder), contents)
    place(self._folder)

  def _sizes(self) -> dict[str, int]:
    """The bytes of each file, as far as records are counted."""
    written = self.written
    rows = {
      "ids": written.tokens,
      "texts": written.texts,
      "scores": written.texts - written.records,
    }
    sizes = {}
    for name in self._names:
      dtype, width = token_files.layout_of(name, self._ids_dtype)
      row_bytes = width * np.dtype(dtype).itemsize
      sizes[name] = rows.get(name, written.records) * row_bytes
    return sizes


def journal(folder: pathlib.Path) -> Journal:
  """How far a stopped run came with the cache of this folder."""
  try:
    return Journal(**growing.journal(folder))
  except TypeError:
    return Journal()  # One of another program.


def place(folder: pathlib.Path) -> bool:
  """Whether the cache stands in its place, now if not before."""
  return growing.place(folder, token_files.FILE)


def _rows(start: np.ndarray, identity: np.ndarray) -> np.ndarray:
  """Rows of the file `texts`."""
  return np.stack([start.astype(np.uint64), identity.astype(np.uint64)], 1)
