"""Writes a token cache chunk by chunk, and goes on where it was stopped.

The files grow in `tokens/.STAMP.partial/`. Every few seconds they are brought
to the disk, and then a journal says how far they go. After a kill they are cut
back to that, and what follows is the same bytes again. The files are described
in data/token_files.py.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import shutil
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import BinaryIO

import numpy as np

from data import atomic
from data import program
from data import ragged
from data import token_chunks
from data import token_files

JOURNAL_FILE = "journal.json"
JOURNAL_S = 5.0  # So much work a kill undoes.


@dataclasses.dataclass
class Journal:
  """How far the files go, and the bad records that were met on the way."""

  records: int = 0
  texts: int = 0
  tokens: int = 0
  bad: Sequence[token_chunks.Bad] = ()


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
    self._folder, self._partial = folder, _partial(folder)
    self._names, self._ids_dtype = token_files.names_of(kind), ids_dtype
    self._files: dict[str, BinaryIO] = {}
    self.written = journal(folder)

  def __enter__(self) -> "Writer":
    self._partial.mkdir(parents=True, exist_ok=True)
    if any(
      _size(self._partial / name) < size for name, size in self._sizes().items()
    ):
      program.note_line(f"{self._partial} has lost bytes: starting again")
      self.written = Journal()
    self._digests = {}
    for name, size in self._sizes().items():
      path = self._partial / name
      self._files[name] = path.open("ab")
      self._files[name].truncate(size)
      self._digests[name] = token_files.digest(path)
    self._last_s = time.monotonic()
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
        self._keep()
    for file in self._files.values():
      with contextlib.suppress(OSError):  # What counted was flushed before.
        file.close()

  def append(self, chunk: token_chunks.Chunk) -> None:
    """Writes the next records."""
    written = self.written
    start = written.tokens + ragged.starts(chunk.lengths)
    self._put("ids", chunk.ids)
    self._put("texts", _rows(start, chunk.identity))
    if "first" in self._names:
      first = written.texts + ragged.starts(chunk.counts)
      self._put("first", first.astype(np.uint64))
    if "scores" in self._names:
      self._put("scores", chunk.scores)
    # Counted when all is written: a kill or an error may come in between.
    self.written = Journal(
      written.records + len(chunk.counts),
      written.texts + len(chunk.lengths),
      written.tokens + len(chunk.ids),
      [*written.bad, *chunk.bad],
    )
    if time.monotonic() - self._last_s >= JOURNAL_S:
      self._keep()

  def finish(self, stamp: token_files.Stamp) -> None:
    """Writes the ends and tokens.json, and puts the cache in its place.

    Args:
      stamp: what the tokens depend on.
    """
    written = self.written
    self._put("texts", _rows(np.array([written.tokens]), np.zeros(1)))
    if "first" in self._names:
      self._put("first", np.array([written.texts], np.uint64))
    self._flush()
    contents = token_files.Contents(
      stamp=stamp,
      records=written.records,
      texts=written.texts,
      tokens=written.tokens,
      # One may have been met twice, as itself and in the place of another.
      skipped=len({(file, record) for file, record, _ in written.bad}),
      ids_dtype=self._ids_dtype,
      files={
        name: token_files.File(_size(self._partial / name), digest.hexdigest())
        for name, digest in self._digests.items()
      },
    )
    token_files.write(self._partial, contents)
    place(self._folder)

  def _put(self, name: str, numbers: np.ndarray) -> None:
    """Appends to one file."""
    content = numbers.tobytes()
    self._files[name].write(content)
    self._digests[name].update(content)

  def _sizes(self) -> dict[str, int]:
    """The bytes of each file, as far as records are counted."""
    written = self.written
    rows = dict.fromkeys(self._names, written.records)
    rows |= {"ids": written.tokens, "texts": written.texts}
    sizes = {}
    for name, count in rows.items():
      dtype, width = token_files.layout_of(name, self._ids_dtype)
      sizes[name] = count * width * np.dtype(dtype).itemsize
    return sizes

  def _keep(self) -> None:
    """Brings the files to the disk, and then says so."""
    self._flush()
    text = json.dumps(dataclasses.asdict(self.written)) + "\n"
    atomic.write_text(self._partial / JOURNAL_FILE, text)
    self._last_s = time.monotonic()

  def _flush(self) -> None:
    """Brings the files to the disk."""
    for file in self._files.values():
      file.flush()
      os.fsync(file.fileno())


def journal(folder: pathlib.Path) -> Journal:
  """How far a stopped run came with the cache of this folder."""
  path = _partial(folder) / JOURNAL_FILE
  try:
    return Journal(**json.loads(path.read_text(encoding="utf-8")))
  except (OSError, ValueError, TypeError):
    return Journal()  # None, or one that the power left half written.


def place(folder: pathlib.Path) -> bool:
  """Puts a cache in its place if it is whole; a kill may have come before.

  Returns:
    Whether the cache stands there now.
  """
  partial = _partial(folder)
  if token_files.is_whole(partial):
    shutil.rmtree(folder, ignore_errors=True)  # What is there is no cache.
    (partial / JOURNAL_FILE).unlink(missing_ok=True)
    partial.rename(folder)
  return token_files.is_whole(folder)


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[None]:
  """Keeps others out of a data set's token folder while the block runs.

  Raises:
    program.BadInput: if another process is at work there, or nothing can be
      written there.
  """
  try:
    folder.mkdir(exist_ok=True)
    lock = (folder / "lock").open("a")
  except OSError as error:
    if program.is_disk_full(error):
      raise
    raise program.BadInput(
      f"cannot write to {folder} ({error}); change its mode, or copy the data "
      "set to a place that can be written to"
    ) from error
  with lock:
    try:
      fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise program.BadInput(
        f"{folder} is being written by another process; wait for it or stop it"
      ) from None
    yield


def _partial(folder: pathlib.Path) -> pathlib.Path:
  """Where a cache grows."""
  return folder.with_name(f".{folder.name}.partial")


def _size(path: pathlib.Path) -> int:
  """The bytes of a file, 0 if there is none."""
  return path.stat().st_size if path.exists() else 0


def _rows(start: np.ndarray, identity: np.ndarray) -> np.ndarray:
  """Rows of the file `texts`."""
  return np.stack([start.astype(np.uint64), identity.astype(np.uint64)], 1)
