"""Stretches of a data set cut into tokens, side by side in processes.

    with token_chunks.Workers(tokenizer, 8) as workers:
      for chunk in workers.cut(data_set, prompts):
        ...

Each process reads, hashes and tokenises records of its own, so that no part of
the work waits for a single core. Chunks come back in order, and only a few are
under way at a time, however large the data set is.
"""

import collections
import dataclasses
import functools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent import futures
from types import TracebackType
from typing import NamedTuple

import numpy as np

from data import faults as faults_lib
from data import identity
from data import kinds
from data import records
from data import tokens
from data import worker

CHUNK_RECORDS = 4096
# As stored, a third of the text. The library makes tokens of whole texts before
# it cuts them off, and takes a hundred bytes for each.
_CHUNK_BYTES = 2 * 2**20
_AHEAD = 2  # chunks a process: one in work, and one for it to go on with

# The tokenizer of a worker process, which is told of it once.
_OWN: list[tokens.Tokenizer] = []


class Chunk(NamedTuple):
  """Some records of a data set, as they go into a token cache."""

  ids: np.ndarray  # uint16 or uint32, of all texts end to end
  lengths: np.ndarray  # int64 [T], of each text
  identity: np.ndarray  # uint64 [T], of each text without its prompt
  counts: np.ndarray  # int64 [N], texts of each record
  scores: np.ndarray  # float32, of each text but a record's first; or none
  groups: np.ndarray  # uint64 [N], hashes of the groups; or none
  bad: tuple[faults_lib.Bad, ...]  # records met that others stand for


class Workers:
  """Processes with a tokenizer, for one data set after another.

  Args:
    tokenizer: cuts the texts.
    processes: how many; with 1 the work is done in this process, by the
      tokenizer's own threads.
  """

  def __init__(self, tokenizer: tokens.Tokenizer, processes: int):
    self._tokenizer, self._processes = tokenizer, processes
    self._pool: futures.ProcessPoolExecutor | None = None

  def __enter__(self) -> "Workers":
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    if self._pool is not None:
      self._pool.shutdown(cancel_futures=True)

  def cut(
    self,
    data_set: records.DataSet,
    prompts: tokens.Prompts,
    *,
    faults: faults_lib.Faults,
    start: int = 0,
  ) -> Iterator[Chunk]:
    """The data set's chunks in order.

    Args:
      data_set: whose records.
      prompts: put before the texts.
      faults: what becomes of bad records. Each chunk says which were met; to
        note them here is left to the caller.
      start: the first record.

    Raises:
      program.BadInput: if a record cannot be read, and is not skipped.
    """
    size, rule = _chunk_records(data_set), dataclasses.replace(faults)
    parts = (
      range(first, min(first + size, len(data_set)))
      for first in range(start, len(data_set), size)
    )
    if self._processes == 1:
      for part in parts:
        yield cut(data_set, self._tokenizer, prompts, part, faults)
      return
    under_way: collections.deque[futures.Future[Chunk]] = collections.deque()
    for part in parts:
      given = str(data_set.folder), prompts, part, rule
      under_way.append(self._started().submit(_cut_own, *given))
      if len(under_way) == _AHEAD * self._processes:
        yield under_way.popleft().result()
    while under_way:
      yield under_way.popleft().result()

  def _started(self) -> futures.ProcessPoolExecutor:
    """The processes, which start when they are first needed."""
    if self._pool is None:
      self._pool = futures.ProcessPoolExecutor(
        self._processes,
        # A fork would share the threads' locks of what this process imported.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        # Not the tokenizer itself: a process that dies as it starts would
        # leave this one waiting to hand over more than a pipe holds.
        initargs=(self._tokenizer.folder, self._tokenizer.max_length),
      )
    return self._pool


def cut(
  data_set: records.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts,
  part: range,
  faults: faults_lib.Faults,
) -> Chunk:
  """Reads some records and cuts their texts into tokens.

  Args:
    data_set: whose records.
    tokenizer: cuts prompt and text together.
    prompts: put before the texts.
    part: N numbers of records.
    faults: what becomes of bad ones; the chunk says which were met.

  Returns:
    Their chunk.
  """
  noting = faults_lib.Noting(faults.policy, faults.most)
  kind, read = data_set.manifest.kind, data_set.read(part, noting)
  found = [kinds.texts(kind, record) for record in read]
  scores = [score for record in read for score in kinds.scores(kind, record)]
  grouped = kinds.TAIL.get(kind) == "group"
  ids, lengths = tokenizer.encode_flat(prompts.put(found))
  return Chunk(
    ids=ids.astype(tokenizer.ids_dtype),
    lengths=lengths,
    identity=identity.hash_texts([text for texts in found for text in texts]),
    counts=np.array([len(texts) for texts in found], np.int64),
    scores=np.array(scores, np.float32),
    groups=identity.hash_groups([record[-1] for record in read if grouped]),
    bad=noting.bad,
  )


def _chunk_records(data_set: records.DataSet) -> int:
  """Records a chunk, fewer where they are long."""
  shards = data_set.manifest.shards
  mean_bytes = sum(shard.bytes for shard in shards) / len(data_set)
  return max(1, min(CHUNK_RECORDS, int(_CHUNK_BYTES / mean_bytes)))


def _begin(tokenizer: str, max_length: int) -> None:
  """Makes this process a worker."""
  _OWN[:] = [tokens.Tokenizer(tokenizer, max_length=max_length)]
  os.environ["TOKENIZERS_PARALLELISM"] = "false"  # There is a worker a core.
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent ends its workers.
  worker.end_with_parent()


def _cut_own(
  folder: str, prompts: tokens.Prompts, part: range, faults: faults_lib.Faults
) -> Chunk:
  """`cut`, in a worker."""
  return cut(_opened(folder), _OWN[0], prompts, part, faults)


@functools.lru_cache(maxsize=1)
def _opened(folder: str) -> records.DataSet:
  """The data set that the worker is at."""
  return records.DataSet(folder)
