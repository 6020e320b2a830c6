"""All pairs of (documentation, code) below some folders, each code once.

Files are parsed in parallel; what comes out depends on the files alone. Of
several copies of the same code the first stays, in the order of
python_files.find: exact copies by the hash of the normalised text, near copies
by data/duplicates.py, over all packages at once, so that none has a near copy
in another split.

    mined = python_pairs.mine(python_files.installed_roots(), processes=2)
    mined.pairs[0].documentation
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import gc
import multiprocessing
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from data import duplicates
from data import identity
from data import program
from data import worker
from data.sources import python_files
from data.sources import python_functions

_FILES_A_TASK = 32


class Pair(NamedTuple):
  """A pair: its id ("rich/console.py:Console.print"), package and texts."""

  id: str
  package: str
  documentation: str
  code: str


@dataclasses.dataclass(frozen=True)
class Mined:
  """What was found.

  Attributes:
    pairs: in the order of the files, and in a file of its text.
    dropped: reason -> functions that give no pair.
    files: Python files that were read.
    unreadable_files: those of them that are not text, or not Python of the
      running version.
  """

  pairs: list[Pair]
  dropped: dict[str, int]
  files: int
  unreadable_files: int


class _Found(NamedTuple):
  """What one file gives: texts and their sketches, and reasons."""

  functions: list[python_functions.Function]
  sketches: list[duplicates.Sketch]
  dropped: collections.Counter[str]
  readable: bool


def mine(roots: Sequence[python_files.Root], processes: int) -> Mined:
  """The pairs below the roots.

  Args:
    roots: the folders.
    processes: how many parse files; one is this process itself.

  Raises:
    program.BadInput: if a root is no folder or has no Python file, or if there
      is no pair in any.
  """
  files = _files(roots)
  pairs: list[Pair] = []
  sketches: list[duplicates.Sketch] = []
  dropped: collections.Counter[str] = collections.Counter()
  unreadable = 0
  ids: collections.Counter[str] = collections.Counter()
  with (
    _mapper(processes) as map_files,
    program.progress(len(files), unit="files", label="parsing") as bar,
  ):
    for file, found in zip(
      files, map_files([file.path for file in files]), strict=True
    ):
      for function in found.functions:
        pairs.append(_pair(file, function, ids))
      sketches += found.sketches
      dropped += found.dropped
      unreadable += not found.readable
      bar.advance(1, f"{len(pairs):,} pairs")
  if not pairs:
    raise program.BadInput(
      f"no documented function in {len(files)} files ({_reasons(dropped)}); "
      "give --in folders of packages whose functions have docstrings"
    )
  pairs = _drop_copies(pairs, sketches, dropped)
  return Mined(pairs, dict(sorted(dropped.items())), len(files), unreadable)


def _files(
  roots: Sequence[python_files.Root],
) -> list[python_files.SourceFile]:
  """The files below all roots; each root must have some."""
  files: list[python_files.SourceFile] = []
  for root in roots:
    if not root.folder.is_dir():
      raise program.BadInput(
        f"--in={root.folder} is not a folder; give a folder of packages"
      )
    below = python_files.find([root])
    if not below:
      raise program.BadInput(
        f"--in={root.folder} has no Python file but tests; give the "
        "folder that holds the packages"
      )
    files += below
  return files


@contextlib.contextmanager
def _mapper(
  processes: int,
) -> Iterator[Callable[[Iterable], Iterable[_Found]]]:
  """A map of `_read_file` over paths that keeps their order."""
  if processes == 1:
    yield lambda paths: map(_read_file, paths)
    return
  # A fresh process, for the libraries of this one may have threads.
  context = multiprocessing.get_context("spawn")
  with concurrent.futures.ProcessPoolExecutor(
    processes, context, initializer=_start_worker
  ) as pool:
    yield lambda paths: pool.map(_read_file, paths, chunksize=_FILES_A_TASK)


def _start_worker() -> None:
  """Prepares a process that parses."""
  # Syntax trees have no circles; looking for some takes a third of the time.
  gc.disable()
  worker.end_with_parent()


def _read_file(path: str) -> _Found:
  """The functions of one file, in a process of its own."""
  try:
    with tokenize.open(path) as file:
      functions, dropped = python_functions.extract(file.read())
  # Other people's files: of an encoding or a Python we cannot read, or deeper
  # than the parser goes.
  except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
    return _Found([], [], collections.Counter(), False)
  sketches = duplicates.sketch(function.code for function in functions)
  return _Found(functions, sketches, dropped, True)


def _pair(
  file: python_files.SourceFile,
  function: python_functions.Function,
  ids: collections.Counter[str],
) -> Pair:
  """The pair of a function; an id seen before gets a number, as in "f#2"."""
  name = f"{file.name}:{function.name}"
  ids[name] += 1
  if ids[name] > 1:
    name = f"{name}#{ids[name]}"
  return Pair(name, file.package, function.documentation, function.code)


def _drop_copies(
  pairs: list[Pair],
  sketches: list[duplicates.Sketch],
  dropped: collections.Counter[str],
) -> list[Pair]:
  """The pairs whose code is no copy of an earlier one's; counts the others."""
  first: dict[int, int] = {}
  for position, pair in enumerate(pairs):
    first.setdefault(identity.hash_text(pair.code), position)
  distinct = list(first.values())
  dropped["exact_copy"] = len(pairs) - len(distinct)
  originals = duplicates.find_originals(
    [sketches[position] for position in distinct]
  )
  kept = [
    pairs[position]
    for position, original in zip(distinct, originals, strict=True)
    if original is None
  ]
  dropped["near_copy"] = len(distinct) - len(kept)
  return kept


def _reasons(dropped: collections.Counter[str]) -> str:
  """Reasons and numbers, for a message."""
  return ", ".join(f"{n} {reason}" for reason, n in dropped.items()) or "none"
