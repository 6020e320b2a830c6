"""Evaluation folders and what runs them: a folder's files say what it is."""

import os
import pathlib
from collections.abc import Sequence

from data import program
from data import retrieval_folder
from embeddings.evals import retrieval

Task = retrieval_folder.RetrievalTask


def read(folder: str | os.PathLike[str]) -> Task:
  """The task in a folder.

  Raises:
    program.BadInput: if the folder is none, or holds no task that is known.
  """
  path = pathlib.Path(folder)
  if not path.is_dir() or not (path / "qrels.tsv").exists():
    raise program.BadInput(
      f"{folder} is not an evaluation folder; wanted corpus.jsonl, "
      "queries.jsonl (plain or .gz) and qrels.tsv in it"
    )
  return retrieval_folder.read(path)


def read_all(
  folders: Sequence[str | os.PathLike[str]],
) -> list[tuple[str, Task]]:
  """The tasks in folders, each with the name of its folder.

  Raises:
    program.BadInput: if two have one name, which results could not be told by.
  """
  names = [pathlib.Path(folder).resolve().name for folder in folders]
  twice = sorted({name for name in names if names.count(name) > 1})
  if twice:
    raise program.BadInput(
      f"two evaluation folders are named {twice[0]!r}; rename one of them"
    )
  return [
    (name, read(folder)) for name, folder in zip(names, folders, strict=True)
  ]


def run(
  encode: retrieval.EncodeFunction, tasks: Sequence[tuple[str, Task]]
) -> dict[str, float]:
  """Runs tasks one by one.

  Args:
    encode: texts and their side to vectors [N, E].
    tasks: names and tasks.

  Returns:
    Results under "<task>.<measure>".
  """
  results = {}
  for name, task in tasks:
    for measure, value in retrieval.evaluate(encode, task).items():
      results[f"{name}.{measure}"] = value
  return results
