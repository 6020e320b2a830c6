"""Tasks of the MTEB benchmark, through the mteb library (2.x).

    mteb:STSBenchmark                 its data set from the hub
    mteb:STSBenchmark=FOLDER          or from a copy of it, with no network
    mteb:STSBenchmark=FOLDER@dev      another split

A copy is a folder as `hf download --repo-type=dataset ID --local-dir=FOLDER`
leaves it; its README.md names the configurations (corpus, queries, qrels,
languages) where there are several. A folder in our own layout serves retrieval
tasks too: corpus.jsonl, queries.jsonl and qrels.tsv.

What a task makes of its data set is mteb's business. With a folder, the hub is
not asked for anything: a task that is made of several data sets, or loads
others than that of its metadata, says so and ends.

Muennighoff et al. 2023, "MTEB: Massive Text Embedding Benchmark", EACL.
"""

import contextlib
import dataclasses
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import huggingface_hub
import numpy as np

from data import program
from data import retrieval_folder
from embeddings.evals import task as task_lib
from tools import mteb_model

PREFIX = "mteb:"


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What mteb measured; no samples of it can be measured again."""

  values: dict[str, float]
  items: int = 0

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """The measures of the whole task."""
    assert chosen is None
    return self.values


@dataclasses.dataclass(frozen=True)
class Task:
  """A task of mteb's, which is a `task.Task`.

  Attributes:
    name: mteb's.
    folder: a copy of its data set, or None for that of the hub.
    split: the one that is measured, or "" for all that the benchmark does.
    found: the task itself.
  """

  name: str
  folder: pathlib.Path | None
  split: str
  found: Any

  @property
  def _source(self) -> str:
    """Where the data come from."""
    return str(self.folder or self.found.metadata.dataset["path"])

  @property
  def main(self) -> str:
    """The measure that the benchmark reports."""
    return self.found.metadata.main_score

  def run(self, encode: task_lib.EncodeFunction, similarity: str) -> Outcome:
    """Has a model do the task.

    Raises:
      program.BadInput: if the data are not what the task wants.
    """
    import mteb

    self.load()
    try:
      # Any: the protocol names torch's classes, which ours are none of.
      model: Any = mteb_model.Model(encode, similarity)
      done = mteb.evaluate(
        model,
        self.found,
        cache=None,
        co2_tracker=False,
        show_progress_bar=False,
      )
    except program.BadInput:  # of the model
      raise
    except (KeyError, TypeError, ValueError) as error:
      raise self._bad("cannot be evaluated", error) from error
    return Outcome(_values(done.task_results[0].scores))

  def load(self) -> None:
    """Loads the data, once.

    Raises:
      program.BadInput: if they are not there, or not what the task wants.
    """
    import datasets

    datasets.disable_progress_bars()  # of files that are read in a second
    if self.folder and (self.folder / "qrels.tsv").exists():
      self._load_ours(self.folder)
    if self.found.data_loaded:
      return
    self._load_theirs()
    for subset in self.found.hf_subsets:
      there = self.found.dataset.get(subset, self.found.dataset)
      for split in self.found.eval_splits:
        if split not in there:
          raise program.BadInput(
            f"{self._source} has no split {split!r} for {PREFIX}{self.name}; "
            f"it has {', '.join(there)}"
          )

  def _load_theirs(self) -> None:
    """Has the task load its data set."""
    from datasets import exceptions

    try:
      with _offline() if self.folder else contextlib.nullcontext():
        self.found.load_data()
    except (
      OSError,
      ValueError,
      KeyError,
      TypeError,
      exceptions.DatasetsError,
    ) as error:
      raise self._bad("cannot be loaded", error) from error

  def _load_ours(self, folder: pathlib.Path) -> None:
    """Takes the data of a retrieval task out of a folder of our layout."""
    import datasets
    import mteb.abstasks

    if not isinstance(self.found, mteb.abstasks.AbsTaskRetrieval):
      raise program.BadInput(
        f"{folder} is a retrieval folder (it has a qrels.tsv), and "
        f"{self.name} is none of mteb's retrieval tasks; give a copy of its "
        "data set"
      )
    read = retrieval_folder.read(folder)
    one = {
      "corpus": _dataset(datasets, read.corpus),
      "queries": _dataset(datasets, {q: read.queries[q] for q in read.qrels}),
      "relevant_docs": read.qrels,
      "top_ranked": None,
    }
    splits = dict.fromkeys(self.found.eval_splits, one)
    found: Any = self.found
    found.dataset = dict.fromkeys(found.hf_subsets, splits)
    found.data_loaded = True

  def _bad(self, what: str, error: Exception) -> program.BadInput:
    """What to say of a task whose data are missing or wrong."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    remedy = (
      f"wanted in {self._source} a copy of the task's data set, README.md "
      "included"
      if self.folder
      else f"check the connection, or copy {self._source} and give =FOLDER"
    )
    return program.BadInput(f"{PREFIX}{self.name} {what} ({reason}); {remedy}")


