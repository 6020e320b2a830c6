"""Files and folders that appear whole or not at all.

Each is filled under a name beside its own and renamed at the end, so that a
program killed at any moment leaves what was there before. On Linux a folder and
the one before it change places at once: whoever looks finds one of them.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from data import program

# Of Linux's renameat2: paths from the current folder on; swap the two.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


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
  with place(final):
    shutil.rmtree(partial, ignore_errors=True)
    restore(final)
  try:
    with place(final):
      partial.mkdir(parents=True)
    yield partial
  except BaseException:
    shutil.rmtree(partial, ignore_errors=True)
    raise
  put(partial, final)


def put(whole: pathlib.Path, final: pathlib.Path) -> None:
  """Puts a folder in its place; what stood there goes when this one stands."""
  if final.exists() and _exchange(whole, final):
    shutil.rmtree(whole, ignore_errors=True)
    return
  former = final.with_name(f".{final.name}.former")
  shutil.rmtree(former, ignore_errors=True)
  if final.exists():
    final.rename(former)
  whole.rename(final)
  shutil.rmtree(former, ignore_errors=True)


def restore(final: pathlib.Path) -> None:
  """Ends what a kill in the midst of `put` left, or takes it back."""
  former = final.with_name(f".{final.name}.former")
  if final.exists():
    shutil.rmtree(former, ignore_errors=True)
  elif former.exists():
    former.rename(final)


def write_text(path: str | os.PathLike[str], text: str) -> None:
  """Writes a UTF-8 file at once, in a folder that need not exist.

  Raises:
    program.BadInput: if no file can be made there.
  """
  final = pathlib.Path(path)
  partial = final.with_name(f".{final.name}.partial")
  with place(final):
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
      partial.write_text(text, encoding="utf-8")
      with partial.open("rb") as written:
        os.fsync(written.fileno())  # Else a power cut may leave it empty.
      partial.replace(final)
    except BaseException:
      partial.unlink(missing_ok=True)
      raise


def _exchange(one: pathlib.Path, other: pathlib.Path) -> bool:
  """Swaps two folders at once; False where the system or disk cannot."""
  try:
    renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
  except (AttributeError, OSError):  # No Linux, or an old C library.
    return False
  paths = _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other)
  if renameat2(*paths, _RENAME_EXCHANGE) == 0:
    return True
  code = ctypes.get_errno()
  if code in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
    return False
  raise OSError(code, os.strerror(code), str(one), None, str(other))


@contextlib.contextmanager
def place(path: pathlib.Path) -> Iterator[None]:
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
