"""Writes an index: the vectors of a corpus, with its ids and texts beside them.

    index_writer.write(folder, corpus.Corpus(files), encoder, model="runs/m")
    index_writer.build(folder, {"p1": "a text"}, "runs/m")

What it holds says embeddings/index.py. It grows in `.NAME.partial/index` beside
its place, and the same call goes on after a kill, with other hosts than before
if need be. An index that is there is replaced at once when the new one is
whole, and nothing else is ever replaced. The same texts and model give the same
files, bit by bit, on devices of the same kind and number; but for the graph,
whose links depend on which of faiss's threads comes first.
"""

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import xxhash

from data import atomic
from data import documents
from data import growing
from data import program
from embeddings import bulk
from embeddings import encode
from embeddings import hnsw
from embeddings import hosts
from embeddings import vector_store
from embeddings import weights_digest

VERSION = 2
TEXTS = ("keep", "leave_out")

_ABOUT = "index.json"
_READ = "texts.json"  # says that the texts are copied, and from what
_WHOLE = "whole"  # says that the index is, and its name


class Corpus(Protocol):
  """Documents, and what tells whether they are the same as before."""

  def stamp(self) -> list[Any]:
    """Tells it at no cost, but may differ though they are the same."""
    ...

  def digests(self) -> list[str]:
    """Tells it for certain."""
    ...

  def __iter__(self) -> Iterator[documents.Document]: ...


class Written(NamedTuple):
  """What stands there now."""

  documents: int
  width: int
  resumed: int  # documents that had their vectors before


class _Places(NamedTuple):
  """Where an index will stand, and where it grows."""

  final: pathlib.Path
  work: pathlib.Path  # what is known of the work, and the index itself
  index: pathlib.Path
  texts: pathlib.Path  # where texts are read while they are encoded


class InMemory:
  """A corpus of texts that are here.

  Args:
    texts: by id.
  """

  def __init__(self, texts: Mapping[str, str]):
    self._texts = texts

  def stamp(self) -> list[Any]:
    """All of them in one number."""
    return self.digests()

  def digests(self) -> list[str]:
    """All of them in one number."""
    found = xxhash.xxh3_128()
    for pair in self._texts.items():
      found.update(json.dumps(pair).encode())
    return [found.hexdigest()]

  def __iter__(self) -> Iterator[documents.Document]:
    for number, (name, text) in enumerate(self._texts.items()):
      yield documents.Document(name, text, f"text {number} (from 0)")


def build(
  folder: str | os.PathLike[str],
  corpus: Mapping[str, str],
  model: str,
  **options: Any,
) -> Written:
  """Encodes texts that are in memory and writes their index.

  Args:
    folder: to write; an index that is there is replaced.
    corpus: texts by id.
    model: the folder or hub id to encode with.
    **options: as `write` has them.

  Raises:
    program.BadInput: as `write` does, or if there is no such model.
  """
  check_place(folder)
  encoder = encode.load(model)
  return write(folder, InMemory(corpus), encoder, model=model, **options)


def write(
  folder: str | os.PathLike[str],
  corpus: Corpus,
  encoder: encode.Encoder,
  *,
  model: str,
  dtype: str = "float32",
  texts: str = "keep",
  stretch: int = bulk.STRETCH,
  graph: bool = False,
) -> Written:
  """Encodes a corpus and writes its index.

  All processes must call it with the same arguments.

  Args:
    folder: to write; an index that is there is replaced.
    corpus: its documents.
    encoder: the model.
    model: the folder or hub id that it is of.
    dtype: of the vectors on disk.
    texts: one of TEXTS; "leave_out" keeps the ids alone.
    stretch: see bulk.encode_to.
    graph: whether it has a graph (embeddings/hnsw.py) when it takes its place;
      an index that is there already gets one.

  Raises:
    program.BadInput: if something that is no index stands at `folder`, an id
      comes twice, another process writes there, what was begun there is other
      work, or there is no faiss for the graph.
  """
  assert texts in TEXTS, texts
  places = _places(folder, texts)
  settings: dict[str, Any] = {"dtype": dtype, "stretch": stretch}
  with contextlib.ExitStack() as held:
    hosts.from_first(lambda: _enter(places, held, graph))
    read = hosts.from_first(lambda: _copy_texts(places, corpus))
    source = _open_texts(places.texts, read)
    given = bulk.describe(source, encoder, **settings) | {"kept": texts}
    about = _about(encoder, source, model, given)
    if hosts.from_first(lambda: _is_there(places, about, graph)):
      hosts.note(f"{folder} is whole already; its vectors are left as they are")
      return Written(len(source), encoder.width, len(source))
    done = bulk.encode_to(
      places.work, source, encoder, vectors=places.index / "vectors", **settings
    )
    about["made"] = xxhash.xxh3_64_hexdigest(f"{done.digest} {texts}".encode())
    hosts.from_first(lambda: _finish(places, about, graph))
  return Written(len(source), encoder.width, done.resumed)


def check_place(folder: str | os.PathLike[str]) -> None:
  """Raises BadInput if an index would take the place of something else.

  So it does if the place is in a bucket, or may not be looked at.
  """
  path = pathlib.Path(folder)
  with atomic.place(path):
    if path.exists() and not (path / _ABOUT).exists():
      raise program.BadInput(
        f"{folder} exists and is not an index (it has no {_ABOUT}); give "
        "another folder or move it away"
      )


