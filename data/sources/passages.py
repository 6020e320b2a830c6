"""Texts by their ids, on disk: a collection of passages, or its queries.

    passages = passages_lib.Passages(folder)
    yield from passages.fill(rows_of_ids_and_texts)
    passages.text("p7")

Memory is 24 bytes a text when they are looked up, and twice as much while they
are sorted: MS MARCO's 8.8 million passages take 210 MB, then 420. Ids are known
by 64 bits of a hash.
"""

import array
import mmap
import pathlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import xxhash

from data.sources import rows


def hash_name(name: str) -> int:
  """The 64 bits by which an id is known."""
  return xxhash.xxh3_64_intdigest(name.encode())


class Passages:
  """Texts, filled once and then looked up.

  Args:
    folder: is made; takes one file with all texts.
  """

  def __init__(self, folder: pathlib.Path):
    folder.mkdir(parents=True, exist_ok=True)
    self._path = folder / "texts"
    self._names = np.zeros(0, np.uint64)
    self._starts = np.zeros(0, np.uint64)
    self._ends = np.zeros(0, np.uint64)
    self._bytes: bytes | mmap.mmap = b""

  def __len__(self) -> int:
    return len(self._names)

  def fill(
    self,
    found: Iterable[rows.Row],
    wanted: Callable[[int], bool] = lambda _: True,
  ) -> Iterator[rows.Row]:
    """Takes all texts; gives back the rows with a fault.

    Args:
      found: rows with the values id and text. Of an id that comes again, the
        first text stays.
      wanted: whether the text of an id is needed, by `hash_name`.
    """
    names, starts, end = array.array("Q"), array.array("Q", [0]), 0
    with self._path.open("wb") as file:
      for row in found:
        if row.fault:
          yield row
          continue
        name = hash_name(row.values[0])
        if wanted(name):
          encoded = row.values[1].encode()
          file.write(encoded)
          end += len(encoded)
          names.append(name)
          starts.append(end)
    self._index(names, starts)

  def text(self, name: str) -> str | None:
    """The text of an id, or None where there is none."""
    hashed = np.uint64(hash_name(name))
    place = int(np.searchsorted(self._names, hashed))
    if place == len(self._names) or self._names[place] != hashed:
      return None
    start, end = int(self._starts[place]), int(self._ends[place])
    return self._bytes[start:end].decode()

  def _index(self, names: array.array, starts: array.array) -> None:
    """Sorts the ids, so that they can be looked up."""
    if not names:
      return
    hashes = np.frombuffer(names, np.uint64)
    bounds = np.frombuffer(starts, np.uint64)
    order = np.argsort(hashes, kind="stable")  # The first of equals is found.
    self._names, self._starts = hashes[order], bounds[:-1][order]
    self._ends = bounds[1:][order]
    if bounds[-1]:
      with self._path.open("rb") as file:
        self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
