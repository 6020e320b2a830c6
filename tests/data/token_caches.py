"""Token caches for tests: writing one, and what must stand in it."""

import pathlib
from collections.abc import Sequence

from data import faults as faults_lib
from data import manifest
from data import pretokenize
from data import records
from data import token_cache
from data import token_chunks
from data import tokens


def write(
  folder: pathlib.Path, kind: str, found: Sequence[records.Record]
) -> records.DataSet:
  """Writes a data set and opens it."""
  columns = [f"column {i}" for i in range(manifest.KINDS[kind])]
  with records.Writer(
    folder, name=folder.name, kind=kind, columns=columns
  ) as writer:
    for record in found:
      writer.write(record)
  return records.DataSet(folder)


def make(
  data_set: records.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts | None = None,
  *,
  faults: faults_lib.Faults | None = None,
  processes: int = 1,
) -> token_cache.TokenCache:
  """Writes the cache of a data set, and opens it."""
  prompts = prompts or tokens.Prompts()
  with token_chunks.Workers(tokenizer, processes) as workers:
    pretokenize.pretokenize(
      data_set,
      tokenizer,
      prompts,
      workers=workers,
      faults=faults_lib.Faults() if faults is None else faults,
    )
  return token_cache.TokenCache(data_set, tokenizer, prompts)
