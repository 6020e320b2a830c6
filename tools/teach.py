"""Encodes the texts of data sets with a teacher, for students to learn from.

    python -m tools.teach --model=runs/teacher --data=runs/pairs --name=teacher

Beside each data set's texts stand then their vectors (data/vectors.py), which a
run with `config.teacher.vectors=teacher` reads in place of running the teacher.
`--data` is what a run has in config.data.train: folders, or a mixture file.
With `--columns=query` only the first text of each record has a vector, which is
what a student of further languages needs. `--side` says as what texts are
encoded, where that makes a difference to the teacher: `query`, `document`, or
`by_column`, first texts as queries and all others as documents. The student
takes its prompts from its own config; the teacher's are its own.

A run that was stopped goes on where it was, and what is there is left alone.
"""

import dataclasses
import functools
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from absl import flags
import numpy as np

from data import faults as faults_lib
from data import growing
from data import kinds
from data import mixture as mixture_lib
from data import program
from data import records
from data import vectors as vectors_lib
from data import vectors_writer
from embeddings import description
from embeddings import encode
from embeddings import weights_digest

CHUNK_RECORDS = 1024  # encoded at a time
SIDES = ("", "query", "document", "by_column")


@dataclasses.dataclass(frozen=True)
class Teacher:
  """A model, and as what it encodes texts.

  Attributes:
    encoder: the model.
    name: as it was given.
    side: one of SIDES.
    columns: "all", or "query" for the first text of each record.
    dtype: of the vectors on disk.
  """

  encoder: encode.Encoder
  name: str
  side: str = ""
  columns: str = "all"
  dtype: str = "float16"

  def about(self, data_set: records.DataSet) -> vectors_lib.About:
    """What the vectors of a data set depend on."""
    model = self.encoder
    return vectors_lib.About(
      data=data_set.manifest.digest,
      teacher=self.name,
      weights=self._weights,
      side=self.side,
      prompts=tuple(self._prompt(side) for side in self._sides),
      columns=self.columns,  # pyright: ignore[reportArgumentType]  # a flag's
      dtype=self.dtype,  # pyright: ignore[reportArgumentType]  # a flag's
      width=model.width,
    )

  def encode(
    self, texts: Sequence[Sequence[str]]
  ) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of some records' texts.

    Args:
      texts: of N records.

    Returns:
      float32 [T, E], record by record, and how many each record has, [N].
    """
    if self.columns == "query":
      texts = [own[:1] for own in texts]
    counts = np.array([len(own) for own in texts], np.int64)
    flat = [text for own in texts for text in own]
    first = np.zeros(len(flat), bool)
    first[np.cumsum(counts) - counts] = True
    found = np.zeros((len(flat), self.encoder.width), np.float32)
    for side, places in zip(self._sides, (first, ~first), strict=True):
      own = [flat[place] for place in np.flatnonzero(places)]
      found[places] = self.encoder.encode(own, side=side)
    return found, counts

  @functools.cached_property
  def _weights(self) -> str:
    """A digest of the model's parameters."""
    return weights_digest.of(self.encoder.params or {})

  @property
  def _sides(self) -> tuple[str, str]:
    """As what the first text of a record and all others are encoded."""
    if self.side == "by_column":
      return "query", "document"
    return self.side, self.side

  def _prompt(self, side: str) -> str:
    """What the model puts before texts of a side."""
    model = self.encoder
    name = description.prompt_name(model.prompts, model.default_prompt, side)
    return model.prompts[name] if name else ""


def teach(
  data_set: records.DataSet,
  teacher: Teacher,
  name: str,
  *,
  faults: faults_lib.Faults,
  advance: Callable[[int], None] = lambda _: None,
) -> vectors_lib.Contents:
  """Writes the vectors of one data set, unless they are there.

  Args:
    data_set: whose texts.
    teacher: encodes them.
    name: of the vectors.
    faults: what becomes of bad records.
    advance: is told how many further records are done.

  Returns:
    What stands there now.

  Raises:
    program.BadInput: if there are other vectors of this name, a record cannot
      be read, or another process writes there.
  """
  about, kind = teacher.about(data_set), data_set.manifest.kind
  folder = vectors_lib.folder_of(data_set, name)
  with growing.alone(folder.parent):
    if not growing.place(folder, vectors_lib.FILE):
      with vectors_writer.Writer(folder, about, kind=kind) as writer:
        for bad in writer.written.bad:
          faults.note(*bad)
        for texts, met in _chunks(data_set, faults, writer.written.records):
          writer.append(*teacher.encode(texts), met)
          advance(len(texts))
        writer.finish()
  return _as_wanted(vectors_lib.Vectors(data_set, name), about)


