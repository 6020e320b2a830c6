"""Tests of data/sources/python_files.py."""

import pathlib

import pytest

from data.sources import python_files

FILES = {
  "alone.py": "alone",
  "google/a/b.py": "google",  # A namespace package: no __init__.py.
  "google/c.py": "google",
  "pip/__init__.py": "pip",
  "pip/_vendor/__init__.py": "pip",
  "pip/_vendor/rich/_log.py": "rich",
  "pip/_vendor/six.py": "six",
  "pip/third_party/a/external/b/c.py": "b",
  "rich/_log.py": "rich",
  "rich/latest.py": "rich",
  "rich/testing/tools.py": "rich",
}
NOT_THESE = [
  ".git/hook.py",
  "__pycache__/a.py",
  "rich/_tests/a.py",
  "rich/a\tb.py",
  "rich/conftest.py",
  "rich/data.txt",
  "rich/idle_test/a.py",
  "rich/log_test.py",
  "rich/test/a.py",
  "rich/test_log.py",
  "rich/tests/a.py",
  "rich/tests.py",
  "site-packages/other/a.py",
]


def write(folder: pathlib.Path) -> None:
  """Writes all files, empty."""
  for name in (*NOT_THESE, *FILES):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


def test_files_and_their_packages(tmp_path: pathlib.Path) -> None:
  write(tmp_path)
  found = python_files.find([python_files.Root(tmp_path)])
  assert {file.name: file.package for file in found} == FILES
  assert all(file.path == tmp_path / file.name for file in found)


def test_a_packages_own_files_come_first(tmp_path: pathlib.Path) -> None:
  write(tmp_path)
  found = python_files.find([python_files.Root(tmp_path)])
  brought = [name for name in sorted(FILES) if not name.startswith(FILES[name])]
  assert [file.name for file in found] == [
    *(name for name in sorted(FILES) if name not in brought),
    *brought,
  ]


def test_a_root_of_one_package(tmp_path: pathlib.Path) -> None:
  write(tmp_path)
  library = python_files.STANDARD_LIBRARY
  found = python_files.find([python_files.Root(tmp_path, library)])
  assert {file.package for file in found} == {library}
  assert [file.name for file in found] == sorted(FILES)


@pytest.mark.parametrize(
  ("path", "package"),
  [
    ("numpy/linalg.py", "numpy"),
    ("numpy/_vendor/__init__.py", "numpy"),
    ("numpy/vendored/doc.py", "doc"),
    ("_vendor/a/b.py", "a"),
  ],
)
def test_the_package_of_a_path(path: str, package: str) -> None:
  assert python_files.package_of(path.split("/")) == package


def test_what_is_installed() -> None:
  library, site, *_ = python_files.installed_roots()
  assert library.package == python_files.STANDARD_LIBRARY
  found = {file.name: file for file in python_files.find([library])}
  assert "json/decoder.py" in found
  assert not any("site-packages" in file.path.parts for file in found.values())
  assert (site.folder / "absl" / "app.py").exists()
  assert site.package == ""
