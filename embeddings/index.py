"""An index: the vectors of a corpus on disk, with ids and texts beside them.

    vectors/       zarr3 through tensorstore, float32 [N, E]
    corpus.jsonl   {"_id", "text"} a line, in the order of the vectors
    index.json     the model that made the vectors, and how many there are

The folder appears whole or not at all.
"""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorstore

from data import atomic
from data import program
from embeddings import encode
from embeddings import topk

_CHUNK_BYTES = 4 * 2**20


class Hit(NamedTuple):
  """A document that was found."""

  score: float
  name: str
  text: str


class Index:
  """An index that is open for searching, with the model that made it.

  Args:
    folder: as `build` wrote it.

  Raises:
    program.BadInput: if it is no index or not whole, or its model is gone.
  """

  def __init__(self, folder: str | os.PathLike[str]):
    path = pathlib.Path(folder)
    if not (path / "index.json").exists():
      raise program.BadInput(
        f"{folder} is not an index: it has no index.json; make one with "
        "`python -m tools.encode --model=DIR --in=FILE --out=DIR`"
      )
    try:
      about = json.loads((path / "index.json").read_text(encoding="utf-8"))
      model = about["model"]
      with (path / "corpus.jsonl").open(encoding="utf-8") as file:
        self._corpus = [json.loads(line) for line in file]
      store = tensorstore.open(_spec(path / "vectors"), open=True).result()
      self._vectors = store.read().result()  # [N, E]
      if len(self._corpus) != len(self._vectors):
        texts, vectors = len(self._corpus), len(self._vectors)
        raise ValueError(f"{texts} texts and {vectors} vectors")
    except (OSError, ValueError, KeyError) as error:
      raise program.BadInput(
        f"the index {folder} is not whole ({str(error)[:150]}); make it again "
        "with `python -m tools.encode`"
      ) from error
    self._encoder = encode.load(model)

  def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
    """The k documents nearest to each query, best first."""
    vectors = self._encoder.comparable(queries, "query")
    scores, found = topk.search(vectors, self._vectors, k)
    return [
      [
        Hit(score, self._corpus[n]["_id"], self._corpus[n]["text"])
        for score, n in zip(*row, strict=True)
      ]
      for row in zip(scores.tolist(), found.tolist(), strict=True)
    ]


def build(
  folder: str | os.PathLike[str], corpus: Mapping[str, str], model: str
) -> tuple[int, int]:
  """Encodes a corpus and writes its index.

  Args:
    folder: to write; an index that is there is replaced.
    corpus: id -> text.
    model: the folder or hub id to encode with.

  Returns:
    N and E.

  Raises:
    program.BadInput: if something that is no index stands at `folder`, or there
      is no such model.
  """
  path = pathlib.Path(folder).absolute()
  if path.exists() and not (path / "index.json").exists():
    raise program.BadInput(
      f"{folder} exists and is not an index (it has no index.json); give "
      "another folder or move it away"
    )
  encoder = encode.load(model)
  vectors = encoder.comparable(list(corpus.values()), "document")
  with atomic.folder(path) as partial:
    _write_vectors(partial / "vectors", vectors)
    with (partial / "corpus.jsonl").open("w", encoding="utf-8") as file:
      for name, text in corpus.items():
        line = json.dumps({"_id": name, "text": text}, ensure_ascii=False)
        file.write(line + "\n")
    place = pathlib.Path(model)
    name = str(place.resolve()) if place.exists() else model
    about = {"model": name, "documents": len(corpus)}
    (partial / "index.json").write_text(json.dumps(about), encoding="utf-8")
  return vectors.shape


def _write_vectors(path: pathlib.Path, vectors: np.ndarray) -> None:
  """Writes [N, E] as zarr3 in chunks of whole vectors."""
  count, width = vectors.shape
  rows = max(min(_CHUNK_BYTES // (4 * width), count), 1)
  metadata = {
    "shape": [count, width],
    "data_type": "float32",
    "chunk_grid": {
      "name": "regular",
      "configuration": {"chunk_shape": [rows, width]},
    },
  }
  spec = {**_spec(path), "metadata": metadata}
  store = tensorstore.open(spec, create=True).result()
  store.write(vectors).result()


def _spec(path: pathlib.Path) -> dict[str, object]:
  """Where the vectors are, in tensorstore's words."""
  location = {"driver": "file", "path": str(path.absolute())}
  return {"driver": "zarr3", "kvstore": location}
