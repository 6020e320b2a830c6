"""Tests of data/sources/stackexchange_sites.py."""

import pathlib
import zipfile

import pytest

from data import program
from data.sources import stackexchange_sites as sites
from tests.data.sources import stackexchange_dump as dump


def touch(folder: pathlib.Path, *names: str) -> None:
  """Makes files that nobody reads here."""
  for name in names:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
      with zipfile.ZipFile(path, "w") as archive:
        for member in ("Posts.xml", "PostLinks.xml", "Users.xml"):
          if path.stem.rpartition("-")[2] in ("", path.stem, member[:-4]):
            archive.writestr(member, "<posts />")
    else:
      path.write_bytes(b"")


def found(*names: object, site: str = "") -> dict[str, list[str]]:
  """Site -> its files."""
  return {
    one.name: [file.name for file in (one.posts, one.links) if file]
    for one in sites.find([str(name) for name in names], site)
  }


def test_a_folder_is_a_site(tmp_path: pathlib.Path) -> None:
  assert found(dump.FOLDER) == {
    "night-sky.example.com": ["Posts.xml"],
    "repair.example.com": ["Posts.xml", "PostLinks.xml"],
  }
  touch(
    tmp_path, "a.org/Posts.xml.gz", "a.org/PostLinks.xml.bz2", "a.org/x.xml"
  )
  assert found(tmp_path) == {"a.org": ["Posts.xml.gz", "PostLinks.xml.bz2"]}
  assert found(tmp_path / "a.org/Posts.xml.gz") == {"a.org": ["Posts.xml.gz"]}


def test_an_archive_is_a_site(tmp_path: pathlib.Path) -> None:
  touch(tmp_path, "a.org.zip", "b.org-Posts.zip", "b.org-PostLinks.zip")
  assert found(tmp_path) == {
    "a.org": ["a.org.zip:Posts.xml", "a.org.zip:PostLinks.xml"],
    "b.org": ["b.org-Posts.zip:Posts.xml", "b.org-PostLinks.zip:PostLinks.xml"],
  }


def test_a_file_may_name_its_site(tmp_path: pathlib.Path) -> None:
  touch(tmp_path, "c-d.org-Posts.xml.xz", "c-d.org-PostLinks.xml", "Posts.xml")
  files = ["c-d.org-Posts.xml.xz", "c-d.org-PostLinks.xml"]
  assert found(tmp_path) == {"c-d.org": files, tmp_path.name: ["Posts.xml"]}
  assert found(*(tmp_path / name for name in files), site="e") == {"e": files}


@pytest.mark.parametrize(
  ("files", "words"),
  [
    (["a/Posts.xml", "a/Posts.xml.gz"], "two Posts.xml of a: .*; give one"),
    (["a.zip", "a/PostLinks.xml", "a/Posts.xml"], "two PostLinks.xml of a"),
    (["a/PostLinks.xml"], "no Posts.xml of a; give both"),
    (["a/Users.xml"], "has no Posts.xml or"),
  ],
)
def test_bad_input(
  tmp_path: pathlib.Path, files: list[str], words: str
) -> None:
  touch(tmp_path, *files)
  with pytest.raises(program.BadInput, match=words):
    found(tmp_path)


def test_bad_input_by_name(tmp_path: pathlib.Path) -> None:
  touch(tmp_path, "Users.xml")
  with pytest.raises(program.BadInput, match="Users.xml is neither a Posts"):
    found(tmp_path / "Users.xml")
  with pytest.raises(program.BadInput, match="two Posts.xml of e: .*no --site"):
    found(dump.FOLDER, site="e")
