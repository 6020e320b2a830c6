"""The types of evaluation tasks, and which of them a folder holds."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from data import json_rows
from data import program
from data import retrieval_folder
from embeddings.evals import bitext
from embeddings.evals import classification
from embeddings.evals import clustering
from embeddings.evals import finite
from embeddings.evals import geometry
from embeddings.evals import pairs
from embeddings.evals import reranking
from embeddings.evals import retrieval
from embeddings.evals import splits
from embeddings.evals import sts
from embeddings.evals import task as task_lib
from embeddings.evals import winobias
from embeddings.evals import winogender
from embeddings.evals import written as written_lib

Task = task_lib.Task


class Type(NamedTuple):
  """A type of task.

  Attributes:
    read: a folder and a split to the task.
    knows: whether a folder, and the first row of its split, are of this type.
    wanted: what the folder holds, in words.
  """

  read: Callable[[pathlib.Path, str], Task]
  knows: Callable[[pathlib.Path, Any], bool]
  wanted: str


def _rows(
  read: Callable[[pathlib.Path, str], Task], *fields: str, beside: str = ""
) -> Type:
  """A type whose rows are objects with these fields.

  Args:
    read: as Type has it.
    fields: of each row.
    beside: a split that the folder must have, too.
  """
  return Type(
    read,
    lambda folder, row: (
      isinstance(row, dict)
      and row.keys() >= set(fields)
      and (not beside or splits.has(folder, beside))
    ),
    f"lines of {{{', '.join(fields)}}}"
    + (f", and a split {beside!r}" if beside else ""),
  )


# The first that knows a folder has it.
TYPES = {
  "retrieval": Type(
    retrieval.read,
    lambda folder, _: retrieval_folder.is_one(folder),
    "corpus.jsonl, queries.jsonl and qrels.tsv or qrels/SPLIT.tsv",
  ),
  "sts": _rows(sts.read, "s1", "s2", "score"),
  "pairs": _rows(pairs.read, "s1", "s2", "label"),
  "reranking": _rows(reranking.read, "query", "positive", "negative"),
  "bitext": Type(
    bitext.read,
    lambda _, row: isinstance(row, list) and len(row) == 2,
    "lines of [one, other]",
  ),
  "classification": _rows(classification.read, "text", "label", beside="train"),
  "clustering": _rows(clustering.read, "text", "label"),
  "winobias": _rows(winobias.read, "marked", "kind", "split"),
  "winogender": _rows(
    winogender.read, "occupation", "participant", "answer", "gender", "text"
  ),
  "geometry": Type(
    geometry.read,
    lambda *_: False,
    "texts or pairs of any of these, where it is asked for by its name",
  ),
}


def read_all(
  written: Sequence[str | os.PathLike[str]],
) -> list[tuple[str, Task]]:
  """Tasks, each with the name of its results.

  Args:
    written: [TYPE:]FOLDER[@SPLIT] each; see evals/written.py.

  Raises:
    program.BadInput: if one cannot be read, or two could not be told apart by
      the names of their results.
  """
  tasks, folders = {}, {}
  for text in written:
    parts = written_lib.parse(text, TYPES)
    if folders.setdefault(parts.name, parts.folder.resolve()) != (
      parts.folder.resolve()
    ):
      raise program.BadInput(
        f"two evaluation folders are named {parts.name!r}; rename one of them"
      )
    kind = parts.type or _guess(parts.folder, parts.split)
    if (parts.name, kind) in tasks:
      raise program.BadInput(
        f"the evaluation {parts.name!r} is given twice; give it once"
      )
    tasks[parts.name, kind] = TYPES[kind].read(parts.folder, parts.split)
  return [(name, task) for (name, _), task in tasks.items()]


def read(written: str | os.PathLike[str]) -> Task:
  """One task; see `read_all`."""
  ((_, task),) = read_all([written])
  return task


def run(
  encode: task_lib.EncodeFunction,
  similarity: str,
  tasks: Sequence[tuple[str, Task]],
) -> dict[str, float]:
  """Runs tasks one by one.

  Args:
    encode: texts and their side to vectors [N, E].
    similarity: "cosine" or "dot", by which the model compares.
    tasks: names and tasks.

  Returns:
    Results under "<task>.<measure>".

  Raises:
    program.BadInput: if tasks of two types over one folder have a measure of
      one name, or (finite.NotFinite) a vector is not finite.
  """
  results: dict[str, float] = {}
  for name, task in tasks:
    done = finite.run(name, task, encode, similarity)
    for measure, value in done.measures.items():
      key = f"{name}.{measure}"
      if key in results:
        raise program.BadInput(
          f"two types of evaluation of {name!r} both have {measure!r}; leave "
          "one of them out"
        )
      results[key] = value
  return results


def _guess(folder: pathlib.Path, split: str) -> str:
  """The type of the task in a folder."""
  row, what = None, ""
  if not retrieval_folder.is_one(folder):
    path = next(iter(splits.files(folder, split).values()))
    where, line = next(json_rows.lines(path), (f"{path}, which is empty", ""))
    what = f"{where}, is {line[:60]!r}"
    with contextlib.suppress(msgspec.MsgspecError):
      row = msgspec.json.decode(line)
  for name, kind in TYPES.items():
    if kind.knows(folder, row):
      return name
  known = "; ".join(f"{name}: {kind.wanted}" for name, kind in TYPES.items())
  raise program.BadInput(
    f"{folder} is not an evaluation folder: {what}; wanted one of {known}"
  )
