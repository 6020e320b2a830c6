"""Files and folders that appear whole or not at all.

Each is filled under a name beside its own and renamed at the end, so that a
program killed at any moment leaves what was there before.
"""

import contextlib
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from data import program


@contextlib.contextmanager
def folder(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
  """Gives an empty folder to fill, which takes the place of `path`.

  Args:
    path: the folder that stands at the end; one that is there is replaced.

  Yields:
    The folder to fill. If the block raises, it is removed.

  Raises:
    program.BadInput: if no folder can be made there.
  """
  final = pathlib.Path(path)
  partial = final.with_name(f".{final.name}.partial")
  former = final.with_name(f".{final.name}.former")
  with _place(final):
    shutil.rmtree(partial, ignore_errors=True)
    if former.exists() and not final.exists():
      former.rename(final)  # a kill came between the two renames below
    partial.mkdir(parents=True)
  try:
    yield partial
  except BaseException:
    shutil.rmtree(partial, ignore_errors=True)
    raise
  # What stood there goes only when the new one stands.
  shutil.rmtree(former, ignore_errors=True)
  if final.exists():
    final.rename(former)
  partial.rename(final)
  shutil.rmtree(former, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
  """Writes a UTF-8 file at once, in a folder that need not exist.

  Raises:
    program.BadInput: if no file can be made there.
  """
  final = pathlib.Path(path)
  partial = final.with_name(f".{final.name}.partial")
  with _place(final):
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
      partial.write_text(text, encoding="utf-8")
      partial.replace(final)
    except BaseException:
      partial.unlink(missing_ok=True)
      raise


@contextlib.contextmanager
def _place(path: pathlib.Path) -> Iterator[None]:
  """Says in one line that nothing can be written to a place like this."""
  # As pathlib has gs://BUCKET, which would become a folder of this name.
  if re.match(r"\w\w+:/", str(path)):
    raise program.BadInput(
      f"{path} is in a bucket and what is written here is not; give a folder "
      "of this machine, and copy that"
    )
  try:
    yield
  except (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
  ) as error:
    raise program.BadInput(
      f"cannot write to {path} ({error}); give another place or change its mode"
    ) from error
