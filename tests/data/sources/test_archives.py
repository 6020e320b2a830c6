"""Members of archives, and those that are left out."""

import io
import stat
import threading
import zipfile

import py7zr
import pytest

from data.sources import archives
from data.sources import bad
from data.sources import raw
from data.sources import seven_zip
from tests.data.sources import packed

OUTSIDE = (
  "/etc/Posts.xml",
  "../Posts.xml",
  "a/../../Posts.xml",
  "..\\Posts.xml",
  "C:\\Posts.xml",
  "\\Posts.xml",
  "a/..",
)
INSIDE = ("..a/Posts.xml", "a..b/Posts.xml", "c/Posts.xml")


def test_zip_members_that_are_left_out(tmp_path, capsys):
  path = tmp_path / "a.zip"
  with zipfile.ZipFile(path, "w") as archive:
    archive.mkdir("folder")
    for name in (*OUTSIDE, *INSIDE, "a\nb"):
      archive.writestr(name, name)
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, "/etc/passwd")
    with pytest.warns(UserWarning, match="Duplicate"):
      archive.writestr(INSIDE[0], "again")
  assert archives.members(path) == sorted(INSIDE)
  told = capsys.readouterr().err.splitlines()
  for name in OUTSIDE:
    assert f"{path}: {name!r} leads outside; it is left out" in told
  assert f"{path}: 'link' is no file; it is left out" in told
  assert f"{path}: {INSIDE[0]!r} is there twice; it is left out" in told
  assert len(told) == len(OUTSIDE) + 3
  assert b"".join(archives.blocks(path, INSIDE[0])) == INSIDE[0].encode()


def test_7z_members_that_are_left_out(tmp_path, capsys, monkeypatch):
  (tmp_path / "target").write_text("text")
  (tmp_path / "link").symlink_to("target")
  path = tmp_path / "a.7z"
  with py7zr.SevenZipFile(path, "w") as archive:
    archive.write(tmp_path / "link", "link")
    # It refuses to write such names; other programs do not.
    monkeypatch.setattr(archive, "_sanitize_archive_arcname", lambda name: name)
    monkeypatch.setattr("py7zr.py7zr.check_archive_path", lambda name: True)
    for name in (*OUTSIDE, *INSIDE, INSIDE[0]):
      archive.writestr(name.encode(), name)
  assert archives.members(path) == sorted(INSIDE)
  told = capsys.readouterr().err
  assert told.count("leads outside") == len(OUTSIDE)
  assert "'link' is a link" in told and "is there twice" in told
  for name in INSIDE:
    assert b"".join(archives.blocks(path, name)) == name.encode()
  assert sorted(entry.name for entry in tmp_path.iterdir()) == [
    "a.7z",
    "link",
    "target",
  ]


@pytest.mark.parametrize("headers", [True, False])
def test_an_encrypted_7z(headers, tmp_path, capsys):
  path = tmp_path / "a.7z"
  with py7zr.SevenZipFile(
    path, "w", password="x", header_encryption=headers
  ) as archive:
    archive.writestr(b"text", "Posts.xml")
  if headers:
    (file,) = raw.find([str(path)], ["Posts.xml"])
    with (
      raw.open_stream(file) as stream,
      pytest.raises(bad.Broken, match="is encrypted"),
    ):
      stream.read(1)
  else:
    assert archives.members(path) == []
    assert "'Posts.xml' is encrypted" in capsys.readouterr().err


def test_an_encrypted_zip(tmp_path, capsys):
  path = tmp_path / "a.zip"
  data = bytearray(packed.archive("deflated.zip", {"Posts.xml": b"text"}))
  for head in (b"PK\x03\x04", b"PK\x01\x02"):
    flags = data.index(head) + (6 if head == b"PK\x03\x04" else 8)
    data[flags] |= 1
  path.write_bytes(data)
  assert archives.members(path) == []
  assert "'Posts.xml' is encrypted" in capsys.readouterr().err
  with pytest.raises(bad.Broken, match="password"):
    list(archives.blocks(path, "Posts.xml"))


def test_packed_members(tmp_path):
  text = packed.posts(9)
  for name in ("seven.7z", "deflated.zip"):
    for ending, pack in packed.PACKERS.items():
      member = f"site/Posts.xml{ending}"
      data = packed.archive(name, {member: pack(text)})
      (tmp_path / name).write_bytes(data)
      assert packed.read(tmp_path / name) == (text, "")


def test_a_reader_that_leaves_a_7z_early(tmp_path):
  path = tmp_path / "a.7z"
  text = packed.posts(40_000)
  with py7zr.SevenZipFile(
    path, "w", filters=[{"id": py7zr.FILTER_COPY}]
  ) as archive:
    archive.writestr(text, "Other.xml")
    archive.writestr(text * 6, "Posts.xml")
  before = threading.active_count()
  for count in (0, 1, 2):
    found = seven_zip.blocks(path, "Posts.xml")
    for _ in range(count):
      assert len(next(found)) < 2 * seven_zip.BLOCK_BYTES
    found.close()
    assert threading.active_count() == before
  # Nor does one that reads nothing for long make it read on.
  pipe = seven_zip._Pipe()
  args = (path, "Posts.xml", pipe)
  thread = threading.Thread(target=seven_zip._unpack, args=args)
  thread.start()
  thread.join(0.5)
  assert thread.is_alive() and pipe._queue.full()
  pipe.leave()
  thread.join(60)
  assert not thread.is_alive()


def test_nothing_is_written(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "a.7z").write_bytes(
    packed.archive("seven.7z", {"x/Posts.xml": b"text"})
  )
  assert packed.read(tmp_path / "a.7z") == (b"text", "")
  assert [path.name for path in tmp_path.iterdir()] == ["a.7z"]


def test_py7zr_reads_what_it_wrote():
  file = io.BytesIO(packed.archive("seven.7z", {"a": b"1", "b": b"2"}))
  with py7zr.SevenZipFile(file) as archive:
    assert archive.getnames() == ["a", "b"]


@pytest.mark.parametrize("name", packed.ARCHIVES)
def test_no_block_of_a_bomb_is_large(name, tmp_path):
  data = packed.archive(name, {"Posts.xml": bytes(16 * 2**20)})
  (tmp_path / name).write_bytes(data)
  sizes = [
    len(block) for block in archives.blocks(tmp_path / name, "Posts.xml")
  ]
  assert sum(sizes) == 16 * 2**20 and max(sizes) <= 2 * 2**20