def read(written: str) -> tuple[str, Task]:
  """A task as it is written, under the name of its results.

  Args:
    written: `mteb:NAME[=FOLDER][@SPLIT]`.

  Returns:
    "NAME" or "NAME@SPLIT", and the task.

  Raises:
    program.BadInput: if mteb has no such task or is not installed, or the
      folder is none.
  """
  rest, split = written.removeprefix(PREFIX), ""
  named = re.fullmatch(r"(.+)@([\w-]+)", rest)
  if named and not pathlib.Path(rest.partition("=")[2] or " ").is_dir():
    rest, split = named[1], named[2]
  name, equals, place = rest.partition("=")
  folder = pathlib.Path(place) if equals else None
  if folder and not (place and folder.is_dir() and any(folder.iterdir())):
    raise program.BadInput(
      f"{written}: {place!r} is no folder with files; give a copy of the "
      "task's data set, or leave it out to take that of the hub"
    )
  task = _find(name)
  if folder:
    path = {**task.metadata.dataset, "path": str(folder.resolve())}
    task.metadata = task.metadata.model_copy(update={"dataset": path})
  if split:
    task.filter_eval_splits([split])
  found = Task(name, folder, split, task)
  if folder:
    found.load()  # Before hours of other tasks, if there is something wrong.
  return f"{name}@{split}" if split else name, found


def _find(name: str) -> Any:
  """A task of mteb's by its name."""
  try:
    import mteb  # Here: no requirement, and it takes seconds.
    import mteb.abstasks.aggregated_task as aggregated
  except ImportError as error:
    raise program.BadInput(
      f"{PREFIX}{name} wants the mteb library, which is not installed; "
      "pip install -r requirements-mteb.txt"
    ) from error
  try:
    task = mteb.get_task(name)
  except KeyError as error:
    raise program.BadInput(
      f"mteb has no task {name!r} ({error.args[0]}); `mteb available-tasks` "
      "lists them"
    ) from error
  if isinstance(task, aggregated.AbsTaskAggregate):
    raise program.BadInput(
      f"{name} is made of several tasks of mteb's; name them one by one: "
      f"{', '.join(each.metadata.name for each in task.tasks)}"
    )
  if set(task.metadata.modalities) != {"text"}:
    raise program.BadInput(
      f"{name} is a task of {', '.join(task.metadata.modalities)}; wanted one "
      "of text"
    )
  return task


def _dataset(datasets: Any, texts: dict[str, str]) -> Any:
  """Texts by id as mteb has corpus and queries."""
  return datasets.Dataset.from_dict(
    {"id": list(texts), "text": list(texts.values())}
  )


def _values(
  scores: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, float]:
  """The measures: their means over splits and subsets, and each behind those.

  Args:
    scores: by split, for each subset its measures.
  """
  rows = {
    f"{split}.{score['hf_subset']}": _numbers(score)
    for split, found in scores.items()
    for score in found
  }
  names = [
    n for n in next(iter(rows.values())) if all(n in r for r in rows.values())
  ]
  values = {
    name: float(np.mean([row[name] for row in rows.values()])) for name in names
  }
  if len(rows) > 1:
    for where, row in rows.items():
      values |= {f"{where}.{name}": value for name, value in row.items()}
  return values


def _numbers(score: Mapping[str, Any]) -> dict[str, float]:
  """The measures of a subset, without what is said beside them."""
  return {
    name: float(value)
    for name, value in score.items()
    if name != "main_score"  # which is one of the others
    and isinstance(value, int | float)
    and np.isfinite(value)
  }


@contextlib.contextmanager
def _offline() -> Iterator[None]:
  """Has the hub's libraries refuse to ask it for anything in the block."""
  from datasets import config

  places: tuple[Any, ...] = (huggingface_hub.constants, config)
  before = [place.HF_HUB_OFFLINE for place in places]
  for place in places:
    place.HF_HUB_OFFLINE = True
  try:
    yield
  finally:
    for place, value in zip(places, before, strict=True):
      place.HF_HUB_OFFLINE = value
