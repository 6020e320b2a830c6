"""An index that is searched while others take its place.

    served = serving.Serving("runs/index")
    served.search(["how to read a file"], k=3)

The build that stands in the folder answers. Another that comes into its place
is opened by the first search after that; those that come meanwhile, in other
threads, are answered by the former, as are those that had begun. So no answer
is of two builds, and none waits for longer than it takes to open one. While one
is opened both are in memory.
"""

import os
import pathlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from data import program
from embeddings import hnsw
from embeddings import index
from embeddings import index_about


class Serving:
  """An index by its place; its methods may be called from several threads.

  Args:
    folder: where `index_writer` puts it.
    how: one of index.HOW. With "hnsw", a build that has no graph is not taken.
    tell: is told in one line of each that was taken, or could not be.

  Raises:
    program.BadInput: if there is no index to begin with.
  """

  def __init__(
    self,
    folder: str | os.PathLike[str],
    *,
    how: str = "exact",
    tell: Callable[[str], None] = program.note_line,
  ):
    self._folder, self._how, self._tell = pathlib.Path(folder), how, tell
    self._opening = threading.Lock()
    self._refused: str | None = None  # the build that was told of last
    self._index = index.Index(folder)
    if how == "hnsw":
      assert self._index.graph is not None  # It is read here.

  def search(
    self, queries: Sequence[str], k: int, **options: Any
  ) -> list[list[index.Hit]]:
    """The k documents nearest to each query; see `index.Index.search`."""
    return self.current().search(queries, k, how=self._how, **options)

  def current(self) -> index.Index:
    """The index that answers now, opened if it is new."""
    if index_about.made(self._folder) == self._index.about.made:
      return self._index
    if self._opening.acquire(blocking=False):
      try:
        self._take_new()
      finally:
        self._opening.release()
    return self._index

  def _take_new(self) -> None:
    """Opens the build that stands in the folder, or says why not."""
    former = self._index
    build = index_about.made(self._folder)
    if build == former.about.made:  # Another thread was here before.
      return
    try:
      if self._how == "hnsw" and build:
        hnsw.check(self._folder, build)  # Before all else is read.
      new = index.Index(self._folder, encoder=former.encoder)
      if self._how == "hnsw":
        assert new.graph is not None
    except (program.BadInput, OSError) as error:
      # Each is told of once, but tried again: its graph may be made by now.
      if build != self._refused:
        self._tell(f"the former index answers: {error}")
      self._refused = build
      return
    self._index, self._refused = new, None
    self._tell(f"index replaced: {len(new):,} documents")
