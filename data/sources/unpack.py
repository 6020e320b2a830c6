"""Compressed bytes, unpacked block by block: gzip, bzip2, xz and Zstandard.

    for block in unpack.unpacked(blocks, ".bz2"):
      ...

Several members, streams or frames end to end are one text, as Wikipedia's
multistream dumps and `cat a.gz b.gz` have them. No block has more than some
MiB, however well the bytes were packed, and all that came before damage is
given.
"""

import bz2
import functools
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from data import optional
from data.sources import bad

BLOCK_BYTES = 64 * 2**10
# What a few bytes give is all that is lost where they turn out damaged.
_SLICE_BYTES = 4 * 2**10
# And all that Zstandard, which cannot be bounded, has in memory: at most 128 of
# its blocks, of 128 KiB each.
_FRAME_SLICE_BYTES = 512
_WINDOW_BYTES = 2**31  # Pushshift packs with `zstd --long=31`.
_XZ_BYTES = 2**30  # `xz -9` needs 65 MiB.
_REQUIREMENTS = "requirements-data.txt"


class _Member(Protocol):
  """One member of a file."""

  def feed(self, data: bytes) -> Iterator[bytes]:
    """What some bytes unpack to."""
    ...

  def unused(self) -> bytes | None:
    """What is left after the member's end, or None before it."""
    ...


class Packing(NamedTuple):
  """How a file may be packed.

  Attributes:
    name: what it is called.
    begins: how such a file may begin.
    member: begins a member.
    errors: what unpacking raises.
    slice_bytes: how much is unpacked at once.
  """

  name: str
  begins: tuple[bytes, ...]
  member: Callable[[], _Member]
  errors: tuple[type[Exception], ...]
  slice_bytes: int = _SLICE_BYTES


def ending(name: str) -> str:
  """How a file's name says that it is packed: ".gz", ..., or ""."""
  return next((end for end in _ENDINGS if name.lower().endswith(end)), "")


def unpacked(blocks: Iterator[bytes], ending: str) -> Iterator[bytes]:
  """The bytes that were packed.

  Args:
    blocks: of the packed file.
    ending: ".gz", ".bz2", ".xz" or ".zst".

  Raises:
    bad.Broken: after what came before the damage.
    program.BadInput: if the package that unpacks it is not installed.
  """
  packing = _packing(ending)
  member, given = None, 0
  for data in _slices(_checked(blocks, packing), packing.slice_bytes):
    while data:
      if member is None:
        data = data.lstrip(b"\0")  # Tapes and xz pad with these.
        member = packing.member() if data else None
        continue
      try:
        for block in member.feed(data):
          given += len(block)
          yield block
      except packing.errors as error:
        raise bad.Broken(
          "damaged",
          f"is damaged as {packing.name} after {given:,} bytes of text "
          f"({error})",
        ) from error
      data = member.unused() or b""
      if member.unused() is not None:
        member = None
  if member is not None:
    raise bad.Broken(
      "cut_short", f"is {packing.name} cut short after {given:,} bytes of text"
    )


def _checked(blocks: Iterator[bytes], packing: Packing) -> Iterator[bytes]:
  """The blocks of a file that begins as its name says."""
  head = b""
  for block in blocks:
    head += block
    if len(head) >= len(packing.begins[0]):
      break
  if head and not any(
    head.startswith(begin[: len(head)]) for begin in packing.begins
  ):
    raise bad.Broken(
      "damaged", f"is no {packing.name}; it begins with {bad.excerpt(head)}"
    )
  yield head
  yield from blocks


def _slices(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
  """The same, a few bytes at a time."""
  for block in blocks:
    for first in range(0, len(block), size):
      yield block[first : first + size]


class _Deflated:
  """A member of gzip."""

  def __init__(self) -> None:
    self._decoder = zlib.decompressobj(wbits=31)

  def feed(self, data: bytes) -> Iterator[bytes]:
    full = True
    while (data or full) and not self._decoder.eof:
      block = self._decoder.decompress(data, BLOCK_BYTES)
      data, full = self._decoder.unconsumed_tail, len(block) == BLOCK_BYTES
      if block:
        yield block

  def unused(self) -> bytes | None:
    return self._decoder.unused_data if self._decoder.eof else None


class _Bounded:
  """A stream of bzip2 or xz."""

  def __init__(self, decoder: Any):
    self._decoder = decoder

  def feed(self, data: bytes) -> Iterator[bytes]:
    while True:
      block = self._decoder.decompress(data, BLOCK_BYTES)
      data = b""
      if block:
        yield block
      if self._decoder.eof or self._decoder.needs_input:
        return

  def unused(self) -> bytes | None:
    return self._decoder.unused_data if self._decoder.eof else None


class _Frame:
  """A frame of Zstandard."""

  def __init__(self, library: Any):
    made = library.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
    self._decoder = made.decompressobj()

  def feed(self, data: bytes) -> Iterator[bytes]:
    if block := self._decoder.decompress(data):
      yield block

  def unused(self) -> bytes | None:
    return self._decoder.unused_data if self._decoder.eof else None


def _bunzip() -> _Member:
  """Begins a stream of bzip2."""
  return _Bounded(bz2.BZ2Decompressor())


def _unxz() -> _Member:
  """Begins a stream of xz."""
  return _Bounded(lzma.LZMADecompressor(memlimit=_XZ_BYTES))


_SKIPPABLE = tuple(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))
_ENDINGS = {
  ".gz": Packing("gzip", (b"\x1f\x8b",), _Deflated, (zlib.error,)),
  ".bz2": Packing("bzip2", (b"BZh",), _bunzip, (OSError, ValueError)),
  ".xz": Packing("xz", (b"\xfd7zXZ\0",), _unxz, (lzma.LZMAError,)),
  ".zst": Packing("Zstandard", (b"(\xb5/\xfd", *_SKIPPABLE), _Deflated, ()),
}


def _packing(ending: str) -> Packing:
  """How such files are packed."""
  packing = _ENDINGS[ending]
  if ending == ".zst":
    library = optional.load("zstandard", _REQUIREMENTS)
    return packing._replace(
      member=functools.partial(_Frame, library),
      errors=(library.ZstdError,),
      slice_bytes=_FRAME_SLICE_BYTES,
    )
  return packing
