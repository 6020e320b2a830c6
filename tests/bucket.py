"""Google Cloud Storage on this machine, for tests: a bucket in memory.

It speaks the routes of the JSON API that gcsfs, google-cloud-storage and
TensorStore use (https://cloud.google.com/storage/docs/json_api/v1), with
generations and their preconditions, which TensorStore's commits stand on; the
emulators of the package index leave those out.
"""

import base64
import email.parser
import email.policy
import http.server
import itertools
import json
import re
import sys
import threading
import time
import types
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import google_crc32c

NAME = "gigapair-tests"

_OBJECT = re.compile(r"(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)")
_COPY = re.compile(
  _OBJECT.pattern + r"/(copy|rewrite|move)To(?:/b/[^/]+)?/o/([^/]+)"
)
_LIST = re.compile(r"(?:/upload)?(?:/resumable/upload)?/storage/v1/b/([^/]+)/o")
_BUCKET = re.compile(r"/storage/v1/b/([^/]+)(?:/storageLayout)?")


class Stored(NamedTuple):
  """An object: its bytes, and which write of the bucket made it."""

  content: bytes
  generation: int


class Answer(NamedTuple):
  """What is answered to a request."""

  code: int = 200
  content: bytes = b""
  headers: Mapping[str, str] = types.MappingProxyType({})


