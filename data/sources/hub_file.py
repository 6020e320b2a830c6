"""A file of a data set on the Hugging Face hub, kept in a folder of downloads.

    got = hub_file.get("ORG/NAME", "pairs.jsonl.gz", downloads)
    got.path, got.digest, got.fetched_bytes

huggingface_hub asks and downloads; it knows the token, and what HF_ENDPOINT,
HF_HUB_OFFLINE and the like say. Two things are done here that it does not do:
a download that was killed goes on where it was (the library's begin anew, and
files of the hub have up to 50 GB), and what has come is compared with the
checksum that the hub gives: sha256 of large files, git's sha1 of small ones.
A file that is there is taken again without a download as long as the hub still
gives that checksum, or does not answer.
"""

import contextlib
import glob
import hashlib
import io
import json
import os
import pathlib
import urllib.parse
from collections.abc import Iterator
from typing import Any, NamedTuple

import huggingface_hub
from huggingface_hub import errors
from huggingface_hub import file_download
from huggingface_hub import utils

from data import atomic
from data import hub_errors
from data import program

_READ_BYTES = 4 * 2**20
_TRIES = 2  # Downloads of a file whose checksum is wrong.


class Got(NamedTuple):
  """A file that is here.

  Attributes:
    path: of the file.
    digest: "sha256:..." or "git:...", as the hub gives it.
    fetched_bytes: how many of its bytes came now.
  """

  path: pathlib.Path
  digest: str
  fetched_bytes: int


def get(repo: str, name: str, downloads: pathlib.Path) -> Got:
  """The file, downloaded if it is new or has changed.

  Args:
    repo: the id of the data set on the hub, ORG/NAME.
    name: of the file in it.
    downloads: the folder that files are kept in, below ORG/NAME.

  Raises:
    program.BadInput: if there is no such file, it may not be read, or what
      comes is twice not what the hub says.
    program.StartAgain: if the hub does not answer, or no more.
  """
  path = downloads / repo / name
  remote = _ask(repo, name, path)
  if remote is None or _kept(path) == remote.digest:
    return Got(path, _kept(path), 0)
  with atomic.place(path):
    path.parent.mkdir(parents=True, exist_ok=True)
  came = 0
  with utils.WeakFileLock(path.with_name(f".{path.name}.lock")):
    if _is_here(path, remote):
      return Got(path, remote.digest, 0)
    for last in (False, True):
      partial = path.with_name(f".{path.name}.{remote.etag[:16]}.partial")
      came += _download(remote, partial, name)
      found = _digest(partial, remote.digest)
      if found == remote.digest:
        break
      partial.unlink()
      fault = f"{repo}/{name} came as {found}, and the hub says {remote.digest}"
      if last:
        raise program.BadInput(
          f"{fault}; that was {_TRIES} times: try again later, or another "
          "HF_ENDPOINT"
        )
      program.note_line(f"{fault}: downloading it again")
    partial.replace(path)
    _keep(path, remote)
    # Of what the file was before it changed on the hub.
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
      stale.unlink()
  return Got(path, remote.digest, came)


class _Remote(NamedTuple):
  """What the hub says of a file."""

  url: str
  etag: str
  digest: str
  bytes: int
  headers: dict[str, str]


def _ask(repo: str, name: str, path: pathlib.Path) -> _Remote | None:
  """What the hub says; None if it says nothing and the file is here."""
  url = huggingface_hub.hf_hub_url(repo, name, repo_type="dataset")
  try:
    about = huggingface_hub.get_hf_file_metadata(url)
  except errors.EntryNotFoundError as error:
    raise program.BadInput(
      f"the hub's data set {repo} has no file {name}; it may have been moved: "
      f"look at {_page(repo)}"
    ) from error
  except errors.RepositoryNotFoundError as error:
    raise program.BadInput(
      f"the hub gives no data set {repo}: it is not there, or it is for those "
      f"who have asked ({_page(repo)}); where that is you, run `hf auth login`"
    ) from error
  except hub_errors.ERRORS as error:
    if _kept(path):
      program.note_line(
        f"the hub does not answer ({hub_errors.reason(error)}); taking the "
        f"{path} that is there"
      )
      return None
    raise _silent(f"{repo}/{name}", error) from error
  if about.etag is None or about.size is None:
    raise program.BadInput(
      f"{url} comes without a checksum or a length, so that nobody could tell "
      "whether it is whole; give an HF_ENDPOINT that has them"
    )
  headers = utils.build_hf_headers()
  if urllib.parse.urlsplit(about.location).netloc != _host(url):
    headers.pop("authorization", None)  # The file lies at another's.
  kind = "sha256" if len(about.etag) == 64 else "git"
  digest = f"{kind}:{about.etag}"
  return _Remote(about.location, about.etag, digest, about.size, headers)


