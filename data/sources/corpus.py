"""The texts of files and data set folders, one at a time, each with an id.

    files = corpus.Corpus(corpus.find(["a.jsonl.gz", "b/*.txt"]))
    for document in files:
      document.name, document.text, document.where

- .jsonl: {"_id", "text"} a line, with "title" or without, which is then put in
  front of the text;
- .txt: a text a line; its id is its number among all texts, from 0;
- a data set folder: one column of it; ids are NAME:RECORD.

All files may be packed (.gz).
"""

import pathlib
from collections.abc import Iterator, Sequence

import msgspec

from data import documents
from data import growing
from data import json_rows
from data import kinds
from data import manifest as manifest_lib
from data import program
from data import records
from data.sources import patterns
from data.sources import tabular

_RECORDS = 1_024  # read at a time


class _Line(msgspec.Struct):
  """A line of a JSONL file."""

  name: str = msgspec.field(name="_id")
  text: str
  title: str | None = None


_decode = msgspec.json.Decoder(_Line).decode


def find(names: Sequence[str], flag: str = "in") -> list[pathlib.Path]:
  """The files and folders that names, patterns and lists of them mean.

  Args:
    names: as a program is given them.
    flag: by which, for messages.

  Raises:
    program.BadInput: if a name is not there and a pattern matches none.
  """
  found: dict[pathlib.Path, None] = {}
  for part in patterns.split(names):
    path = pathlib.Path(part)
    is_set = (path / manifest_lib.FILE).is_file()
    files = [path] if is_set else tabular.find([part], flag)
    found.update(dict.fromkeys(files))
  return list(found)


class Corpus:
  """The texts of some files and folders, in this order.

  Args:
    paths: as `find` gives them.
    column: which one of data sets; "" where they have one text a record.

  Raises:
    program.BadInput: if a file is of another kind, or a data set has no such
      column.
  """

  def __init__(self, paths: Sequence[pathlib.Path], column: str = ""):
    self._paths = list(paths)
    self._columns: dict[pathlib.Path, int] = {}
    for path in self._paths:
      if path.is_dir():
        self._columns[path] = _column(manifest_lib.read(path), path, column)
      elif not (json_rows.stem(path) or _is_text(path)):
        raise program.BadInput(
          f"{path} ends in {path.suffix or 'nothing'!r}, wanted .jsonl or .txt "
          "(or these with .gz), or a data set folder; make one of other files "
          "with `python -m data.sources.tabular`"
        )
    if column and not self._columns:
      raise program.BadInput(
        f"--column={column} is of data set folders, and {self._paths[0]} is "
        "none; leave it out"
      )

  def stamp(self) -> list[list[str | int]]:
    """What tells whether the texts are the same, at no cost."""
    return [[str(path.absolute()), *self._stamp(path)] for path in self._paths]

  def digests(self) -> list[str]:
    """The same, whatever the time and the place; reads all files."""
    return [
      self._stamp(path)[0]
      if path in self._columns
      else growing.digest(path).hexdigest()
      for path in self._paths
    ]

  def __iter__(self) -> Iterator[documents.Document]:
    number = 0
    for path in self._paths:
      for document in self._read(path, number):
        yield document
        number += 1

  def _stamp(self, path: pathlib.Path) -> list:
    """What tells whether the texts of one are the same."""
    if path in self._columns:
      return [f"{manifest_lib.read(path).digest} {self._columns[path]}"]
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]

  def _read(
    self, path: pathlib.Path, number: int
  ) -> Iterator[documents.Document]:
    """The texts of one file or folder, from this number on."""
    if path in self._columns:
      yield from _of_data_set(path, self._columns[path])
    elif _is_text(path):
      for count, (where, line) in enumerate(json_rows.lines(path), number):
        yield documents.Document(str(count), line.lstrip("\ufeff"), where)
    else:
      yield from _of_json(path)


def _of_json(path: pathlib.Path) -> Iterator[documents.Document]:
  """The texts of a JSONL file."""
  for where, line in json_rows.lines(path):
    try:
      found = _decode(line)
    except msgspec.MsgspecError as error:
      raise program.BadInput(
        f"{where} is {line[:60]!r} ({error}); wanted an object with the "
        "strings _id and text, and title if it has one"
      ) from error
    text = f"{found.title} {found.text}" if found.title else found.text
    yield documents.Document(found.name, text, where)


def _of_data_set(
  folder: pathlib.Path, column: int
) -> Iterator[documents.Document]:
  """The texts of a column of a data set."""
  data_set = records.DataSet(folder)
  for first in range(0, len(data_set), _RECORDS):
    part = range(first, min(first + _RECORDS, len(data_set)))
    for number, record in zip(part, data_set.read(part), strict=True):
      name, where = f"{data_set.name}:{number}", f"{folder}, record {number}"
      yield documents.Document(name, record[column], where)


def _column(
  manifest: manifest_lib.Manifest, path: pathlib.Path, column: str
) -> int:
  """Which value of a record is meant."""
  names = manifest.columns
  texts = names[:-1] if manifest.kind in kinds.TAIL else names
  if not column and len(texts) == 1:
    return 0
  if column not in texts:
    raise program.BadInput(
      f"--column={column} is no column of texts of {path}, which has "
      f"{', '.join(texts)}; give one of these"
    )
  return texts.index(column)


def _is_text(path: pathlib.Path) -> bool:
  """Whether a file has a text a line."""
  return path.name.endswith((".txt", ".txt.gz"))
