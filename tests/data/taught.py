"""Vectors of data sets whose numbers follow from each text's identity."""

import contextlib
from collections.abc import Iterator

import numpy as np

from data import identity
from data import kinds
from data import records
from data import vectors
from data import vectors_writer

NAME, WIDTH = "teacher", 5


def of(hashes: np.ndarray) -> np.ndarray:
  """The vectors of texts by their identities, exact in float16 too.

  Args:
    hashes: uint64 [...].

  Returns:
    float32 [..., WIDTH].
  """
  shifts = np.arange(WIDTH, dtype=np.uint64) * np.uint64(11)
  bits = hashes[..., None] >> shifts & np.uint64(0x7FF)
  return bits.astype(np.float32) - 1000


def about(data_set: records.DataSet, columns: str, dtype: str) -> vectors.About:
  """What these vectors depend on."""
  return vectors.About(
    data=data_set.manifest.digest,
    teacher="identity",
    weights="none",
    side="",
    prompts=("", ""),
    columns=columns,  # pyright: ignore[reportArgumentType]  # of a test's table
    dtype=dtype,  # pyright: ignore[reportArgumentType]
    width=WIDTH,
  )


@contextlib.contextmanager
def opened(
  data_set: records.DataSet, columns: str = "all", dtype: str = "float16"
) -> Iterator[vectors_writer.Writer]:
  """A writer of vectors of a data set."""
  folder = vectors.folder_of(data_set, NAME)
  folder.parent.mkdir(exist_ok=True)
  kind, given = data_set.manifest.kind, about(data_set, columns, dtype)
  with vectors_writer.Writer(folder, given, kind=kind) as writer:
    yield writer


def append(
  writer: vectors_writer.Writer, data_set: records.DataSet, part: range
) -> None:
  """Writes the vectors of some records, as `columns` asks for."""
  queries = writer.about.columns == "query"
  texts = [
    kinds.texts(data_set.manifest.kind, record)[: 1 if queries else None]
    for record in data_set.read(part)
  ]
  hashes = identity.hash_texts([text for own in texts for text in own])
  writer.append(of(hashes), np.array([len(own) for own in texts]))


def write(
  data_set: records.DataSet, columns: str = "all", dtype: str = "float16"
) -> vectors.Vectors:
  """Writes the vectors of a data set, in two parts, and opens them."""
  half, size = len(data_set) // 2, len(data_set)
  with opened(data_set, columns, dtype) as writer:
    for part in (range(half), range(half, size)):
      append(writer, data_set, part)
    writer.finish()
  return vectors.Vectors(data_set, NAME)
