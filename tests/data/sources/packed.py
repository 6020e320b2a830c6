"""A text packed in every way that dumps are packed in."""

import bz2
import gzip
import io
import lzma
import pathlib
import random
import zipfile
from collections.abc import Callable

import py7zr
import zstandard

from data.sources import raw

PACKERS: dict[str, Callable[[bytes], bytes]] = {
  ".gz": gzip.compress,
  ".bz2": bz2.compress,
  ".xz": lzma.compress,
  ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
ARCHIVES = ("seven.7z", "deflated.zip", "bzipped.zip", "lzma.zip")
_METHODS = dict(zip(ARCHIVES[1:], (8, 12, 14), strict=True))


def posts(count: int) -> bytes:
  """A Posts.xml that does not pack well."""
  drawn = random.Random(count)
  rows = [
    b'  <row Id="%d" Body="%d &lt; %d"/>\n'
    % (number, drawn.randrange(10**9), drawn.randrange(10**9))
    for number in range(1, count + 1)
  ]
  return b"<posts>\n" + b"".join(rows) + b"</posts>\n"


def archive(name: str, members: dict[str, bytes]) -> bytes:
  """An archive of the kind that its name says, one of ARCHIVES."""
  file = io.BytesIO()
  if name.endswith(".7z"):
    with py7zr.SevenZipFile(file, "w") as seven:
      for member, data in members.items():
        seven.writestr(data, member)
  else:
    with zipfile.ZipFile(file, "w", _METHODS[name]) as packed:
      for member, data in members.items():
        packed.writestr(member, data)
  return file.getvalue()


NAMES = (*(f"Posts.xml{ending}" for ending in PACKERS), *ARCHIVES)


def pack(name: str, text: bytes) -> bytes:
  """One of NAMES: in two members or frames, or a member beside another."""
  if name in ARCHIVES:
    return archive(name, {"Badges.xml": b"<badges/>", "Posts.xml": text})
  half, packer = len(text) // 2, PACKERS[name.removeprefix("Posts.xml")]
  return packer(text[:half]) + packer(text[half:])


def read(path: pathlib.Path, size: int = 1_000) -> tuple[bytes, str]:
  """What the Posts.xml at or in a file gives, and its fault."""
  (file,) = raw.find([str(path)], ["Posts.xml"])
  found, fault = [], ""
  with raw.open_stream(file) as stream:
    try:
      while data := stream.read(size):
        assert len(data) <= size
        found.append(data)
    except raw.Broken as error:
      fault = error.reason
  return b"".join(found), fault
