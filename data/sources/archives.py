"""Members of .7z and .zip archives as blocks of bytes.

Nothing is written anywhere. A member whose name leads outside, a link or an
encrypted one is named and left out.
"""

import copy
import lzma
import pathlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator

from data import program
from data.sources import bad
from data.sources import seven_zip
from data.sources import unpack

# What a few bytes give is all that is lost where they turn out damaged, and of
# LZMA, which zipfile does not bound, all that is in memory: some 30 MB.
_BLOCK_BYTES = 4 * 2**10
# What zipfile and its decoders raise beside EOFError; a RuntimeError where a
# member is encrypted.
_ERRORS = (
  zipfile.BadZipFile,
  zlib.error,
  lzma.LZMAError,
  OSError,
  RuntimeError,
  ValueError,
  struct.error,
)
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:|(.*[/\\])?\.\.([/\\]|$)", re.S)


def is_archive(name: str) -> bool:
  """Whether a file of this name is an archive."""
  return name.lower().endswith((".7z", ".zip"))


def members(path: pathlib.Path) -> list[str]:
  """The names of the members that can be read, sorted.

  Raises:
    bad.Broken: if the archive cannot be read.
  """
  found: dict[str, str] = {}
  for name, fault in _entries(path):
    fault = _fault_of(name) or fault or ("is there twice" * (name in found))
    found.setdefault(name, fault)
    if fault:
      program.note_line(f"{path}: {name!r} {fault}; it is left out")
  return sorted(name for name, fault in found.items() if not fault)


def blocks(path: pathlib.Path, member: str) -> Generator[bytes]:
  """The bytes of a member.

  Raises:
    bad.Broken: after what came before the damage.
  """
  if path.suffix.lower() == ".7z":
    return seven_zip.blocks(path, member)
  return _zip_blocks(path, member)


def _entries(path: pathlib.Path) -> list[seven_zip.Entry]:
  """The members, good and bad."""
  try:
    if path.suffix.lower() == ".7z":
      return seven_zip.entries(path)
    with _opened(path) as archive:
      return [
        seven_zip.Entry(info.filename, _zip_fault(info))
        for info in archive.infolist()
        if not info.is_dir()
      ]
  except OSError as error:
    raise bad.Broken("damaged", f"cannot be read ({error})") from error


def _fault_of(name: str) -> str:
  """Why a name is not to be trusted."""
  if _OUTSIDE.match(name):
    return "leads outside"
  return "" if name.isprintable() else "is no name"


def _opened(path: pathlib.Path) -> zipfile.ZipFile:
  """The .zip archive."""
  try:
    return zipfile.ZipFile(path)
  except (zipfile.BadZipFile, ValueError, RuntimeError, struct.error) as error:
    with path.open("rb") as file:
      head = file.read(64)
    if not head:
      raise bad.Broken("empty", "has no bytes") from error
    raise bad.Broken(
      "damaged",
      f"is no whole .zip archive ({error}); it begins with {bad.excerpt(head)}",
    ) from error


def _zip_fault(info: zipfile.ZipInfo) -> str:
  """Why a member cannot be read."""
  if info.flag_bits & 1:
    return "is encrypted"
  kind = stat.S_IFMT(info.external_attr >> 16)
  return "is no file" if kind not in (0, stat.S_IFREG) else ""


def _zip_blocks(path: pathlib.Path, member: str) -> Generator[bytes]:
  """The bytes of a member of a .zip archive."""
  with _opened(path) as archive:
    try:
      infos = archive.infolist()
      info = next(info for info in infos if info.filename == member)
      if info.compress_type == zipfile.ZIP_BZIP2:
        yield from unpack.unpacked(_read(archive, _stored(info)), ".bz2")
      else:
        yield from _read(archive, info)
    except EOFError as error:
      raise bad.Broken("cut_short", f"{member} is cut short") from error
    except _ERRORS as error:
      raise bad.Broken(
        "damaged", f"{member} is damaged as .zip ({error})"
      ) from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
  """A member as zipfile unpacks it."""
  with archive.open(info) as file:
    while block := file.read(_BLOCK_BYTES):
      yield block


def _stored(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
  """A member as if it were not packed.

  Of bzip2, 4 KB may be gigabytes of text, which zipfile would give at once.
  """
  stored = copy.copy(info)
  stored.compress_type, stored.file_size = (
    zipfile.ZIP_STORED,
    info.compress_size,
  )
  stored.CRC = None  # pyright: ignore[reportAttributeAccessIssue]  # not checked
  return stored
