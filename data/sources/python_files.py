"""Where Python sources are, and which package each belongs to.

A root is a folder of packages, such as site-packages: the first component of a
file's path below it names its package, and so namespace packages such as
`google` are one package each. What a package brings along of others belongs to
those: pip/_vendor/rich/console.py is rich's. The standard library is one
package. Tests, hidden folders and other environments are left out.

    for file in python_files.find(python_files.installed_roots()):
      file.package, file.name  # "rich", "pip/_vendor/rich/console.py"
"""

import os
import pathlib
import re
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

STANDARD_LIBRARY = "stdlib"

_VENDOR_FOLDERS = frozenset(
  name
  for word in ("vendor", "vendored", "third_party", "external", "externals")
  for name in (word, f"_{word}")
)
_ENVIRONMENTS = frozenset(("site-packages", "dist-packages", "__pycache__"))
_TEST_FOLDER = re.compile(r"(?:.*_)?tests?")
_TEST_MODULE = re.compile(r"(?:tests?|test_.*|.*_tests?|conftest)\.py")


class Root(NamedTuple):
  """A folder of packages; or, with a package's name, of that one alone."""

  folder: pathlib.Path
  package: str = ""


class SourceFile(NamedTuple):
  """One source: its path, its name below the root, and its package."""

  path: pathlib.Path
  name: str
  package: str


def installed_roots() -> list[Root]:
  """The running Python's standard library and its site-packages."""
  paths = sysconfig.get_paths()
  library = Root(pathlib.Path(paths["stdlib"]), STANDARD_LIBRARY)
  # Two names of one folder, unless the system keeps compiled ones apart.
  sites = dict.fromkeys(
    pathlib.Path(paths[name]).resolve() for name in ("purelib", "platlib")
  )
  return [library, *(Root(site) for site in sites if site.is_dir())]


def find(roots: Iterable[Root]) -> list[SourceFile]:
  """The sources below the roots, root by root, in the order of their names.

  What one package brings along of another comes after all else, so that a
  package's own files go before copies of them.
  """
  return [file for root in roots for file in sorted(_below(root), key=_order)]


def package_of(parts: Sequence[str]) -> str:
  """The package of a file, from the components of its path below the root.

  >>> package_of(["pip", "_vendor", "six.py"]), package_of(["pip", "wheel.py"])
  ('six', 'pip')
  """
  start = 0
  for position, part in enumerate(parts[:-1]):
    following = parts[position + 1]
    if part in _VENDOR_FOLDERS and following != "__init__.py":
      start = position + 1
  return parts[start].removesuffix(".py")


def _below(root: Root) -> Iterator[SourceFile]:
  """The sources below one root, in any order."""
  for place, folders, files in os.walk(root.folder):
    folders[:] = [name for name in folders if _wanted_folder(name)]
    for file in files:
      if file.endswith(".py") and not _TEST_MODULE.fullmatch(file):
        path = pathlib.Path(place) / file
        parts = path.relative_to(root.folder).parts
        name, package = "/".join(parts), root.package or package_of(parts)
        if name.isprintable():  # Else it makes no id: a tab, or no UTF-8.
          yield SourceFile(path, name, package)


def _order(file: SourceFile) -> tuple[bool, str]:
  """Sorts a package's own files before those that another brings along."""
  own = file.package in (STANDARD_LIBRARY, package_of(file.name.split("/")[:1]))
  return not own, file.name


def _wanted_folder(name: str) -> bool:
  """Whether a folder may hold sources of the packages at hand."""
  return not (
    name.startswith(".")
    or name in _ENVIRONMENTS
    or _TEST_FOLDER.fullmatch(name)
  )
