"""Which steps on disk are whole: a manifest of sizes and checksums in each.

It is written last, so that a step without one is no step: its save was cut
short. Orbax alone would restore a flipped byte without a word, and a copy that
is not complete. Folders may be in a bucket (gs://BUCKET/RUN), which etils.epath
reads and writes as it does those of this machine.
"""

import concurrent.futures
import json
import os
import pathlib
import posixpath
from collections.abc import Iterator

from etils import epath
import fsspec
import fsspec.config
import xxhash

from data import atomic
from data import program

MANIFEST = "gigapair_manifest.json"
_BEGUN = ".orbax-checkpoint-tmp"  # in the names of what Orbax has not ended
_READERS = 8  # files read at a time, which a bucket is slow to begin with
_BLOCK_BYTES = 2**22


def place(folder: str | os.PathLike[str]) -> epath.Path:
  """A folder here or in a bucket, as an absolute path."""
  if "://" not in os.fspath(folder):
    return epath.Path(pathlib.Path(folder).absolute())
  # What TensorStore and other hosts write is no news to a list kept by gcsfs.
  fsspec.config.conf.setdefault("gcs", {})["use_listings_cache"] = False
  return epath.Path(folder)


def is_remote(folder: epath.Path) -> bool:
  """Whether a folder is in a bucket."""
  return "://" in os.fspath(folder)


def steps(folder: epath.Path) -> list[int]:
  """The step folders, whole or not."""
  return sorted(int(p.name) for p in _entries(folder) if p.name.isdigit())


def newest(folder: str | os.PathLike[str]) -> int:
  """The newest whole step of a run that is not open, 0 if there is none."""
  return newest_of(place(folder), None) or 0


def newest_of(folder: epath.Path, step: int | None) -> int | None:
  """The newest whole step, or this one if it is whole."""
  for number in reversed(steps(folder)):
    if step in (None, number) and not fault(folder / str(number)):
      return number
  return None


def commit(step: epath.Path) -> None:
  """Makes a step one: writes the sizes and checksums of its files."""
  names = sorted(files(step))
  with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
    sums = pool.map(lambda name: _sum(step / name), names)
    text = json.dumps(dict(zip(names, sums, strict=True)), indent=0)
  if is_remote(step):
    (step / MANIFEST).write_text(text)  # at once, as all objects are
  else:
    atomic.write_text(step / MANIFEST, text)


def fault(step: epath.Path, *, read: bool = True) -> str:
  """What is wrong with a step folder; empty where it is whole.

  Args:
    step: the folder.
    read: whether the files are read, or only looked for.
  """
  if not (step / MANIFEST).exists():
    return "its save was cut short"
  try:
    content = json.loads((step / MANIFEST).read_text())
  except ValueError:
    return f"{MANIFEST} is not as it was written"
  there = set(files(step))
  missing = [name for name in content if name not in there]
  if missing:
    return f"{missing[0]} is missing"
  with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
    sums = pool.map(lambda name: _sum(step / name) if read else None, content)
    for (name, wanted), found in zip(content.items(), sums, strict=True):
      if found not in (None, wanted):
        return f"{name} is not as it was written"
  return ""


def set_torn_aside(folder: epath.Path) -> int | None:
  """Moves steps that are not whole out of the way, saying which and why.

  The newest ones are read until one is whole. Older ones, of which a run may
  keep hundreds, are looked through for files that are missing; they are read
  when they are restored. What was set aside at an earlier start goes then, or
  a run that is killed often would fill its disk.

  Returns:
    The newest whole step, or None.
  """
  newest, torn = None, folder.parent / f"{folder.name}_torn"
  before = _entries(torn)
  for step in reversed(steps(folder)):
    wrong = fault(folder / str(step), read=newest is None)
    if not wrong:
      newest = step if newest is None else newest
      continue
    while before:
      before.pop().rmtree(missing_ok=True)
    aside = torn / str(step)
    program.note_line(
      f"checkpoint {step} is not whole ({wrong}); it is set aside in {aside}"
    )
    _move(folder / str(step), aside)
  _remove_begun(folder)
  return newest


def files(folder: epath.Path) -> Iterator[str]:
  """The names of the files below a folder, but for the manifest."""
  top = _bare(folder)
  for root, _, names in folder.walk():
    within = posixpath.relpath(_bare(root), top)
    for name in names:
      file = posixpath.normpath(posixpath.join(within, name))
      if file not in (MANIFEST, "."):  # a bucket may list the folder itself
        yield file


def _entries(folder: epath.Path) -> list[epath.Path]:
  """What a folder holds; one in a bucket is not there before that."""
  return list(folder.iterdir()) if folder.is_dir() else []


def _move(folder: epath.Path, to: epath.Path) -> None:
  """Moves a folder; what is there goes."""
  to.rmtree(missing_ok=True)
  if is_remote(folder):  # epath looks for a folder to put it into
    system, path = fsspec.core.url_to_fs(os.fspath(folder))
    system.mv(path, _bare(to), recursive=True)
    return
  to.parent.mkdir(parents=True, exist_ok=True)
  folder.rename(to)


def _bare(path: epath.Path) -> str:
  """A path without the kind of its bucket, as walks have it."""
  return os.fspath(path).rpartition("://")[2]


def _remove_begun(folder: epath.Path) -> None:
  """Removes what saves left that were killed before there was a step."""
  for path in _entries(folder):
    if _BEGUN in path.name:
      program.note_line(
        f"the save of checkpoint {path.name.partition('.')[0]} was cut short; "
        f"what it left in {path} is removed"
      )
      path.rmtree(missing_ok=True)


def _sum(path: epath.Path) -> list[int | str]:
  """The size of a file, and its xxh3-128."""
  digest, size = xxhash.xxh3_128(), 0
  with path.open("rb") as file:
    while block := file.read(_BLOCK_BYTES):
      digest.update(block)
      size += len(block)
  return [size, digest.hexdigest()]
