"""Texts to vectors on disk, as many as there are, on all hosts.

    done = bulk.encode_to(folder, source, encoder, side="document")
    done.vectors.read(0, 100)  # [100, E]

Texts are encoded a stretch at a time, while the disk takes the one before, and
a journal says which stretches are done: after a kill the same call goes on, and
no stretch that it names is encoded twice. A stretch's vectors do not depend on
what else was done by whom, so that a work that was stopped ends with the same
bytes as one that was not. Several processes (embeddings/hosts.py) share
the stretches, in a folder that all see.
"""

import collections
import json
import pathlib
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
import xxhash

from data import atomic
from data import program
from data import stretches as stretches_lib
from embeddings import description
from embeddings import encode
from embeddings import hosts
from embeddings import vector_store
from embeddings import weights_digest

STRETCH = 16_384  # texts that are sorted by length and packed together
VECTORS = "vectors"

_WORK_FILE = "work.json"
_JOURNALS = "done"
_VERSION = 1


class Source(Protocol):
  """Texts that can be read from any place.

  Attributes:
    digest: which texts they are: others have another one.
  """

  @property
  def digest(self) -> str: ...

  def __len__(self) -> int: ...

  def read(self, start: int, stop: int) -> list[str]:
    """The texts from `start` to before `stop`."""
    ...


class Done(NamedTuple):
  """What stands in the folder."""

  vectors: vector_store.VectorStore
  resumed: int  # vectors that were there before this call
  digest: str  # of what they were made from, and of all vectors


def encode_to(
  folder: pathlib.Path,
  source: Source,
  encoder: encode.Encoder,
  *,
  side: str = "document",
  dtype: str = "float32",
  stretch: int = STRETCH,
  vectors: pathlib.Path | None = None,
) -> Done:
  """Encodes all texts of a source, and shows how far it is.

  All processes must call it with the same arguments.

  Args:
    folder: of this work alone; the vectors are in `vectors/` there.
    source: N texts.
    encoder: a model. Vectors are those whose dot product is its similarity.
    side: as what texts are encoded, "query" or "document".
    dtype: of the numbers on disk, one of vector_store.DTYPES.
    stretch: texts at a time, made whole chunks; so many texts are in memory,
      and the vectors of two stretches.
    vectors: where they are, if not in `vectors/` of the folder.

  Raises:
    program.BadInput: if the folder has the vectors of other texts or of another
      model, there are no texts, or a vector is not finite.
  """
  about = describe(source, encoder, side=side, dtype=dtype, stretch=stretch)
  place = vectors or folder / VECTORS
  hosts.from_first(lambda: _begin(folder, about, place))
  store = _open(place, about)
  work = stretches_lib.Stretches(
    folder / _JOURNALS,
    rows=about["texts"],
    length=about["stretch"],
    host=jax.process_index(),
    hosts=jax.process_count(),
  )
  # Before anyone begins, so that all say the same.
  resumed = hosts.from_first(work.rows_done)
  _encode(work, store, source, encoder, side)
  hosts.together(lambda: None)  # All have come to their end.
  # Process 0 alone looks, for it may go on and remove the journals.
  digest = hosts.from_first(lambda: _digest(about, work))
  return Done(store, resumed, digest)


