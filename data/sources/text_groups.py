"""Values by their key, out of memory, whatever the order in which they come.

    groups = text_groups.Groups(folder)
    groups.add("a premise", ["entailment", "a hypothesis"])
    for key, values in groups:
      ...

Values go to one of a few files by a hash of their key, and one file at a time
is in memory. The same values give the same groups in the same order.
"""

import pathlib
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import xxhash

BUCKETS = 64

Value = list[str]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, Value]).decode


class Groups:
  """Collects values, and gives them by their key, once.

  Args:
    folder: is made; takes the files, as many bytes as there are values.
    buckets: so many files; memory is that of the largest one.
  """

  def __init__(self, folder: pathlib.Path, buckets: int = BUCKETS):
    folder.mkdir(parents=True, exist_ok=True)
    self._paths = [folder / f"group-{n:03d}" for n in range(buckets)]
    self._files: list[BinaryIO] = [path.open("wb") for path in self._paths]

  def add(self, key: str, value: Value) -> None:
    """Takes a value of a key."""
    bucket = xxhash.xxh3_64_intdigest(key.encode()) % len(self._files)
    self._files[bucket].write(_encode((key, value)) + b"\n")

  def __iter__(self) -> Iterator[tuple[str, list[Value]]]:
    for file in self._files:
      file.close()
    for path in self._paths:
      found: dict[str, list[Value]] = {}
      with path.open("rb") as lines:
        for key, value in map(_decode, lines):
          found.setdefault(key, []).append(value)
      path.unlink()
      for key in sorted(found):
        yield key, sorted(found[key])