def _chunks(
  data_set: records.DataSet, faults: faults_lib.Faults, start: int
) -> Iterator[tuple[list[tuple[str, ...]], Sequence[faults_lib.Bad]]]:
  """The texts of stretches of records, and the bad records that were met.

  Stretches are the same however often the work was stopped, for what a text is
  packed with could change the last bit of its vector.
  """
  kind = data_set.manifest.kind
  for first in range(start, len(data_set), CHUNK_RECORDS):
    noting = faults_lib.Noting(faults.policy, faults.most)
    part = range(first, min(first + CHUNK_RECORDS, len(data_set)))
    found = data_set.read(part, noting)
    for bad in noting.bad:
      faults.note(*bad)
    yield [kinds.texts(kind, record) for record in found], noting.bad


def _as_wanted(
  found: vectors_lib.Vectors, about: vectors_lib.About
) -> vectors_lib.Contents:
  """The vectors that stand there, if they are those of this teacher."""
  if found.contents.about != about:
    wanted, there = map(dataclasses.asdict, (about, found.contents.about))
    key = next(k for k in wanted if wanted[k] != there[k] and k != "teacher")
    raise program.BadInput(
      f"{found.folder} has other vectors, with {key} {there[key]!r}, wanted "
      f"{wanted[key]!r}; give another --name, or remove the folder"
    )
  return found.contents


def _teach_all(
  data_sets: Sequence[records.DataSet],
  teacher: Teacher,
  name: str,
  faults: faults_lib.Faults,
) -> dict[str, Any]:
  """Writes the vectors of several data sets.

  Returns:
    What the program's last line says.
  """
  start = time.monotonic()
  before = [_done(data_set, teacher, name) for data_set in data_sets]
  with program.progress(
    sum(map(len, data_sets)),
    unit="records",
    label="encoding",
    done=sum(records_done for records_done, _ in before),
  ) as bar:
    found = [
      teach(data_set, teacher, name, faults=faults, advance=bar.advance)
      for data_set in data_sets
    ]
  seconds = time.monotonic() - start
  texts = sum(contents.texts for contents in found)
  done = texts - sum(texts_done for _, texts_done in before)
  return {
    "data_sets": len(found),
    "records": sum(contents.records for contents in found),
    "texts": texts,
    "width": teacher.encoder.width,
    "bytes": sum(f.bytes for c in found for f in c.files.values()),
    "seconds": round(seconds, 2),
    "texts_per_s": round(done / max(seconds, 1e-9), 1),
    "skipped": sum(contents.skipped for contents in found),
  }


def _done(
  data_set: records.DataSet, teacher: Teacher, name: str
) -> tuple[int, int]:
  """How many records and texts of a data set have their vectors already."""
  folder, about = vectors_lib.folder_of(data_set, name), teacher.about(data_set)
  if vectors_lib.available(data_set, name):
    contents = _as_wanted(vectors_lib.Vectors(data_set, name), about)
    program.note_line(f"{folder} is whole already, and is left as it is")
    return contents.records, contents.texts
  found = vectors_writer.journal(folder, about)
  if found.records:
    program.note_line(f"{folder}: going on at record {found.records:,}")
  return found.records, found.texts


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("model", "", "A workdir, model folder or hub id.")
  flags.DEFINE_string("data", "", "FOLDER,... or a mixture file.")
  flags.DEFINE_string("root", "", "What a mixture file's folders are below.")
  flags.DEFINE_string("name", "", "What the vectors are called.")
  flags.DEFINE_enum("columns", "all", ["all", "query"], "Which texts have one.")
  flags.DEFINE_enum(
    "dtype", "float16", ["float16", "float32"], "Of the numbers on disk."
  )
  flags.DEFINE_enum("side", "", SIDES, "As what texts are encoded; see above.")
  flags.DEFINE_enum(
    "on_bad_record", "stop", faults_lib.POLICIES, "At what cannot be read."
  )
  flags.DEFINE_integer("max_bad_records", 100, "Skipped at most.", 0)


def main() -> None:
  """Runs the program."""
  given = flags.FLAGS
  program.require(given.model, "model", "runs/teacher")
  program.require(given.data, "data", "runs/pairs")
  program.require(given.name, "name", "teacher")
  data_sets = mixture_lib.open_mixture(given.data, root=given.root).data_sets
  for data_set in data_sets:
    vectors_lib.folder_of(data_set, given.name)  # A wrong name is said at once.
  place = pathlib.Path(given.model)
  teacher = Teacher(
    encode.load(given.model),
    str(place.resolve()) if place.exists() else given.model,
    given.side,
    given.columns,
    given.dtype,
  )
  faults = faults_lib.Faults(given.on_bad_record, given.max_bad_records)
  program.print_result(_teach_all(data_sets, teacher, given.name, faults))


if __name__ == "__main__":
  define_flags()
  program.run(main)