def describe(
  source: Source,
  encoder: encode.Encoder,
  *,
  side: str = "document",
  dtype: str = "float32",
  stretch: int = STRETCH,
) -> dict[str, Any]:
  """What the vectors depend on; see `encode_to`.

  Raises:
    program.BadInput: if there are no texts.
  """
  if not len(source):
    raise program.BadInput("there are no texts to encode; give one or more")
  stretch = min(stretch, len(source))
  rows = vector_store.chunk_rows_of(encoder.width, dtype, stretch)
  name = description.prompt_name(encoder.prompts, encoder.default_prompt, side)
  return {
    "version": _VERSION,
    "weights": weights_digest.of(encoder.params or {}),
    "model": repr(encoder.model.config),
    "tokenizer": encoder.tokenizer.fingerprint,
    "max_length": encoder.tokenizer.max_length,
    "prompt": encoder.prompts[name] if name else "",
    "side": side,
    "source": source.digest,
    "texts": len(source),
    "width": encoder.width,
    "dtype": dtype,
    "stretch": -(-stretch // rows) * rows,
  }


def _begin(
  folder: pathlib.Path, about: dict[str, Any], place: pathlib.Path
) -> None:
  """Says what is made in the folder, unless it is the same as before."""
  path = folder / _WORK_FILE
  if not path.exists():
    shutil.rmtree(place, ignore_errors=True)  # Nobody knows whose they are.
    _open(place, about)
    atomic.write_text(path, json.dumps(about, indent=2) + "\n")
    return
  before = json.loads(path.read_text(encoding="utf-8"))
  for key, wanted in about.items():
    if before.get(key) != wanted:
      raise program.BadInput(
        f"{folder} has begun work with {key} {str(before.get(key))[:80]!r}, "
        f"wanted {str(wanted)[:80]!r}; give what was given then, or remove "
        f"{folder} to start again"
      )


def _open(
  place: pathlib.Path, about: dict[str, Any]
) -> vector_store.VectorStore:
  """The vectors, some of which are there."""
  width, dtype = about["width"], about["dtype"]
  rows = vector_store.chunk_rows_of(width, dtype, about["stretch"])
  return vector_store.create(place, about["texts"], width, dtype, rows)


def _encode(
  work: stretches_lib.Stretches,
  store: vector_store.VectorStore,
  source: Source,
  encoder: encode.Encoder,
  side: str,
) -> None:
  """Encodes what is left of this process's stretches."""
  with program.progress(
    sum(len(work.span(number)) for number in work.own()),
    unit="texts",
    label="encoding",
    done=work.rows_done(work.own()),
  ) as bar:
    at_work: collections.deque[tuple[int, str, Callable[[], None]]]
    at_work = collections.deque()

    def mark() -> None:
      number, digest, wait = at_work.popleft()
      wait()
      work.mark(number, digest)
      bar.advance(len(work.span(number)))

    try:
      for number in work.left():
        span = work.span(number)
        texts = source.read(span.start, span.stop)
        vectors = _as(store.dtype, encoder.comparable(texts, side), span.start)
        digest = xxhash.xxh3_64_hexdigest(vectors.tobytes())
        wait = store.begin_write(span.start, vectors)
        at_work.append((number, digest, wait))
        if len(at_work) > 1:
          mark()
    finally:  # What is encoded counts, also if the next one fails.
      while at_work:
        mark()


def _as(
  dtype: np.dtype, vectors: np.ndarray, first: int
) -> np.ndarray:  # [n, E]
  """Vectors as they are kept, if they can be."""
  with np.errstate(over="ignore"):
    kept = vectors.astype(dtype)
  bad = np.flatnonzero(~np.isfinite(kept).all(axis=1))
  if len(bad):
    largest = float(np.abs(vectors[bad[0]]).max())
    raise program.BadInput(
      f"the vector of text {first + int(bad[0]):,} (from 0) has {largest:g}, "
      f"wanted a finite {dtype.name}; give --dtype=float32, or mend the model"
    )
  return kept


def _digest(about: dict[str, Any], work: stretches_lib.Stretches) -> str:
  """Of what the vectors were made from, and of all vectors."""
  work.read_again()
  if missing := [n for n in range(len(work)) if n not in work.done]:
    # Network disks show a new file late; the next start finds all done.
    raise program.StartAgain(
      f"stretch {missing[0]:,} of {len(work):,} was done by another host and "
      "cannot be seen here yet"
    )
  found = xxhash.xxh3_128(json.dumps(about).encode())
  for number in range(len(work)):
    found.update(work.done[number].encode())
  return found.hexdigest()
