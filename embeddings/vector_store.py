"""Vectors on disk, [N, E], as zarr3 through tensorstore.

    store = vector_store.create(folder, 10_000, 384, "float16", 4_096)
    store.write(0, vectors)  # whole chunks: others may write the next at once
    vector_store.open(folder).read(20, 30)  # [10, E]

A chunk holds whole vectors. What is written is on the disk when `write`
returns, and the same vectors are the same bytes. Other programs read the folder
with any zarr 3 library.
"""

import builtins
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorstore

from data import program

CHUNK_BYTES = 4 * 2**20
DTYPES = ("float32", "float16")


class VectorStore:
  """Vectors that are open for reading, and for writing where they are made.

  Args:
    folder: where they are.
    array: as tensorstore has it open.
  """

  def __init__(self, folder: pathlib.Path, array: Any):
    self.folder, self._array = folder, array

  def __len__(self) -> int:
    return self.shape[0]

  @property
  def shape(self) -> tuple[int, int]:
    """N and E."""
    count, width = self._array.shape
    return int(count), int(width)

  @property
  def dtype(self) -> np.dtype:
    """Of the numbers."""
    return np.dtype(self._array.dtype.numpy_dtype)

  @property
  def chunk_rows(self) -> int:
    """Vectors in a file."""
    return int(self._array.chunk_layout.write_chunk.shape[0])

  def read(self, start: int, stop: int) -> np.ndarray:
    """The vectors from `start` to before `stop`, [stop - start, E].

    Raises:
      program.BadInput: if a file of them is gone or cut short.
    """
    try:
      return self._array[start:stop].read().result()
    except ValueError as error:
      if program.is_disk_full(error):
        raise
      raise program.BadInput(
        f"{self.folder} has lost vectors {start:,} to {stop:,} "
        f"({_reason(error)}); remove it and encode the texts again"
      ) from error

  def __getitem__(self, rows: builtins.slice) -> np.ndarray:
    """The vectors of a slice without steps; see `read`."""
    start, stop, step = rows.indices(len(self))
    assert step == 1, rows
    return self.read(start, max(start, stop))

  def write(self, start: int, vectors: np.ndarray) -> None:
    """Writes vectors [n, E] from `start` on, and waits until the disk has them.

    Two processes may write at once where they share no chunk.
    """
    self.begin_write(start, vectors)()

  def begin_write(self, start: int, vectors: np.ndarray) -> Callable[[], None]:
    """As `write`, but gives what waits until the disk has them.

    Until then the vectors must stay as they are.
    """
    stop = start + len(vectors)
    assert vectors.dtype == self.dtype, (vectors.dtype, self.dtype)
    assert vectors.shape[1:] == self.shape[1:], (vectors.shape, self.shape)
    assert 0 <= start <= stop <= len(self), (start, stop, len(self))
    return self._array[start:stop].write(vectors).result


def create(
  folder: str | os.PathLike[str],
  count: int,
  width: int,
  dtype: str,
  chunk_rows: int,
) -> VectorStore:
  """New vectors, or those that were begun with the same arguments.

  Args:
    folder: for them alone.
    count: N.
    width: E.
    dtype: one of DTYPES.
    chunk_rows: vectors in a file.

  Returns:
    The store; vectors that were never written cannot be read.

  Raises:
    ValueError: if others were begun there.
  """
  assert dtype in DTYPES, dtype
  assert min(count, width, chunk_rows) > 0, (count, width, chunk_rows)
  metadata = {
    "shape": [count, width],
    "data_type": dtype,
    "fill_value": 0.0,
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "chunk_grid": {
      "name": "regular",
      "configuration": {"chunk_shape": [chunk_rows, width]},
    },
  }
  path = pathlib.Path(folder)
  spec = {**_spec(path), "metadata": metadata}
  array = tensorstore.open(spec, open=True, create=True).result()
  return VectorStore(path, array)


def open(folder: str | os.PathLike[str]) -> VectorStore:
  """Vectors that `create` and `write` have put there.

  Raises:
    program.BadInput: if there are none, or they are not rows of numbers.
  """
  path = pathlib.Path(folder)
  try:
    array = tensorstore.open(_spec(path), open=True).result()
  except ValueError as error:
    raise program.BadInput(
      f"{folder} holds no vectors ({_reason(error)}); write them with "
      "`python -m tools.encode`"
    ) from error
  dtype = array.dtype.name
  if array.rank != 2 or dtype not in DTYPES:
    raise program.BadInput(
      f"{folder} holds {dtype} of shape {array.shape}, wanted [N, E] of "
      f"{' or '.join(DTYPES)}; write them with `python -m tools.encode`"
    )
  return VectorStore(path, array)


def chunk_rows_of(width: int, dtype: str, most: int) -> int:
  """How many vectors fill about CHUNK_BYTES: a power of two, or `most`.

  >>> chunk_rows_of(384, "float32", 16_384), chunk_rows_of(384, "float32", 10)
  (2048, 10)
  """
  rows = max(CHUNK_BYTES // (width * np.dtype(dtype).itemsize), 1)
  return min(1 << (rows.bit_length() - 1), most)


def _spec(path: pathlib.Path) -> dict[str, Any]:
  """Where the vectors are, in tensorstore's words."""
  return {
    "driver": "zarr3",
    "kvstore": {"driver": "file", "path": str(path.absolute())},
    # Else vectors that are lost, or of zeros alone, would both be no file.
    "store_data_equal_to_fill_value": True,
    "fill_missing_data_reads": False,
  }


def _reason(error: Exception) -> str:
  """What tensorstore says is wrong, without all that it was told."""
  return re.sub(r"\s*\[\w+=.*", "", str(error), flags=re.DOTALL)[:200]
