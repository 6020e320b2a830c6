"""A folder in a bucket, whose small files are worked on here.

    found = mirror.Mirror("gs://bucket/run")  # what is there, in found.path
    (found.path / "config.json").write_text("{}")
    found.push()

Files in a bucket cannot grow, so that what a run writes line by line is written
to a folder of this machine and sent as a whole. Checkpoints go there straight,
and are not mirrored. Paths are those of etils.epath, as Orbax has them: gs://,
s3:// and whatever else it knows.
"""

import atexit
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence

from etils import epath

from data import program
from embeddings import committed

# Of the folder itself: what a run that goes on does not read.
_NOT_PULLED = (
  "checkpoints",
  "checkpoints_torn",
  "tensorboard",
  "profile",
  "compiled",
)
_NOT_PUSHED = ("lock",)


def is_remote(path: str | os.PathLike[str]) -> bool:
  """Whether a path names something in a bucket.

  >>> is_remote("gs://bucket/run"), is_remote("runs/gs")
  (True, False)

  Raises:
    program.BadInput: if it is a URL of a kind that is not known.
  """
  text = os.fspath(path)
  url = re.match(r"(\w+)://", text)
  if url is None:
    return False
  try:
    epath.Path(text)
  except KeyError:
    raise program.BadInput(
      f"{text} begins with {url[0]}, which is not known; wanted a folder, or "
      "one in a bucket, as in gs://BUCKET/FOLDER"
    ) from None
  return True


class Mirror:
  """A folder in a bucket and its mirror here, which goes with this process.

  Args:
    url: the folder; it need not exist.
    last: files that are sent after all others, in this order: they say that
      these are there.

  Attributes:
    url: the folder.
    path: its mirror.

  Raises:
    program.BadInput: if the bucket cannot be read.
  """

  def __init__(self, url: str | os.PathLike[str], last: Sequence[str] = ()):
    self.url = committed.place(url)
    self.path = pathlib.Path(tempfile.mkdtemp(prefix="gigapair_"))
    atexit.register(shutil.rmtree, self.path, ignore_errors=True)
    self._last = list(last)
    # What the bucket holds of each file: its size and time here.
    self._there: dict[str, tuple[int, int]] = {}
    self.pull()

  def pull(self) -> None:
    """Fetches what is there.

    Raises:
      program.BadInput: if the bucket cannot be read.
    """
    try:
      for name in _files(self.url, _NOT_PULLED):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((self.url / name).read_bytes())
        self._there[name] = _stamp(file)
    except (OSError, ImportError) as error:
      raise _explained(error, self.url) from error

  def push(self) -> None:
    """Sends what has changed, and takes away what is gone.

    Raises:
      program.BadInput: if the bucket cannot be written to.
    """
    here = {name: _stamp(self.path / name) for name in _files(self.path)}
    changed = [n for n in here if here[n] != self._there.get(n)]
    try:
      for name in sorted(changed, key=self._turn):
        content = (self.path / name).read_bytes()
        (self.url / name).write_bytes(content)
        self._there[name] = here[name]
      for name in self._there.keys() - here.keys():
        (self.url / name).unlink(missing_ok=True)
        del self._there[name]
    except (OSError, ImportError) as error:
      raise _explained(error, self.url) from error

  def _turn(self, name: str) -> tuple[int, str]:
    """When a file is sent."""
    return self._last.index(name) if name in self._last else -1, name


def _files(
  folder: pathlib.Path | epath.Path, but: Sequence[str] = _NOT_PUSHED
) -> Iterator[str]:
  """The names of the files below a folder, but for some that it holds itself.

  Those that are only begun have a dot in front; see data/atomic.py.
  """
  if not folder.is_dir():
    return
  for path in folder.iterdir():
    if path.name in but or path.name.startswith("."):
      continue
    if path.is_dir():
      yield from (f"{path.name}/{name}" for name in _files(path, ()))
    else:
      yield path.name


def _stamp(file: pathlib.Path) -> tuple[int, int]:
  """What changes with the file."""
  found = file.stat()
  return found.st_size, found.st_mtime_ns


def _explained(error: Exception, url: epath.Path) -> Exception:
  """What the user can mend as such; a network that is down may come back."""
  remedy = {
    ImportError: "install what it takes, `pip install gcsfs` for gs://",
    FileNotFoundError: "make the bucket, or name another",
    PermissionError: "ask for access to it, or log in: `gcloud auth "
    "application-default login`",
  }
  for kind, words in remedy.items():
    # gcsfs has no error of its own for what is forbidden.
    forbidden = kind is PermissionError and "Forbidden" in str(error)
    if isinstance(error, kind) or forbidden:
      return program.BadInput(f"{url} cannot be used ({error}); {words}")
  return error
