"""The k nearest documents of each query, block by block.

    scores, found = topk.search(queries, documents, k=10)

Nearest is the largest dot product, in float32 on every device. Documents are an
array, or are read from disk as they are wanted; a block of them goes to each of
this process's devices in turn, and meets a block of queries at a time, so that
the matrix of all scores is never there. Of equal scores the earlier document is
first.

On a CPU the best are picked by `running_best`; elsewhere each device keeps the
best of its own blocks. `how="approximate"` is for TPUs, where exactness costs
more than the product (Chern et al. 2022, arXiv:2206.14286).
"""

import collections
import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from data import program
from embeddings import running_best

HOW = ("exact", "approximate")


class Readable(Protocol):
  """Vectors that are read as they are wanted, as `vector_store` has them."""

  @property
  def shape(self) -> tuple[int, ...]:
    """N and E."""
    ...

  def read(self, start: int, stop: int) -> np.ndarray:
    """Those of some documents, float32 or float16 [stop - start, E]."""
    ...


class Block(NamedTuple):
  """Documents on a device, filled up with zeros."""

  start: int  # the first one's number
  count: int  # how many there are
  vectors: jax.Array  # [N_block, E]


class Placed(NamedTuple):
  """All documents, on the devices that search them."""

  shape: tuple[int, ...]  # N and E
  blocks: list[Block]


Documents: TypeAlias = np.ndarray | Readable | Placed


