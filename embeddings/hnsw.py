"""A graph of near neighbours beside an index's vectors, by faiss.

    hnsw.build(folder, made, vectors)
    graph = hnsw.read(folder, made)
    scores, found = graph.search(queries, k=10)

Hierarchical navigable small worlds (Malkov and Yashunin 2016,
arXiv:1603.09320): a search walks from neighbour to neighbour and looks at a few
hundred documents of millions. What it misses depends on `ef`. The graph holds
the vectors a second time, in float32.

It is faiss/MADE.hnsw in the index, where MADE names the build of the index that
it belongs to, so that it is never used with another.
"""

import pathlib
from types import ModuleType
from typing import Any

import numpy as np

from data import atomic
from data import program
from embeddings import topk
from embeddings import vector_store

FOLDER = "faiss"
LINKS = 32  # M, of each document to others
EF_CONSTRUCTION = 200  # candidates for these links
EF = 64  # candidates of a search
_BLOCK = 8_192  # documents that are read at once


class Graph:
  """A graph that is open for searching.

  Args:
    found: as faiss has it.
  """

  def __init__(self, found: Any):
    self._graph = found

  def __len__(self) -> int:
    return self._graph.ntotal

  def save(self, path: pathlib.Path) -> None:
    """Writes a file that faiss reads."""
    library().write_index(self._graph, str(path))

  def search(
    self,
    queries: np.ndarray,  # [Q, E]
    k: int,
    *,
    ef: int = EF,
  ) -> tuple[np.ndarray, np.ndarray]:
    """Documents with large dot products, hardly any larger ones left out.

    Args:
      queries: float32, the vectors to search with.
      k: how many to find; at most as many as there are.
      ef: candidates that are kept on the way: more find more and take longer.

    Returns:
      scores: float32 [Q, k], largest first, of equal ones the earlier document.
      found: int64 [Q, k], -1 where the walk came to an end before.
    """
    if not len(queries):
      return np.zeros((0, k), np.float32), np.zeros((0, k), np.int64)
    options = library().SearchParametersHNSW(efSearch=max(ef, k))
    queries = np.ascontiguousarray(queries, np.float32)
    scores, found = self._graph.search(queries, k, params=options)
    order = np.lexsort((found, -scores), axis=1)
    return (
      np.take_along_axis(scores, order, 1),
      np.take_along_axis(found, order, 1),
    )


def build(
  folder: pathlib.Path,
  made: str,
  vectors: vector_store.VectorStore | np.ndarray,  # [N, E]
  *,
  links: int = LINKS,
  ef_construction: int = EF_CONSTRUCTION,
) -> int:
  """Makes the graph of an index, in the place of one that is there.

  Args:
    folder: the index.
    made: which build of it.
    vectors: as `link` takes them, and what follows.

  Returns:
    Bytes of the file.

  Raises:
    program.BadInput: as `link` does.
  """
  graph = link(vectors, links=links, ef_construction=ef_construction)
  return write(folder, made, graph)


def link(
  vectors: vector_store.VectorStore | np.ndarray,  # [N, E]
  *,
  links: int = LINKS,
  ef_construction: int = EF_CONSTRUCTION,
) -> Graph:
  """Makes a graph in memory.

  Args:
    vectors: of an index, read a block at a time.
    links: of each document to others, faiss's M.
    ef_construction: candidates for them.

  Raises:
    program.BadInput: if faiss is not installed, or a number is too small.
  """
  faiss = library()
  if links < 2 or ef_construction < 1:
    raise program.BadInput(
      f"a graph of {links} links and ef_construction={ef_construction}; wanted "
      f"at least 2 and 1, as in {LINKS} and {EF_CONSTRUCTION}"
    )
  count, width = vectors.shape
  graph = faiss.IndexHNSWFlat(width, links, faiss.METRIC_INNER_PRODUCT)
  graph.hnsw.efConstruction = ef_construction
  with program.progress(count, unit="documents", label="linking") as bar:
    for start in range(0, count, _BLOCK):
      part = topk.rows_of(vectors, start, min(start + _BLOCK, count))
      graph.add(np.ascontiguousarray(part, np.float32))
      bar.advance(len(part))
  return Graph(graph)


def write(folder: pathlib.Path, made: str, graph: Graph) -> int:
  """Writes the graph of an index, in the place of one that is there.

  Returns:
    Bytes of the file.
  """
  with atomic.folder(folder / FOLDER) as partial:
    graph.save(partial / f"{made}.hnsw")
    return (partial / f"{made}.hnsw").stat().st_size


def exists(folder: pathlib.Path, made: str) -> bool:
  """Whether the graph of this build of the index is there."""
  return (folder / FOLDER / f"{made}.hnsw").exists()


def check(folder: pathlib.Path, made: str) -> None:
  """Raises BadInput unless the graph of this build of the index is there."""
  if exists(folder, made):
    return
  others = any((folder / FOLDER).glob("*.hnsw"))
  state = "is of an earlier build of it" if others else "is not there"
  raise program.BadInput(
    f"the HNSW graph of the index {folder} {state}; make it with "
    f"`python -m tools.search --index={folder} --build_hnsw`"
  )


def read(folder: pathlib.Path, made: str) -> Graph:
  """The graph of this build of an index.

  Raises:
    program.BadInput: if it is not there or not whole, or faiss is missing.
  """
  faiss = library()
  check(folder, made)
  try:
    return Graph(faiss.read_index(str(folder / FOLDER / f"{made}.hnsw")))
  except RuntimeError as error:
    raise program.BadInput(
      f"the HNSW graph of the index {folder} cannot be read "
      f"({str(error)[-150:]}); make it again with "
      f"`python -m tools.search --index={folder} --build_hnsw`"
    ) from error


def library() -> ModuleType:
  """faiss, which is not needed for anything else.

  Raises:
    program.BadInput: if it is not installed.
  """
  try:
    import faiss
  except ImportError as error:
    raise program.BadInput(
      f"faiss cannot be imported ({error}); HNSW needs it: "
      "`pip install -r requirements-faiss.txt`"
    ) from error
  return faiss
