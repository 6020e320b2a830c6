"""Files of dumps as streams of text."""

import io
import os
import random

import pytest

from data import program
from data.sources import bad
from data.sources import raw
from tests.data.sources import packed

TEXT = packed.posts(12)
FILES = {name: packed.pack(name, TEXT) for name in packed.NAMES}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [1, 777, 2**20])
def test_each_way_of_packing_gives_the_same_bytes(name, size, tmp_path):
  (tmp_path / name).write_bytes(FILES[name])
  assert packed.read(tmp_path / name, size) == (TEXT, "")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_short_anywhere(name, tmp_path):
  whole, between = FILES[name], 0
  for length in range(0, len(whole), 1 if name.endswith(".gz") else 5):
    (tmp_path / name).write_bytes(whole[:length])
    found, fault = packed.read(tmp_path / name)
    assert TEXT.startswith(found)
    # Two whole members of four are a whole file; the text's end is missing.
    assert fault in (
      ("empty",) if not length else ("cut_short", "damaged", "")
    ), (length, fault)
    between += not fault
  assert between <= 1


# Archives have their tables of contents at their end.
@pytest.mark.parametrize("name", [f"Posts.xml{end}" for end in packed.PACKERS])
def test_what_came_before_a_cut_is_given(name, tmp_path):
  (tmp_path / name).write_bytes(FILES[name][:-1])
  found, fault = packed.read(tmp_path / name)
  assert (found, fault) == (TEXT, "cut_short")


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_are_never_silent(name, tmp_path):
  drawn = random.Random(name)
  for _ in range(60):
    damaged = bytearray(FILES[name])
    damaged[drawn.randrange(len(damaged))] ^= drawn.randrange(1, 256)
    (tmp_path / name).write_bytes(damaged)
    try:
      found, fault = packed.read(tmp_path / name)
    except program.BadInput as error:  # Another name of the member.
      assert "has no Posts.xml" in str(error)
      continue
    # Some bytes of a container mean nothing, such as a time.
    assert fault or found == TEXT


@pytest.mark.parametrize("name", ["Posts.xml.gz", "seven.7z", "deflated.zip"])
def test_what_came_before_damage_is_given(name, tmp_path):
  text = packed.posts(2_000)
  damaged = bytearray(packed.pack(name, text))
  damaged[len(damaged) * 3 // 4] ^= 255
  (tmp_path / name).write_bytes(damaged)
  found, fault = packed.read(tmp_path / name)
  assert fault == "damaged"
  # Behind it is what the decoder made of the damage until it noticed.
  assert found[: len(text) // 3] == text[: len(text) // 3]


@pytest.mark.parametrize("name", FILES)
def test_a_page_of_html_is_no_dump(name, tmp_path):
  (tmp_path / name).write_bytes(b"<!DOCTYPE html><title>404</title>")
  (file,) = raw.find([str(tmp_path / name)], ["Posts.xml"])
  with (
    raw.open_stream(file) as stream,
    pytest.raises(raw.Broken, match="<!DOCTYPE html>") as caught,
  ):
    stream.read(1)
  assert caught.value.reason == "damaged"


def test_a_stream_that_broke_stays_broken(tmp_path):
  (tmp_path / "a.gz").write_bytes(FILES["Posts.xml.gz"][:-1])
  with raw.open_stream(raw.File(tmp_path / "a.gz")) as stream:
    for _ in range(2):
      with pytest.raises(raw.Broken):
        while stream.read(100):
          pass
  with raw.open_stream(raw.File(tmp_path / "a.gz")) as stream:
    assert len(io.BufferedReader(stream).read(len(TEXT))) == len(TEXT)


def test_a_file_that_is_not_there(tmp_path):
  with (
    raw.open_stream(raw.File(tmp_path / "none.xml")) as stream,
    pytest.raises(raw.Broken, match="cannot be read"),
  ):
    stream.read(1)


def test_names():
  file = raw.File(raw.pathlib.Path("a/site.7z"), "dump/Posts.xml.GZ")
  assert (file.name, file.base) == ("site.7z:dump/Posts.xml.GZ", "Posts.xml")
  file = raw.File(raw.pathlib.Path("a/RC_2019-01.zst"))
  assert (file.name, file.base) == ("RC_2019-01.zst", "RC_2019-01")


@pytest.fixture
def dumps(tmp_path):
  """A folder of dumps and of other files."""
  folder = tmp_path / "dumps"
  (folder / "b").mkdir(parents=True)
  for name in ("seven.7z", "deflated.zip"):
    (folder / "b" / name).write_bytes(FILES[name])
  (folder / "Posts.xml.gz").write_bytes(FILES["Posts.xml.gz"])
  (folder / "Users.xml").write_bytes(b"<users/>")
  os.mkfifo(folder / "b" / "Posts.xml")
  return folder


def names(found, folder):
  return [f"{file.path.relative_to(folder)}:{file.member}" for file in found]


def test_what_folders_patterns_and_lists_mean(dumps):
  everything = [
    "Posts.xml.gz:",
    "b/deflated.zip:Posts.xml",
    "b/seven.7z:Posts.xml",
  ]
  assert names(raw.find([str(dumps)], ["Posts.xml"]), dumps) == everything
  both = [f"{dumps}/b,{dumps}/*.gz", f"{dumps}/Posts.xml.gz"]
  assert names(raw.find(both, ["Posts.xml"]), dumps) == everything
  assert names(raw.find([f"{dumps}/*s.xml*"], ["Posts.xml"]), dumps) == [
    "Posts.xml.gz:",
    "Users.xml:",  # A file that is named is taken as it is.
  ]
  assert names(raw.find([str(dumps / "b")], ["B*.xml", "P*"]), dumps) == [
    f"b/{name}:{member}.xml"
    for name in ("deflated.zip", "seven.7z")
    for member in ("Badges", "Posts")
  ]


def test_names_that_give_nothing(dumps):
  for name, words in {
    dumps / "none": "is not there",
    dumps / "*.none": "is not there",
    dumps: "has no Comments.xml or C",
    dumps / "b" / "seven.7z": "has no Comments.xml or C",
  }.items():
    with pytest.raises(
      program.BadInput, match=f"--in={name}".replace("*", ".")
    ):
      raw.find([str(name)], ["Comments.xml", "C"])
    with pytest.raises(program.BadInput, match=words):
      raw.find([str(name)], ["Comments.xml", "C"])


def test_an_archive_that_cannot_be_read_is_one_file(dumps):
  (dumps / "broken.7z").write_bytes(b"7z")
  found = raw.find([str(dumps)], ["Posts.xml", "PostLinks.xml"])
  (file,) = [file for file in found if file.path.name == "broken.7z"]
  assert file.member == "Posts.xml"
  with raw.open_stream(file) as stream, pytest.raises(bad.Broken):
    stream.read(1)
