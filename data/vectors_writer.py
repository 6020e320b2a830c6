"""Writes the vectors of a data set, and goes on where it was stopped.

The files are described in data/vectors.py, and how they grow, in
data/growing.py.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from data import faults
from data import growing
from data import kinds
from data import program
from data import ragged
from data import vectors as vectors_lib


@dataclasses.dataclass
class Journal:
  """How far the files go, of what, and the bad records met on the way."""

  about: dict[str, Any]
  records: int = 0
  texts: int = 0
  bad: Sequence[faults.Bad] = ()


class Writer:
  """The files of one folder of vectors; use it in a `with` block.

  Args:
    folder: where they will stand; what a stopped run wrote is kept.
    about: what the vectors depend on.
    kind: of the data set.

  Attributes:
    about: as given.
    written: how far the files go.
  """

  def __init__(
    self, folder: pathlib.Path, about: vectors_lib.About, *, kind: str
  ):
    self._folder, self.about = folder, about
    self._files = growing.Files(folder)
    uneven = kind in kinds.LISTS and about.columns == "all"
    self._names = ("vectors", "first") if uneven else ("vectors",)
    self.written = journal(folder, about)

  def __enter__(self) -> "Writer":
    kept = growing.journal(self._folder).get("records")
    if kept and not self.written.records:
      program.note_line(
        f"{growing.partial(self._folder)} is of other vectors: starting again"
      )
    if not self._files.are_as_long(self._sizes()):
      self.written = Journal(dataclasses.asdict(self.about))
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

  def append(
    self,
    vectors: np.ndarray,  # [sum of counts, V]
    counts: np.ndarray,  # [N]
    bad: Sequence[faults.Bad] = (),
  ) -> None:
    """Writes the vectors of the next records.

    Args:
      vectors: float32, record by record.
      counts: how many each record has.
      bad: records met that others stand for.

    Raises:
      program.BadInput: for a number that is not finite as it would be stored.
    """
    written = self.written
    assert vectors.shape == (counts.sum(), self.about.width), vectors.shape
    content = vectors_lib.stored(vectors, self.about.dtype)
    self._files.put("vectors", content)
    if "first" in self._names:
      first = written.texts + ragged.starts(counts)
      self._files.put("first", first.astype("<u8").tobytes())
    # Counted when all is written: a kill or an error may come in between.
    self.written = Journal(
      written.about,
      written.records + len(counts),
      written.texts + len(vectors),
      [*written.bad, *bad],
    )
    if self._files.is_time():
      self._files.keep(dataclasses.asdict(self.written))

  def finish(self) -> None:
    """Writes the end and vectors.json, and puts the folder in its place."""
    written = self.written
    if "first" in self._names:
      self._files.put("first", np.array([written.texts], "<u8").tobytes())
    contents = vectors_lib.Contents(
      about=self.about,
      records=written.records,
      texts=written.texts,
      # One may have been met twice, as itself and in the place of another.
      skipped=len({(file, record) for file, record, _ in written.bad}),
      files=self._files.flush(),
    )
    vectors_lib.write(growing.partial(self._folder), contents)
    growing.place(self._folder, vectors_lib.FILE)

  def _sizes(self) -> dict[str, int]:
    """The bytes of each file, as far as records are counted."""
    row_bytes = vectors_lib.row_bytes(self.about)
    sizes = {
      "vectors": self.written.texts * row_bytes,
      "first": self.written.records * 8,
    }
    return {name: sizes[name] for name in self._names}


def journal(folder: pathlib.Path, about: vectors_lib.About) -> Journal:
  """How far a stopped run came with vectors like these."""
  wanted = dataclasses.asdict(about)
  try:
    found = Journal(**growing.journal(folder))
    same = msgspec.convert(found.about, vectors_lib.About) == about
  except (TypeError, ValueError):
    return Journal(wanted)  # None, or one of another program.
  return found if same else Journal(wanted)
