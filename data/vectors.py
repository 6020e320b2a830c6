"""A teacher's vectors of the texts of a data set, as tools.teach wrote them.

found = vectors.Vectors(data_set, "teacher")
found.read(records, columns)  # float32 [N, C, V]

DATASET/vectors/NAME/
  vectors       float16 or float32 [texts, V], little-endian: of all texts,
                record by record; or of each record's first text alone
  first         uint64 [records + 1]: the row of each record's first text;
                only where records have unequal numbers of vectors
  vectors.json  what they are of, sizes and checksums; written last
"""

import dataclasses
import json
import pathlib
import re
import shlex
from typing import Annotated, Literal

import msgspec
import numpy as np

from data import atomic
from data import growing
from data import kinds
from data import mapped
from data import program
from data import records as records_lib

FILE = "vectors.json"
_STORED = {"float16": "<f2", "float32": "<f4"}


@dataclasses.dataclass(frozen=True)
class About:
  """What vectors depend on.

  Attributes:
    data: a digest of the data set's shards.
    teacher: the name of the model, which may have moved since.
    weights: a digest of its parameters.
    side: as what it encoded the texts; see tools/teach.py.
    prompts: that stood before texts as queries and as documents.
    columns: "all" texts have one, or "query": each record's first alone.
    dtype: of the file.
    width: V.
    version: of this layout.
  """

  data: str
  teacher: str = dataclasses.field(compare=False)
  weights: str
  side: str
  prompts: tuple[str, ...]
  columns: Literal["all", "query"]
  dtype: Literal["float16", "float32"]
  width: Annotated[int, msgspec.Meta(ge=1)]
  version: Literal[1] = 1


@dataclasses.dataclass(frozen=True)
class Contents:
  """What vectors.json says.

  Attributes:
    about: what the vectors depend on.
    records: of the data set.
    texts: with a vector.
    skipped: bad records that the next good one stands for.
    files: by name.
  """

  about: About
  records: int
  texts: int
  skipped: int
  files: dict[str, growing.File]


class Vectors:
  """The vectors of one data set, read in any order.

  It can be pickled, and read by many threads.

  Args:
    data_set: whose texts.
    name: the folder below the data set's `vectors`.

  Attributes:
    width: V.

  Raises:
    program.BadInput: if there are none, or they are of other texts than those
      that the data set has now, or a file is not as long as it was.
  """

  def __init__(self, data_set: records_lib.DataSet, name: str):
    self.name, self.folder = name, folder_of(data_set, name)
    self._kind, self._command = data_set.manifest.kind, command(data_set, name)
    if not (self.folder / FILE).exists():
      raise program.BadInput(
        f"data set {data_set.folder} has no vectors {name!r}; make them with "
        f"`{self._command}`"
      )
    self.contents = _read(self.folder, self._command)
    self.width = self.contents.about.width
    self._check(data_set)

  def read(
    self,
    records: np.ndarray,  # [N]
    columns: np.ndarray,  # [N, C]
  ) -> np.ndarray:
    """The vectors of texts.

    Args:
      records: numbers of records.
      columns: which text of the record: 0 for its first; -1 for none.

    Returns:
      float32 [N, C, V], zeros where there is no text, or it has no vector.
    """
    if self.contents.about.columns == "query":
      there, first = columns == 0, records
    else:
      there, first = columns >= 0, self._first(records)
    place = np.broadcast_to(first[:, None], columns.shape) + columns
    found = np.zeros((*columns.shape, self.width), np.float32)
    dtype = _STORED[self.contents.about.dtype]
    found[there] = self._file("vectors", dtype, self.width)[place[there]]
    return found

  def verify(self) -> None:
    """Reads all files and compares their checksums with those in vectors.json.

    Raises:
      program.BadInput: names the first file that differs.
    """
    for name, file in self.contents.files.items():
      growing.check_digest(self.folder / name, file, self._command)

  def _check(self, data_set: records_lib.DataSet) -> None:
    """Raises BadInput unless the files are whole and of this data set."""
    if self.contents.about.data != data_set.manifest.digest:
      raise program.BadInput(
        f"the vectors in {self.folder} are of other texts than its data set "
        "holds now; remove the folder and make them again with "
        f"`{self._command}`"
      )
    for name, file in self.contents.files.items():
      growing.check_size(self.folder / name, file, self._command)

  def _first(self, records: np.ndarray) -> np.ndarray:
    """The row of each record's first text, int64 [N]."""
    if self._kind in kinds.TEXTS:
      return records.astype(np.int64) * kinds.TEXTS[self._kind]
    return self._file("first", "<u8", 1)[records].astype(np.int64)

  def _file(self, name: str, dtype: str, width: int) -> mapped.Map:
    """One file, open; it may have been closed since it was last asked for."""
    return mapped.open_file(str(self.folder / name), dtype, width)


def folder_of(data_set: records_lib.DataSet, name: str) -> pathlib.Path:
  """Where the vectors of this name stand, if there are any.

  Raises:
    program.BadInput: if a folder cannot have that name.
  """
  if not re.fullmatch(r"[\w-][\w.-]*", name):
    raise program.BadInput(
      f"vectors cannot have the name {name!r}; wanted letters, digits and "
      "dashes, as in --name=minilm"
    )
  return data_set.folder / "vectors" / name


def available(data_set: records_lib.DataSet, name: str) -> bool:
  """Whether the data set has vectors of this name."""
  return (folder_of(data_set, name) / FILE).exists()


def command(data_set: records_lib.DataSet, name: str) -> str:
  """The command that makes the vectors."""
  given = f"--data={data_set.folder}", "--model=MODEL", f"--name={name}"
  return shlex.join(["python", "-m", "tools.teach", *given])


def stored(vectors: np.ndarray, dtype: str) -> bytes:
  """Vectors as they stand in the file.

  Raises:
    program.BadInput: if one has a number that is not finite in this dtype.
  """
  # A number that is too large for the dtype is found just below.
  with np.errstate(over="ignore"):
    found = np.ascontiguousarray(vectors, _STORED[dtype])
  if not np.isfinite(found).all():
    raise program.BadInput(
      f"the teacher gave a vector with numbers that are not finite in {dtype}; "
      "give --dtype=float32, or another model"
    )
  return found.tobytes()


def row_bytes(about: About) -> int:
  """The bytes of one vector."""
  return about.width * np.dtype(_STORED[about.dtype]).itemsize


def write(folder: pathlib.Path, contents: Contents) -> None:
  """Writes vectors.json, which makes the folder whole."""
  text = json.dumps(dataclasses.asdict(contents), indent=2, ensure_ascii=False)
  atomic.write_text(folder / FILE, text + "\n")


def _read(folder: pathlib.Path, command: str) -> Contents:
  """What a folder's vectors.json says."""
  path = folder / FILE
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
    return msgspec.convert(content, Contents)
  except (OSError, ValueError) as error:
    raise program.BadInput(
      f"{path} is not the {FILE} of vectors ({error}); remove {folder} and "
      f"make them again with `{command}`"
    ) from error