def _silent(what: str, error: Exception) -> Exception:
  """What to raise where the hub does not answer and nothing is here."""
  if isinstance(error, errors.OfflineModeIsEnabled):
    return program.BadInput(
      f"{what} is not here and the hub may not be asked (HF_HUB_OFFLINE); "
      "unset that, or copy the folder of downloads from where it may be asked"
    )
  endpoint = huggingface_hub.constants.ENDPOINT
  return program.StartAgain(
    f"{endpoint} does not give {what} ({hub_errors.reason(error)}); check the "
    "connection, and HF_ENDPOINT if that is a mirror"
  )


def _download(remote: _Remote, partial: pathlib.Path, name: str) -> int:
  """Brings a partial file to its length; the bytes that came."""
  there = partial.stat().st_size if partial.exists() else 0
  if there > remote.bytes:
    partial.unlink()
    there = 0
  if there:
    program.note_line(
      f"{name}: going on at {there:,} of {remote.bytes:,} bytes"
    )
  try:
    with _growing(partial, remote.bytes, name) as file:
      file_download.http_get(
        remote.url,
        file,  # pyright: ignore[reportArgumentType]  it wants any BinaryIO
        resume_size=there,
        headers=remote.headers,
        expected_size=remote.bytes,
        tqdm_class=_Quiet,
      )
  except hub_errors.ERRORS as error:
    if program.is_disk_full(error):
      raise
    raise program.StartAgain(
      f"the download of {name} broke off ({hub_errors.reason(error)}); what "
      "came is kept"
    ) from error
  return partial.stat().st_size - there


class _Growing(io.FileIO):
  """A file that counts what is written to it."""

  bar: program.Progress

  def write(self, data: Any) -> int:
    """Writes all of it, which a raw file need not do."""
    left = memoryview(data)
    while left:
      left = left[super().write(left) :]
    self.bar.advance(len(data))
    return len(data)


@contextlib.contextmanager
def _growing(partial: pathlib.Path, size: int, name: str) -> Iterator[_Growing]:
  """A partial file, open at its end, with a progress bar."""
  with (
    _Growing(os.fspath(partial), "ab" if partial.exists() else "wb") as file,
    program.progress(
      size,
      unit="bytes",
      label=f"downloading {name}",
      done=file.seek(0, io.SEEK_END),
    ) as bar,
  ):
    file.bar = bar
    yield file


class _Quiet(utils.tqdm):
  """The library's own progress bar, which is not shown: ours is."""

  def __init__(self, *args: Any, **options: Any):
    super().__init__(*args, **(options | {"disable": True}))


def _digest(path: pathlib.Path, like: str) -> str:
  """The checksum of a file, of the kind that `like` is."""
  kind, size = like.partition(":")[0], path.stat().st_size
  made = hashlib.sha256() if kind == "sha256" else hashlib.sha1()
  if kind == "git":
    made.update(b"blob %d\0" % size)
  name = path.name.removeprefix(".").partition(".")[0]
  with (
    path.open("rb") as file,
    program.progress(size, unit="bytes", label=f"checking {name}") as bar,
  ):
    while data := file.read(_READ_BYTES):
      made.update(data)
      bar.advance(len(data))
  return f"{kind}:{made.hexdigest()}"


def _is_here(path: pathlib.Path, remote: _Remote) -> bool:
  """Whether the file came meanwhile: by another process, or by hand."""
  if _kept(path) == remote.digest:
    return True
  if not path.exists() or path.stat().st_size != remote.bytes:
    return False
  if _digest(path, remote.digest) != remote.digest:
    return False
  _keep(path, remote)
  return True


def _keep(path: pathlib.Path, remote: _Remote) -> None:
  """Writes down what a file is."""
  about = {"digest": remote.digest, "bytes": remote.bytes}
  atomic.write_text(_beside(path), json.dumps(about) + "\n")


def _kept(path: pathlib.Path) -> str:
  """The checksum of a file that is here whole; empty if it is not."""
  try:
    about = json.loads(_beside(path).read_text(encoding="utf-8"))
    whole = path.stat().st_size == about["bytes"]
    return about["digest"] if whole else ""
  except (OSError, ValueError, KeyError, TypeError):
    return ""


def _beside(path: pathlib.Path) -> pathlib.Path:
  """The file that says what a download is."""
  return path.with_name(f".{path.name}.json")


def _page(repo: str) -> str:
  """The hub's page of a data set."""
  return f"{huggingface_hub.constants.ENDPOINT}/datasets/{repo}"


def _host(url: str) -> str:
  """Which server a URL is of."""
  return urllib.parse.urlsplit(url).netloc
