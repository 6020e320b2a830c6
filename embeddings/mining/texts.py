"""Many texts in two files, read at random: none of them stays in memory.

NAME.texts     the texts in UTF-8, end to end
NAME.starts    uint64, little-endian, [N + 1]: where each begins
"""

import itertools
import os
import pathlib
from collections.abc import Sequence
from types import TracebackType

import numpy as np

from data import program


class Writer:
  """Writes texts one by one; use it in a `with` block.

  Args:
    path: the files, but for their endings.
  """

  def __init__(self, path: pathlib.Path):
    self._texts = path.with_name(f"{path.name}.texts").open("wb")
    self._starts = path.with_name(f"{path.name}.starts").open("wb")
    self._bytes = 0
    self._put_start()

  def __enter__(self) -> "Writer":
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    self._texts.close()
    self._starts.close()

  def add(self, text: str) -> None:
    """Appends a text.

    Raises:
      program.BadInput: if it has half of a surrogate pair, which UTF-8 has not.
    """
    try:
      encoded = text.encode()
    except UnicodeEncodeError as error:
      raise program.BadInput(
        f"{text[:60]!r} cannot be written as UTF-8 ({error.reason}); mend the "
        "file that it is from"
      ) from error
    self._texts.write(encoded)
    self._bytes += len(encoded)
    self._put_start()

  def _put_start(self) -> None:
    """Notes where the next text begins."""
    self._starts.write(self._bytes.to_bytes(8, "little"))


class Texts:
  """Texts that a `Writer` wrote.

  Args:
    path: the files, but for their endings.
    digest: which texts they are: others have another one.
  """

  def __init__(self, path: pathlib.Path, digest: str = ""):
    self.digest = digest
    self._file = path.with_name(f"{path.name}.texts").open("rb")
    starts = path.with_name(f"{path.name}.starts")
    self._starts = np.memmap(starts, "<u8", "r")

  def __len__(self) -> int:
    return len(self._starts) - 1

  def read(self, start: int, stop: int) -> list[str]:
    """The texts from one number up to another."""
    starts = self._starts[start : stop + 1].tolist()
    first = starts[0]
    content = self._bytes(first, starts[-1])
    return [
      content[begin - first : end - first].decode()
      for begin, end in itertools.pairwise(starts)
    ]

  def pick(self, numbers: Sequence[int] | np.ndarray) -> list[str]:
    """The texts of these numbers."""
    wanted = np.asarray(numbers, np.int64)
    begins, ends = self._starts[wanted].tolist(), self._starts[wanted + 1]
    return [
      self._bytes(begin, end).decode()
      for begin, end in zip(begins, ends.tolist(), strict=True)
    ]

  def _bytes(self, start: int, end: int) -> bytes:
    """A part of the file."""
    parts = []
    while start < end:  # One read gives 2 GiB at most.
      parts.append(os.pread(self._file.fileno(), end - start, start))
      start += len(parts[-1])
      assert parts[-1], (self._file.name, start, end)
    return b"".join(parts)

  def close(self) -> None:
    """Closes the file."""
    self._file.close()
