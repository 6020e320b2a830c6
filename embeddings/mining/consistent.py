"""Pairs whose positive a model finds, from a data set to a data set.

    .OUT.ranking/
      texts/         the texts, each once (collected.py)
      query-HASH/    their vectors (embeddings/bulk.py), by what they depend on
      document-HASH/
      ranks/         how many documents are nearer than the positive (ranks.py)
    OUT/             the data set

Each part is kept as far as it came, and the next one begins when it is whole.
This is the consistency filter of Promptagator (Dai et al. 2022, arXiv
2209.11755), which also made the pairs of E5 (Wang et al. 2022, arXiv
2212.03533): where a model finds other documents first, a pair is likely noise.
"""

import pathlib
import shutil
from typing import Any, NamedTuple

import numpy as np

from data import growing
from data import program
from data import records
from embeddings import encode
from embeddings.mining import collected
from embeddings.mining import encoded
from embeddings.mining import ranks as ranks_lib
from embeddings.mining import work as work_lib

FILTER = "keep_consistent"
READ_RECORDS = 1_024


class Wanted(NamedTuple):
  """What is to be kept, and by what.

  Attributes:
    data_set: of pairs or triplets.
    out: the data set to write.
    encoder: the model that ranks.
    top: a pair stays if fewer documents are nearer than its positive.
    model: how it was called, for the manifest.
    dtype: of vectors on disk.
  """

  data_set: records.DataSet
  out: pathlib.Path
  encoder: encode.Encoder
  top: int
  model: str = ""
  dtype: str = "float32"


def keep(wanted: Wanted) -> None:
  """Writes the data set, or goes on with it, unless it was done.

  Raises:
    program.BadInput: if another data set stands there, no pair is left, or
      another process is at work there.
  """
  settings = {
    "data": wanted.data_set.manifest.digest,
    "encoder": encoded.digest(wanted.encoder),
    "dtype": wanted.dtype,
    "top": wanted.top,
  }
  work = wanted.out.with_name(f".{wanted.out.name}.ranking")
  if work_lib.is_there(wanted.out, settings, FILTER):
    shutil.rmtree(work, ignore_errors=True)  # A kill may have left it.
    program.note_line(f"{wanted.out} is whole already, and is left as it is")
    return
  with growing.alone(work):
    ahead = _ranks(wanted, work, settings)
    _write(wanted, ahead, {"model": wanted.model, **settings})
    shutil.rmtree(work)


def _ranks(
  wanted: Wanted, work: pathlib.Path, settings: dict[str, Any]
) -> np.ndarray:
  """How many documents are nearer than each positive, int32 [P]."""
  data_set, pairs = wanted.data_set, len(wanted.data_set)
  with _bar(pairs, "collecting") as bar:
    texts = collected.collect(
      work / "texts",
      data_set,
      (),
      {"data": settings["data"]},
      existing="drop",
      advance=bar.advance,
    )
  ranking, _ = encoded.ranking(wanted.encoder, texts, work, wanted.dtype)
  with _bar(pairs, "ranking") as bar:
    return ranks_lib.rank(
      work / "ranks",
      texts,
      ranking,
      settings,
      top=wanted.top,
      advance=bar.advance,
    )


def _write(wanted: Wanted, ahead: np.ndarray, settings: dict[str, Any]) -> None:
  """Writes the pairs whose positive is among the top."""
  about, stays = wanted.data_set.manifest, ahead < wanted.top
  kept = int(stays.sum())
  if not kept:
    raise program.BadInput(
      f"the model ranks no positive of the {len(ahead):,} pairs in "
      f"{wanted.data_set.folder} among the first {wanted.top}; give a higher "
      "--top, or another --model"
    )
  writer = records.Writer(
    wanted.out,
    name=about.name,
    kind=about.kind,
    columns=about.columns,
    source=about.source,
    licence=about.licence,
    filters={**about.filters, FILTER: settings},
    origin=about.origin,
  )
  with writer, _bar(len(ahead), "reading back") as bar:
    for first in range(0, len(ahead), READ_RECORDS):
      here = stays[first : first + READ_RECORDS]
      _copy(wanted.data_set, first + np.flatnonzero(here), writer)
      bar.advance(len(here))
    dropped = len(ahead) - kept
    writer.counts = {"read": len(ahead), "not_found": dropped, "kept": kept}


def _copy(
  data_set: records.DataSet, numbers: np.ndarray, writer: records.Writer
) -> None:
  """Writes some records of a data set to another."""
  found = data_set.read(numbers)
  if not data_set.manifest.origin:
    for record in found:
      writer.write(record)
    return
  for record, origin in zip(found, data_set.origins(numbers), strict=True):
    writer.write(record, origin)


def _bar(pairs: int, label: str) -> Any:
  """A progress bar over pairs."""
  return program.progress(pairs, unit="pairs", label=label)