class Bucket:
  """A bucket that is served on a port of this machine.

  Attributes:
    objects: name -> what is stored, which tests may look at and change.
    url: of the server.
  """

  def __init__(self):
    self.objects: dict[str, Stored] = {}
    self._uploads: dict[str, tuple[str, bytearray]] = {}
    self._numbers = itertools.count(int(time.time()) * 1_000_000)
    self._lock = threading.RLock()
    self._folders = itertools.count()
    handler = type("Handler", (_Handler,), {"bucket": self})
    self._server = _Server(("127.0.0.1", 0), handler)
    self.url = f"http://127.0.0.1:{self._server.server_port}"
    threading.Thread(target=self._server.serve_forever, daemon=True).start()

  def environment(self) -> dict[str, str]:
    """What tells gcsfs, google-cloud-storage and TensorStore of the bucket."""
    return {
      "STORAGE_EMULATOR_HOST": self.url,
      "TENSORSTORE_GCS_HTTP_URL": self.url,
      "GOOGLE_AUTH_TOKEN_FOR_TESTING": "none",
      "GOOGLE_CLOUD_PROJECT": "tests",
      # Else gcsfs asks another service, with credentials, what the bucket is.
      "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }

  def folder(self) -> str:
    """The address of a folder that nobody else has."""
    return f"gs://{NAME}/{next(self._folders)}"

  def below(self, folder: str) -> list[str]:
    """The names of all objects below a folder's address."""
    start = folder.removeprefix(f"gs://{NAME}/") + "/"
    return sorted(name for name in self.objects if name.startswith(start))

  def write(self, name: str, content: bytes) -> Stored:
    """Puts an object in the place of what was there."""
    self.objects[name] = Stored(content, next(self._numbers))
    return self.objects[name]

  def close(self) -> None:
    """Stops serving."""
    self._server.shutdown()
    self._server.server_close()

  def answer(
    self, method: str, target: str, headers: Any, body: bytes
  ) -> Answer:
    """The answer to a request; requests come one after another."""
    url = urllib.parse.urlsplit(target)
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    with self._lock:
      if url.path == "/batch/storage/v1":
        return self._batch(headers, body)
      if "upload_id" in query:
        return self._upload_more(query["upload_id"], headers, body)
      if match := _COPY.fullmatch(url.path):
        return self._copy(*_names(match)[1:])
      if match := _OBJECT.fullmatch(url.path):
        return self._object(method, _names(match)[1], query, headers)
      if match := _LIST.fullmatch(url.path):
        if method == "POST":
          return self._upload(query, headers, body)
        return self._list(query)
      if match := _BUCKET.fullmatch(url.path):
        return _json({"kind": "storage#bucket", "name": match[1]})
    return _error(501, f"{method} {target} is not served here")

  def _object(
    self, method: str, name: str, query: dict[str, str], headers: Any
  ) -> Answer:
    """Reads, describes or deletes an object."""
    if wrong := self._refused(name, query):
      return wrong
    if name not in self.objects:
      return _error(404, f"no object {name}")
    if method == "DELETE":
      del self.objects[name]
      return Answer(204)
    if query.get("alt") != "media":
      return _json(self._describe(name))
    stored = self.objects[name]
    content, code = stored.content, 200
    answer = {"X-Goog-Generation": str(stored.generation)}
    if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", "")):
      first, last = int(asked[1]), int(asked[2] or len(content) - 1)
      if first >= len(content):
        return _error(416, "no such range")
      whole, content, code = content, content[first : last + 1], 206
      end = first + len(content) - 1
      answer["Content-Range"] = f"bytes {first}-{end}/{len(whole)}"
    return Answer(code, content, answer)

  def _refused(self, name: str, query: dict[str, str]) -> Answer | None:
    """An answer where a precondition does not hold; 0 is "none there"."""
    stored = self.objects.get(name)
    now = str(stored.generation if stored else 0)
    if query.get("ifGenerationMatch", now) != now:
      return _error(412, f"{name} is of generation {now}")
    if query.get("ifGenerationNotMatch") == now:
      return Answer(304)
    return None

  def _describe(self, name: str) -> dict[str, Any]:
    """The resource of an object."""
    stored = self.objects[name]
    checksum = google_crc32c.Checksum(stored.content).digest()
    seconds = time.gmtime(stored.generation // 1_000_000)
    made = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", seconds)
    return {
      "kind": "storage#object",
      "bucket": NAME,
      "name": name,
      "generation": str(stored.generation),
      "metageneration": "1",
      "size": str(len(stored.content)),
      "crc32c": base64.b64encode(checksum).decode(),
      "timeCreated": made,
      "updated": made,
      "mediaLink": f"{self.url}/download/storage/v1/b/{NAME}/o/"
      f"{urllib.parse.quote(name, safe='')}?alt=media",
    }

  def _list(self, query: dict[str, str]) -> Answer:
    """Objects in the order of their names, and folders where asked for."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start = max(query.get("startOffset", ""), query.get("pageToken", ""))
    end = query.get("endOffset", "")
    items: list[dict[str, Any]] = []
    folders: set[str] = set()
    answer: dict[str, Any] = {"kind": "storage#objects"}
    for name in sorted(self.objects):
      if not name.startswith(prefix) or name < start or (end and name >= end):
        continue
      if len(items) + len(folders) == int(query.get("maxResults", 1_000)):
        answer["nextPageToken"] = name
        break
      rest = name[len(prefix) :]
      if delimiter and delimiter in rest:
        folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
      else:
        items.append(self._describe(name))
    return _json(answer | {"items": items, "prefixes": sorted(folders)})

  def _copy(self, name: str, how: str, to: str) -> Answer:
    """Copies or moves an object within the bucket."""
    if name not in self.objects:
      return _error(404, f"no object {name}")
    self.write(to, self.objects[name].content)
    if how == "move":
      del self.objects[name]
    resource = self._describe(to)
    return _json(resource | {"done": True, "resource": resource})

  def _upload(self, query: dict[str, str], headers: Any, body: bytes) -> Answer:
    """Takes an object at once, or gives the address to send its parts to."""
    name = query.get("name", "")
    if query["uploadType"] == "multipart":
      described, body = _parts(headers["Content-Type"], body)
      name = described["name"]
    if query["uploadType"] == "resumable":
      name = name or json.loads(body)["name"]
    if wrong := self._refused(name, query):
      return wrong
    if query["uploadType"] != "resumable":
      self.write(name, body)
      return _json(self._describe(name))
    number = str(next(self._numbers))
    self._uploads[number] = (name, bytearray())
    address = f"{self.url}/upload/storage/v1/b/{NAME}/o?upload_id={number}"
    return Answer(200, b"{}", {"Location": address})

  def _upload_more(self, number: str, headers: Any, body: bytes) -> Answer:
    """Takes a part of an object; the last one makes it."""
    name, there = self._uploads[number]
    there += body
    total = headers.get("Content-Range", "").rpartition("/")[2]
    if total == "*" or (total and len(there) < int(total)):
      return Answer(308, b"", {"Range": f"bytes=0-{len(there) - 1}"})
    del self._uploads[number]
    self.write(name, bytes(there))
    return _json(self._describe(name))

  def _batch(self, headers: Any, body: bytes) -> Answer:
    """Many requests in one, each answered in its turn."""
    answers = []
    for part in _message(headers["Content-Type"], body).iter_parts():
      line, _, _ = part.get_content().partition("\n")
      method, target, _ = line.split()
      path = "/" + target.split("//")[-1].partition("/")[2]
      found = self.answer(method, path, {}, b"")
      answers.append(
        "--batch\r\nContent-Type: application/http\r\nContent-ID: <response-"
        f"{part['Content-ID'].strip('<>')}>\r\n\r\n"
        f"HTTP/1.1 {found.code} -\r\nContent-Type: application/json\r\n\r\n"
        f"{found.content.decode()}\r\n"
      )
    content = "".join(answers) + "--batch--\r\n"
    kind = {"Content-Type": "multipart/mixed; boundary=batch"}
    return Answer(200, content.encode(), kind)


def serve() -> Iterator[Bucket]:
  """A bucket, while it is needed."""
  bucket = Bucket()
  yield bucket
  bucket.close()


class _Server(http.server.ThreadingHTTPServer):
  """Says nothing of clients that go before they have their answer."""

  daemon_threads = True

  def handle_error(self, request: Any, client_address: Any) -> None:
    """Raises what is no connection that was closed."""
    if not isinstance(sys.exception(), ConnectionError):
      super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
  """Hands requests to the bucket."""

  bucket: Bucket
  protocol_version = "HTTP/1.1"
  # Header and body in one; apart, each answer would wait 40 ms for the client.
  wbufsize = 2**16
  disable_nagle_algorithm = True

  def _answer(self) -> None:
    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
    found = self.bucket.answer(self.command, self.path, self.headers, body)
    self.send_response(found.code)
    for key, value in found.headers.items():
      self.send_header(key, value)
    self.send_header("Content-Length", str(len(found.content)))
    self.end_headers()
    self.wfile.write(found.content)

  do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

  def log_message(self, format: str, *args: Any) -> None:
    """Says nothing."""


def _names(match: re.Match[str]) -> list[str]:
  """The names in a path, as they are."""
  return [urllib.parse.unquote(name) for name in match.groups()]


def _json(content: dict[str, Any]) -> Answer:
  """An answer in JSON."""
  kind = {"Content-Type": "application/json; charset=UTF-8"}
  return Answer(200, json.dumps(content).encode(), kind)


def _error(code: int, message: str) -> Answer:
  """An error as the API words it."""
  error = {"error": {"code": code, "message": message}}
  return _json(error)._replace(code=code)


def _message(kind: str, body: bytes) -> Any:
  """The parts of a body of text."""
  parser = email.parser.BytesParser(policy=email.policy.HTTP)
  return parser.parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)


def _parts(kind: str, body: bytes) -> tuple[dict[str, Any], bytes]:
  """What a multipart upload says of its object, and the object's bytes."""
  found = re.search(r"boundary=['\"]?([^'\";]+)", kind)
  assert found, kind
  mark = b"--" + found[1].encode()
  _, described, content, _ = body.split(mark, 3)
  described, content = (
    re.split(rb"\r?\n\r?\n", part, maxsplit=1)[1]
    for part in (described, content)
  )
  return json.loads(described), re.sub(rb"\r?\n$", b"", content)
