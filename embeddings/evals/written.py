"""Evaluation tasks as they are written in flags and configs.

    [TYPE:]FOLDER[@SPLIT]       stsbenchmark  data/sts@dev  geometry:data/pairs

The type is told by the folder's files where it is left out; the split is "test"
where it is. Results are named by the folder, and by the split where one was
given: "stsbenchmark@dev.cosine_spearman".
"""

import os
import pathlib
import re
from collections.abc import Collection
from typing import NamedTuple

from data import program


class Written(NamedTuple):
  """The parts of a task as it is written.

  Attributes:
    type: the name of its type, "" to be told by the folder.
    folder: where it is.
    split: which of its splits.
    name: what its results are named by.
  """

  type: str
  folder: pathlib.Path
  split: str
  name: str


def parse(text: str | os.PathLike[str], types: Collection[str]) -> Written:
  """The parts of a task; a folder that is there may have ":" and "@" in it.

  Args:
    text: as above.
    types: the names of all types.

  Raises:
    program.BadInput: if there is no such type or folder.
  """
  text = os.fspath(text)
  kind, colon, rest = text.partition(":")
  if not colon or pathlib.Path(text).is_dir():
    kind, rest = "", text
  elif kind not in types:
    raise program.BadInput(
      f"{text!r} begins with {kind!r}, which is no type of evaluation here; "
      f"wanted one of {', '.join(types)}, or a folder alone"
    )
  folder, split = pathlib.Path(rest), ""
  named = re.fullmatch(r"(.+)@([\w-]+)", rest)
  if named and not folder.is_dir():
    folder, split = pathlib.Path(named[1]), named[2]
  if not folder.is_dir():
    raise program.BadInput(
      f"{folder} is not an evaluation folder, or any other; check where it is"
    )
  name = folder.resolve().name
  return Written(
    kind, folder, split or "test", f"{name}@{split}" if split else name
  )
