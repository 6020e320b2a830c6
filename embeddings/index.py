"""An index that is open for searching: vectors, ids and texts of a corpus.

    found = index.Index("runs/index").search(["how to read a file"], k=3)

    vectors/       zarr3 [N, E], float32 or float16; dot products are similarity
    texts.jsonl,   ids and texts in the order of the vectors, read at random
      texts.starts   (data/documents.py)
    index.json     what it is (embeddings/index_about.py)
    faiss/         a graph of them, if one was made (embeddings/hnsw.py)

embeddings/index_writer.py writes it; the folder appears whole or not at all.
The vectors are in memory, on the devices where they have room for them; texts
are read when they are found.
"""

import functools
import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data import documents
from data import program
from embeddings import encode
from embeddings import hnsw
from embeddings import index_about
from embeddings import topk
from embeddings import vector_store
from embeddings import weights_digest

HOW = (*topk.HOW, "hnsw")


class Hit(NamedTuple):
  """A document that was found."""

  score: float
  name: str
  text: str  # "" where the index was made without texts


class Index:
  """An index that is open for searching, with the model that made it.

  All of it is of one build, also if the folder is replaced meanwhile.

  Args:
    folder: as `index_writer` wrote it.
    encoder: of an index that is open already, which is taken if it is the same.

  Raises:
    program.BadInput: if it is no index or not whole, or its model is gone or
      another than it was.
  """

  def __init__(
    self,
    folder: str | os.PathLike[str],
    *,
    encoder: encode.Encoder | None = None,
  ):
    self.folder = pathlib.Path(folder)
    while not self._open():
      pass  # It was replaced meanwhile.
    self.encoder = _encoder(self.folder, self.about, encoder)

  def _open(self) -> bool:
    """Opens what there is; False if that may be of two builds."""
    self.about = index_about.read(self.folder)
    with index_about.held(self.folder) as is_there_still:
      try:
        if index_about.made(self.folder) == self.about.made:
          self._open_files()
      except (program.BadInput, OSError):
        if is_there_still():
          raise
      return (
        is_there_still() and index_about.made(self.folder) == self.about.made
      )

  def _open_files(self) -> None:
    """Opens texts and vectors."""
    self._texts = documents.Documents(self.folder)
    store = vector_store.open(self.folder / "vectors")
    for name, count in (("texts", len(self._texts)), ("vectors", len(store))):
      if count != self.about.documents:
        raise program.BadInput(
          f"the index {self.folder} is not whole: it should have "
          f"{self.about.documents:,} documents and has {count:,} {name}; make "
          "it again with `python -m tools.encode`"
        )
    self._vectors = topk.place(store.read(0, len(store)))

  def __len__(self) -> int:
    return self.about.documents

  @functools.cached_property
  def graph(self) -> hnsw.Graph:
    """The graph of the documents; BadInput if there is none of this build."""
    return hnsw.read(self.folder, self.about.made)

  def search(
    self,
    queries: Sequence[str],
    k: int,
    *,
    how: str = "exact",
    recall: float = 0.95,
    ef: int = hnsw.EF,
  ) -> list[list[Hit]]:
    """The k documents nearest to each query, best first.

    Args:
      queries: Q texts.
      k: how many to find; all of them if there are fewer.
      how: one of HOW.
      recall: the share that "approximate" finds at least, on average.
      ef: the candidates that "hnsw" keeps.

    Returns:
      Q lists of k hits.

    Raises:
      program.BadInput: if there is no such `how`, or no graph for "hnsw".
    """
    if how not in HOW:
      raise program.BadInput(
        f"there is no how={how!r} to search; wanted one of {', '.join(HOW)}"
      )
    k = min(k, len(self))
    vectors = self.encoder.comparable(queries, "query")
    if how == "hnsw":
      scores, found = self._walk(vectors, k, ef)
    else:
      scores, found = topk.search(
        vectors, self._vectors, k, how=how, recall=recall
      )
    return [
      [
        Hit(score, row.name, row.text or "")
        for score, row in zip(near, self._texts.at(where), strict=True)
      ]
      for near, where in zip(scores.tolist(), found, strict=True)
    ]

  def _walk(
    self,
    queries: np.ndarray,  # [Q, E]
    k: int,
    ef: int,
  ) -> tuple[np.ndarray, np.ndarray]:
    """The nearest by the graph; exactly where it does not reach k."""
    scores, found = self.graph.search(queries, k, ef=ef)
    # What is no number is found there, and told.
    whole = (found >= 0) & np.isfinite(scores)
    short = np.flatnonzero(~whole.all(axis=1))
    if len(short):
      scores[short], found[short] = topk.search(
        queries[short], self._vectors, k
      )
    return scores, found


def build_graph(
  folder: str | os.PathLike[str],
  *,
  links: int = hnsw.LINKS,
  ef_construction: int = hnsw.EF_CONSTRUCTION,
) -> int:
  """Makes the graph of an index; see `hnsw.link`.

  Returns:
    Bytes of the graph.

  Raises:
    program.BadInput: if it is no index, or is replaced meanwhile.
  """
  path = pathlib.Path(folder)
  build = index_about.read(path).made
  vectors = vector_store.open(path / "vectors")
  gone = program.BadInput(
    f"the index {folder} was replaced while its graph was made; run it again"
  )
  size = 0
  try:
    graph = hnsw.link(vectors, links=links, ef_construction=ef_construction)
    # Else it would take the place of one that the new index may have.
    if index_about.made(path) == build:
      size = hnsw.write(path, build, graph)
  except (OSError, RuntimeError, ValueError) as error:
    if index_about.made(path) == build:
      raise
    raise gone from error
  if index_about.made(path) != build:
    raise gone
  return size


def _encoder(
  folder: pathlib.Path, wanted: index_about.About, former: encode.Encoder | None
) -> encode.Encoder:
  """The model that made the vectors, and none that took its place."""
  if former is not None and _digest(former) == wanted.weights:
    return former
  encoder = encode.load(wanted.model)
  if _digest(encoder) != wanted.weights:
    raise program.BadInput(
      f"the model {wanted.model} is not the one that made the index {folder}: "
      f"its weights are {_digest(encoder)}, wanted {wanted.weights}; make the "
      "index again with `python -m tools.encode`, or put the model back"
    )
  return encoder


def _digest(encoder: encode.Encoder) -> str:
  """Which weights a model has."""
  return weights_digest.of(encoder.params or {})