def _places(folder: str | os.PathLike[str], texts: str) -> _Places:
  """Where an index will stand, and where it grows."""
  final = pathlib.Path(folder).absolute()
  work = growing.partial(final)
  index = work / "index"
  return _Places(final, work, index, index if texts == "keep" else work)


def _enter(places: _Places, held: contextlib.ExitStack, graph: bool) -> None:
  """Keeps others out, and ends what a kill left half done."""
  final, work = places.final, places.work
  check_place(final)
  if graph:
    hnsw.library()  # What is missing is told before all is encoded.
  with atomic.place(final):
    final.parent.mkdir(parents=True, exist_ok=True)
  held.enter_context(growing.alone(work))
  if (work / _WHOLE).exists():
    made = (work / _WHOLE).read_text(encoding="utf-8")
    if _read_about(final).get("made") != made:
      atomic.put(places.index, final)
    for path in work.iterdir():
      if path.name != "lock":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
  atomic.restore(final)
  places.index.mkdir(exist_ok=True)


def _copy_texts(places: _Places, corpus: Corpus) -> str:
  """Copies the texts, unless that is done; gives their digest."""
  path = places.work / _READ
  if path.exists():
    before = json.loads(path.read_text(encoding="utf-8"))
    if before["stamp"] != corpus.stamp():
      _check_same(places, before["digests"], corpus.digests())
    return before["digest"]
  stamp = corpus.stamp()
  try:
    with program.progress(None, unit="texts", label="reading") as bar:
      written = documents.write(places.texts, corpus, advance=bar.advance)
    if not written.documents:
      raise program.BadInput("--in holds no text; give files that have some")
    if corpus.stamp() != stamp:
      raise program.BadInput(
        "a file of --in has changed while it was read; run the same command "
        "again when nobody writes to it"
      )
  except program.BadInput:
    shutil.rmtree(places.work)  # Nothing was encoded yet.
    raise
  read = {
    "stamp": stamp,
    "digests": corpus.digests(),
    "digest": written.digest,
  }
  atomic.write_text(path, json.dumps(read) + "\n")
  return written.digest


def _open_texts(folder: pathlib.Path, digest: str) -> documents.Documents:
  """Opens the texts on all hosts, before process 0 may remove the files."""
  found: list[documents.Documents] = []
  hosts.together(lambda: found.append(documents.Documents(folder, digest)))
  return found[0]


def _check_same(places: _Places, before: list[str], now: list[str]) -> None:
  """Raises BadInput if the corpus is not what it was."""
  if before == now:
    return
  found = f"{len(now)} files, and had {len(before)}"
  if len(now) == len(before):
    pairs = zip(before, now, strict=True)
    first = next(n for n, (one, other) in enumerate(pairs, 1) if one != other)
    found = f"another file {first} of {len(now)}"
  raise program.BadInput(
    f"--in has {found} when the work in {places.work} was begun; give the same "
    f"files again, or remove {places.work} to start again"
  )


def _about(
  encoder: encode.Encoder,
  source: documents.Documents,
  model: str,
  given: dict[str, Any],
) -> dict[str, Any]:
  """What index.json says, but for the name of the build."""
  place = pathlib.Path(model)
  return {
    "version": VERSION,
    "model": str(place.resolve()) if place.exists() else model,
    "weights": weights_digest.of(encoder.params or {}),
    "documents": len(source),
    "width": encoder.width,
    "dtype": given["dtype"],
    "similarity": encoder.model.config.similarity,
    "made_from": xxhash.xxh3_64_hexdigest(json.dumps(given).encode()),
  }


def _is_there(places: _Places, about: dict[str, Any], graph: bool) -> bool:
  """Whether the index stands there already, of the same texts and model."""
  before = _read_about(places.final)
  if before.get("made_from") != about["made_from"]:
    return False
  if before["model"] != about["model"]:  # It was moved.
    _write_about(places.final, before | {"model": about["model"]})
  if graph:
    _link(places.final, before["made"])
  shutil.rmtree(places.work)
  return True


def _finish(places: _Places, about: dict[str, Any], graph: bool) -> None:
  """Puts the index in its place."""
  if places.texts != places.index:
    documents.without_texts(places.texts, places.index)
  if graph:
    _link(places.index, about["made"])
  _write_about(places.index, about)
  atomic.write_text(places.work / _WHOLE, about["made"])
  atomic.put(places.index, places.final)
  shutil.rmtree(places.work)


def _link(folder: pathlib.Path, made: str) -> None:
  """Makes the graph of an index, unless it has one."""
  if not hnsw.exists(folder, made):
    hnsw.build(folder, made, vector_store.open(folder / "vectors"))


def _write_about(folder: pathlib.Path, about: dict[str, Any]) -> None:
  """Writes index.json."""
  atomic.write_text(folder / _ABOUT, json.dumps(about, indent=2) + "\n")


def _read_about(folder: pathlib.Path) -> dict[str, Any]:
  """What index.json says, {} where there is none that can be read."""
  try:
    found = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
  except (OSError, ValueError):
    return {}
  return found if isinstance(found, dict) else {}