def search(
  queries: np.ndarray,  # [Q, E]
  documents: Documents,  # [N, E]
  k: int,
  *,
  block: int = 8_192,
  query_block: int = 1_024,
  how: str = "exact",
  recall: float = 0.95,
  devices: Sequence[Any] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
  """The documents with the largest dot products.

  Args:
    queries: the vectors to search with.
    documents: those to search in, float32 or float16: an array, or anything
      with `.shape` and `.read(start, stop)`, or what `place` gave.
    k: how many to find; all of them if there are fewer.
    block: documents that meet a block of queries at once on a device.
    query_block: queries in such a block.
    how: "exact", or "approximate" by `jax.lax.approx_max_k`.
    recall: the share of the k nearest that is found on average, at least, where
      `how` is "approximate".
    devices: those to search on; this process's if None.

  Returns:
    scores: float32 [Q, k], largest first.
    found: int64 [Q, k], which documents.

  Raises:
    program.BadInput: if there is no such `how` or recall, widths differ, or a
      vector is not finite.
  """
  if how not in HOW:
    raise program.BadInput(
      f"there is no how={how!r} to search; wanted {' or '.join(HOW)}"
    )
  if not 0 < recall <= 1:
    raise program.BadInput(f"recall is {recall}; wanted more than 0, at most 1")
  if queries.shape[1] != documents.shape[1]:
    raise program.BadInput(
      f"queries have {queries.shape[1]} numbers and documents "
      f"{documents.shape[1]}; encode both with one model"
    )
  k = min(k, documents.shape[0])
  if not k or not len(queries):
    return (
      np.zeros((len(queries), k), np.float32),
      np.zeros((len(queries), k), np.int64),
    )
  devices = devices or jax.local_devices()
  size = min(query_block, 1 << (len(queries) - 1).bit_length())
  blocks = _blocks(documents, block, devices)
  if how == "exact" and devices[0].platform == "cpu":
    scores, found = _picked_by_host(queries, blocks, k, size, len(devices))
  else:
    target = recall if how == "approximate" else None
    scores, found = _picked_by_devices(queries, blocks, k, size, target)
  if not np.isfinite(scores).all():
    raise _not_finite()
  return scores, found


def place(
  documents: np.ndarray,  # [N, E]
  *,
  block: int = 8_192,
  devices: Sequence[Any] | None = None,
) -> Documents:
  """Documents on the devices for many searches, if they have room for them.

  Args:
    documents: to be searched in.
    block: as `search` takes it.
    devices: this process's if None.

  Returns:
    What `search` takes: the array itself on a CPU, whose memory is the same,
    and where the documents would take more than half of what is free.
  """
  devices = devices or jax.local_devices()
  free = min(
    stats["bytes_limit"] - stats["bytes_in_use"] if stats else 0
    for stats in (device.memory_stats() for device in devices)
  )
  if documents.nbytes > len(devices) * free // 2:
    return documents
  return Placed(documents.shape, list(_blocks(documents, block, devices)))


def rows_of(
  documents: np.ndarray | Readable, start: int, stop: int
) -> np.ndarray:  # [stop - start, E]
  """Some of the documents, wherever they are."""
  if isinstance(documents, np.ndarray):
    return documents[start:stop]
  return documents.read(start, stop)


def _blocks(
  documents: Documents, block: int, devices: Sequence[Any]
) -> Iterator[Block]:
  """The documents in blocks of one size, dealt to the devices."""
  if isinstance(documents, Placed):
    yield from documents.blocks
    return
  count = documents.shape[0]
  size = -min(block, count) // running_best.GROUP * -running_best.GROUP
  for number, start in enumerate(range(0, count, block)):
    stop = min(start + block, count)
    part = rows_of(documents, start, stop)
    device = devices[number % len(devices)]
    filled = jax.device_put(_filled(part, size), device)
    yield Block(start, stop - start, filled)


def _filled(vectors: np.ndarray, size: int) -> np.ndarray:
  """Vectors with zeros behind them, up to so many rows."""
  missing = size - len(vectors)
  return np.pad(vectors, ((0, missing), (0, 0))) if missing else vectors


def _picked_by_host(
  queries: np.ndarray,  # [Q, E]
  blocks: Iterator[Block],
  k: int,
  size: int,
  ahead: int,
) -> tuple[np.ndarray, np.ndarray]:
  """The best of all, by the processor, while the next scores are made."""
  best = running_best.RunningBest(len(queries), k)
  waiting: collections.deque[tuple[slice, Block, tuple[jax.Array, ...]]]
  waiting = collections.deque()

  def take() -> None:
    rows, block, (scores, tops) = waiting.popleft()
    here = slice(rows.stop - rows.start)
    tops = np.asarray(tops)
    if np.isnan(tops).any():
      raise _not_finite()
    best.offer(rows, np.asarray(scores)[here], tops[here], block.start)

  for block in blocks:
    whole = block.count == len(block.vectors)
    for start in range(0, len(queries), size):
      rows = slice(start, min(start + size, len(queries)))
      part = _filled(queries[rows], size)
      count = None if whole else np.int32(block.count)
      waiting.append((rows, block, _scored(part, block.vectors, count)))
      if len(waiting) > ahead:
        take()
  while waiting:
    take()
  return best.scores, best.found


def _picked_by_devices(
  queries: np.ndarray,  # [Q, E]
  blocks: Iterator[Block],
  k: int,
  size: int,
  recall: float | None,
) -> tuple[np.ndarray, np.ndarray]:
  """The best of all, out of the best that each device keeps of its blocks."""
  empty = (np.full((size, k), -np.inf, "f"), np.full((size, k), -1, np.int32))
  kept: dict[tuple[int, Any], tuple[jax.Array, ...]] = {}
  for block in blocks:
    device = block.vectors.device
    for start in range(0, len(queries), size):
      kept[start, device] = _kept(
        *kept.get((start, device), empty),
        _filled(queries[start : start + size], size),
        block.vectors,
        np.int32(block.start),
        np.int32(block.count),
        recall=recall,
      )
  scores, found = [], []
  for start in range(0, len(queries), size):
    of_devices = [lists for (at, _), lists in kept.items() if at == start]
    near, where = (
      np.concatenate([np.asarray(part) for part in parts], axis=1)
      for parts in zip(*of_devices, strict=True)
    )
    order = np.lexsort((where, -near), axis=1)[: len(queries) - start, :k]
    scores.append(np.take_along_axis(near[: len(order)], order, 1))
    found.append(np.take_along_axis(where[: len(order)], order, 1))
  return np.concatenate(scores), np.concatenate(found).astype(np.int64)


def _product(
  queries: jax.Array,  # [Q, E]
  documents: jax.Array,  # [N, E]
  count: jax.Array | None,
) -> jax.Array:  # [Q, N]
  """All scores of a block; those of what only fills it are -inf."""
  # By default TPUs and GPUs round the factors of a product to fewer bits.
  scores = jnp.matmul(
    queries.astype(jnp.float32),
    documents.astype(jnp.float32).T,
    precision=jax.lax.Precision.HIGHEST,
  )
  if count is None:
    return scores
  return jnp.where(jnp.arange(len(documents)) < count, scores, -jnp.inf)


@jax.jit
def _scored(
  queries: jax.Array,  # [Q, E]
  documents: jax.Array,  # [N, E]
  count: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:  # [Q, N], [Q, N / GROUP]
  """The scores of a block, and the largest of each group of columns."""
  scores = _product(queries, documents, count)
  # Slices of neighbours, one after another: XLA does that many at a time,
  # where a maximum over an axis costs half as much as the product.
  parts = jnp.split(scores, running_best.GROUP, axis=1)
  return scores, functools.reduce(jnp.maximum, parts)


@functools.partial(jax.jit, static_argnames="recall")
def _kept(
  scores: jax.Array,  # [Q, k]
  found: jax.Array,  # [Q, k]
  queries: jax.Array,  # [Q, E]
  documents: jax.Array,  # [N, E]
  start: jax.Array,
  count: jax.Array,
  *,
  recall: float | None,
) -> tuple[jax.Array, jax.Array]:  # [Q, k], [Q, k]
  """The best so far and those of a block, to the best of both."""
  k = scores.shape[1]
  here = _product(queries, documents, count)
  # What is no number is to be seen, not to be sorted away.
  here = jnp.where(jnp.isnan(here), jnp.inf, here)
  if recall is None:
    near, at = jax.lax.top_k(here, min(k, len(documents)))
  else:
    near, at = jax.lax.approx_max_k(
      here, min(k, len(documents)), recall_target=recall
    )
  both = jnp.concatenate([scores, near], axis=1)
  where = jnp.concatenate([found, start + at], axis=1)
  # By score, largest first, and then by number.
  ordered, where = jax.lax.sort((-both, where), dimension=1, num_keys=2)
  return -ordered[:, :k], where[:, :k]


def _not_finite() -> program.BadInput:
  """What is wrong where a score is no number."""
  return program.BadInput(
    "a query or document has a vector that is not finite, or too large for "
    "float32; encode it again with a model that trained well"
  )
