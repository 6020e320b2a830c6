"""What an index says of itself, and whether another took its place.

    index_about.read(folder).documents
    index_about.made(folder)  # names the build that stands there now

index.json is the last file that `index_writer` writes.
"""

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterator

import msgspec

from data import program
from embeddings import index_writer

_ABOUT = "index.json"
_WAIT_S = 5.0  # for the other of two renames


class About(msgspec.Struct, frozen=True):
  """What index.json says."""

  version: int
  model: str
  weights: str  # digest of the model's parameters
  documents: int
  width: int
  dtype: str
  similarity: str
  made: str  # names this build


def read(folder: pathlib.Path) -> About:
  """What an index says of itself.

  Raises:
    program.BadInput: if it is no index, or one that is written differently.
  """
  text = _about_text(folder)
  if text is None:
    raise program.BadInput(
      f"{folder} is not an index: it has no {_ABOUT}; make one with "
      "`python -m tools.encode --model=DIR --in=FILE --out=DIR`"
    )
  try:
    fields = json.loads(text)
    version = fields.get("version", 1)  # The first did not say.
    if version == index_writer.VERSION:
      return msgspec.convert(fields, About)
  except (AttributeError, ValueError) as error:
    raise program.BadInput(
      f"the index {folder} is not whole ({_ABOUT}: {str(error)[:150]}); make "
      "it again with `python -m tools.encode`"
    ) from error
  raise program.BadInput(
    f"the index {folder} is of version {version}, wanted "
    f"{index_writer.VERSION}; make it again with `python -m tools.encode`"
  )


def made(folder: pathlib.Path) -> str:
  """Which build stands in the folder now; "" if none can be told."""
  try:
    return json.loads((folder / _ABOUT).read_bytes())["made"]
  except (OSError, KeyError, TypeError, ValueError):
    return ""


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[Callable[[], bool]]:
  """Gives a function that says whether the folder is still the same one.

  As long as it is held open, the system gives its number to no other.

  Raises:
    program.BadInput: if it may not be looked into.
  """
  try:
    handle = os.open(folder, os.O_RDONLY)
  except FileNotFoundError:  # It is being replaced.
    yield lambda: False
    return
  except OSError as error:
    raise program.BadInput(
      f"cannot open the index {folder} ({error}); change its mode, or give "
      "another"
    ) from error

  def is_there_still() -> bool:
    try:
      return os.path.samestat(os.fstat(handle), os.stat(folder))
    except OSError:
      return False

  try:
    yield is_there_still
  finally:
    os.close(handle)


def _about_text(folder: pathlib.Path) -> str | None:
  """The text of index.json, waiting while the folder is being replaced."""
  # Where a system cannot swap two folders, `atomic.folder` renames twice.
  beside = [
    folder.absolute().with_name(f".{folder.absolute().name}.{state}")
    for state in ("former", "partial")
  ]
  end = time.monotonic() + _WAIT_S
  while True:
    try:
      return (folder / _ABOUT).read_text(encoding="utf-8")
    except OSError:
      swapped = all(path.exists() for path in beside) and not folder.exists()
      if not swapped or time.monotonic() > end:
        return _last_text(folder)
      time.sleep(0.001)


def _last_text(folder: pathlib.Path) -> str | None:
  """The text of index.json if the folder came into place by now."""
  try:
    return (folder / _ABOUT).read_text(encoding="utf-8")
  except OSError:
    return None
