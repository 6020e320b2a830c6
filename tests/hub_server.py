"""A small hub on this machine: what huggingface_hub asks for, on folders.

    with hub_server.serve(tmp_path / "hub") as server:
      ...  # a process with server.environment(tmp_path / "home")

Below the folder is one of each model, ORG/NAME, and of each data set,
datasets/ORG/NAME. What stands there may be downloaded, in ranges of bytes too,
and what is uploaded comes to stand there. A file with a name of LARGE goes by
git LFS and has its sha256, the others are within the commit and have git's
sha1. Xet is left out: the environment turns it off.

`faults` says what goes wrong with the next downloads, one after another: a
number breaks it off after so many bytes, "spoil" gives it a wrong last byte,
"refuse" answers with an error of the server.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

COMMIT = "c0ffee" * 6 + "c0ff"
TOKEN = "hf_of_the_tests"
LARGE = (".safetensors", ".gz")


class Server(http.server.ThreadingHTTPServer):
  """The hub, and what was asked of it."""

  daemon_threads = True

  def __init__(self, folder: pathlib.Path):
    super().__init__(("127.0.0.1", 0), _Handler)
    self.folder = folder
    self.fetched: list[str] = []  # "ORG/NAME/file", by GET
    self.ranges: list[str] = []  # what of it was asked for, if not all
    self.faults: list[int | str] = []
    self.created: list[dict[str, Any]] = []
    self.blobs: dict[str, bytes] = {}  # by sha256, before their commit

  @property
  def url(self) -> str:
    """Where it is."""
    return f"http://127.0.0.1:{self.server_address[1]}"

  def environment(self, home: pathlib.Path, token: str = "") -> dict[str, str]:
    """That of a process whose hub this is, with its cache in `home`."""
    return {
      **os.environ,
      "HF_ENDPOINT": self.url,
      "HF_HOME": str(home),
      "HF_HUB_OFFLINE": "0",
      "HF_HUB_DISABLE_XET": "1",
      "HF_HUB_DISABLE_TELEMETRY": "1",
      "HF_HUB_DISABLE_UPDATE_CHECK": "1",
      "HF_TOKEN": token,
    }


class _Handler(http.server.BaseHTTPRequestHandler):
  """Answers one request."""

  server: Server
  protocol_version = "HTTP/1.1"

  def do_GET(self) -> None:
    self._look()

  def do_HEAD(self) -> None:
    self._look()

  def do_POST(self) -> None:
    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
    if self.headers.get("Transfer-Encoding") == "chunked":
      body = self._chunks()
    if self.headers.get("Authorization") != f"Bearer {TOKEN}":
      return self._json({"error": "Invalid username or password."}, 401)
    parts = self._parts()
    if parts == ["api", "validate-yaml"]:  # of a README.md
      return self._json({"errors": [], "warnings": []})
    if parts[:2] == ["api", "repos"]:
      return self._create(json.loads(body))
    if parts[-3:] == ["lfs", "objects", "batch"]:
      return self._batch(json.loads(body))
    name = "/".join(parts[2:4])
    if parts[4] == "preupload":
      return self._preupload(json.loads(body))
    return self._commit(name, body)

  def do_PUT(self) -> None:
    body = self.rfile.read(int(self.headers["Content-Length"]))
    self.server.blobs[hashlib.sha256(body).hexdigest()] = body
    self._answer(b"")

  def _look(self) -> None:
    """A model's revision, the list of its files, or one of these."""
    parts = self._parts()
    api = parts[:2] == ["api", "models"]
    if parts[0] == "datasets":
      parts[:3] = ["/".join(parts[:2]), parts[2]]
    name = "/".join(parts[2:4] if api else parts[:2])
    folder = self.server.folder / name
    if not folder.is_dir():
      message = {"X-Error-Code": "RepoNotFound"}
      return self._json({"error": "Repository not found"}, 404, message)
    if not api:
      return self._file(folder, "/".join(parts[4:]))
    if parts[4:5] == ["tree"]:
      return self._json([_entry(folder, path) for path in _files(folder)])
    siblings = [
      {"rfilename": str(p.relative_to(folder))} for p in _files(folder)
    ]
    self._json({"id": name, "sha": COMMIT, "siblings": siblings})

  def _file(self, folder: pathlib.Path, name: str) -> None:
    """One file, or what HEAD says of it."""
    path = folder / name
    if not path.is_file():
      headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
      return self._json({"error": "Entry not found"}, 404, headers)
    if self.command == "GET":
      self.server.fetched.append(str(path.relative_to(self.server.folder)))
    content = path.read_bytes()
    headers = {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": COMMIT}
    if path.name.endswith(LARGE):
      sha256 = hashlib.sha256(content).hexdigest()
      headers["X-Linked-ETag"] = f'"{sha256}"'
      headers["X-Linked-Size"] = str(len(content))
    if self.command == "GET":
      return self._send(content, headers)
    self._answer(content, headers=headers)

  def _send(self, content: bytes, headers: dict[str, str]) -> None:
    """A file, or from some byte on, over a connection that may be bad."""
    fault = self.server.faults.pop(0) if self.server.faults else ""
    if fault == "refuse":
      return self._json({"error": "Internal error"}, 500)
    if fault == "spoil":
      content = content[:-1] + bytes([content[-1] ^ 1])
    wanted, start, size = self.headers.get("Range"), 0, len(content)
    if wanted:
      self.server.ranges.append(wanted)
      start = int(wanted.removeprefix("bytes=").rstrip("-"))
      headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    cut = fault if isinstance(fault, int) else None
    self._answer(content[start:], 206 if wanted else 200, headers, cut)

  def _create(self, asked: dict[str, Any]) -> None:
    """A new model; one that is there is a conflict, and stays."""
    self.server.created.append(asked)
    name = f"{asked['organization']}/{asked['name']}"
    there = (self.server.folder / name).exists()
    if asked["organization"] == "others":
      return self._json({"error": "You don't have the rights"}, 403)
    (self.server.folder / name).mkdir(parents=True, exist_ok=True)
    url = f"{self.server.url}/{name}"
    self._json({"url": url, "name": name}, 409 if there else 200)

  def _preupload(self, asked: dict[str, Any]) -> None:
    """Which files go by LFS."""
    files = [
      {
        "path": file["path"],
        "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
        "shouldIgnore": False,
      }
      for file in asked["files"]
    ]
    self._json({"files": files})

  def _batch(self, asked: dict[str, Any]) -> None:
    """Where each large file is to be put."""
    put = f"{self.server.url}/put"
    objects = [
      {**one, "actions": {"upload": {"href": put}}} for one in asked["objects"]
    ]
    self._json({"transfer": "basic", "objects": objects})

  def _commit(self, name: str, body: bytes) -> None:
    """Files come to stand in the model's folder."""
    for line in body.splitlines():
      key, value = (json.loads(line)[part] for part in ("key", "value"))
      if key == "header":
        continue
      path = self.server.folder / name / value["path"]
      path.parent.mkdir(parents=True, exist_ok=True)
      assert key in ("file", "lfsFile"), key
      path.write_bytes(
        base64.b64decode(value["content"])
        if key == "file"
        else self.server.blobs[value["oid"]]
      )
    url = f"{self.server.url}/{name}/commit/{COMMIT}"
    self._json({"success": True, "commitUrl": url, "commitOid": COMMIT})

  def _parts(self) -> list[str]:
    """The path's parts."""
    path = urllib.parse.urlsplit(self.path).path
    return [urllib.parse.unquote(part) for part in path.strip("/").split("/")]

  def _chunks(self) -> bytes:
    """A body of a length that was not known before."""
    found = b""
    while size := int(self.rfile.readline(), 16):
      found += self.rfile.read(size)
      self.rfile.readline()
    self.rfile.readline()
    return found

  def _json(
    self, content: Any, code: int = 200, headers: dict[str, str] | None = None
  ) -> None:
    """Answers with JSON."""
    self._answer(json.dumps(content).encode(), code, headers or {})

  def _answer(
    self,
    content: bytes,
    code: int = 200,
    headers: dict[str, str] | None = None,
    cut: int | None = None,
  ) -> None:
    """Answers with bytes, which HEAD only counts; `cut` ends it early."""
    self.send_response(code)
    for name, value in (headers or {}).items():
      self.send_header(name, value)
    self.send_header("Content-Length", str(len(content)))
    self.end_headers()
    if self.command != "HEAD":
      self.wfile.write(content[:cut])
    if cut is not None:
      self.close_connection = True

  def log_message(self, format: str, *args: Any) -> None:
    """Says nothing."""


@contextlib.contextmanager
def serve(folder: pathlib.Path) -> Iterator[Server]:
  """The hub of the models in a folder, until the block ends."""
  folder.mkdir(parents=True, exist_ok=True)
  server = Server(folder)
  thread = threading.Thread(target=server.serve_forever, daemon=True)
  thread.start()
  try:
    yield server
  finally:
    server.shutdown()
    server.server_close()
    thread.join()


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
  """All files of a model."""
  return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _entry(folder: pathlib.Path, path: pathlib.Path) -> dict[str, Any]:
  """A file in the list of a model's."""
  return {
    "type": "file",
    "path": str(path.relative_to(folder)),
    "size": path.stat().st_size,
    "oid": _oid(path.read_bytes()),
  }


def _oid(content: bytes) -> str:
  """What git calls a file of this content."""
  return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
