"""Measures models on evaluations, side by side.

    python -m tools.evaluate --model=runs/model --tasks=runs/pairs/test --bm25
    python -m tools.evaluate --model=runs/model,BAAI/bge-small-en-v1.5 \
        --tasks=sts:my_pairs@dev,mteb:STSBenchmark --compare

A model is the workdir of a run, a model folder or a hub id; several are
separated by commas. A task is `mteb:NAME[=FOLDER][@SPLIT]`, of the MTEB
benchmark (tools/mteb_task.py), or `[TYPE:]FOLDER[@SPLIT]`; the split is "test"
unless told. Types and what their folders hold, of which all but the last are
told by these files:

    retrieval       corpus.jsonl and queries.jsonl of {"_id", "text"} and maybe
                    "title"; qrels.tsv or qrels/SPLIT.tsv, as BEIR has them
    sts             {"s1", "s2", "score"}
    pairs           {"s1", "s2", "label"}, the label 1 for alike, or 0
    reranking       {"query", "positive": [...], "negative": [...]}
    bitext          ["one", "other"], a text and its translation
    classification  {"text", "label"}, and train.jsonl of the same
    clustering      {"text", "label"}
    winobias        the rows of its all.jsonl (embeddings/evals/winobias.py)
    winogender      those of its own, and occupations-stats.tsv
    geometry        any of these, or of training: how vectors lie

Lines stand in SPLIT.jsonl, or in SUBSET.SPLIT.jsonl or SUBSET.jsonl each, whose
mean is the result; all files may be packed (.gz). The table shows values x 100.

The last line is JSON, of values as they are: "<task>.<measure>" of the first
model, the same behind the name of each other row ("untrained.", "bm25."), and
with --compare "difference.<task>.<measure>", first row less second, with the
ends of its interval behind ".low" and ".high" and behind ".better" the share of
resamples in which the first row is better. Of tasks that cannot be measured
again on samples, as those of MTEB, there is the difference alone.
"""

import importlib.metadata
import json
from typing import Any

from absl import flags

from data import atomic
from data import program
from embeddings.evals import bm25
from embeddings.evals import bootstrap
from embeddings.evals import finite
from embeddings.evals import report
from embeddings.evals import retrieval
from embeddings.evals import table
from embeddings.evals import task as task_lib
from tools import engines
from tools import mteb_task

Tasks = list[tuple[str, task_lib.Task]]
# By the number of the task; tasks of two types may have one folder's name.
Outcomes = dict[int, finite.Done]
Measured = dict[int, dict[str, float]]

_ROWS = ("untrained", "bm25")  # those that are no --model


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_list("model", [], "Workdirs, folders or hub ids.")
  flags.DEFINE_list(
    "tasks", [], "[TYPE:]FOLDER[@SPLIT] or mteb:NAME[=FOLDER][@SPLIT], each."
  )
  flags.DEFINE_bool(
    "untrained", False, "Also what the first model, a workdir, began as."
  )
  flags.DEFINE_bool(
    "bm25",
    False,
    "Also BM25 on retrieval and reranking, over the words of the first model's "
    "tokenizer.",
  )
  flags.DEFINE_enum(
    "engine", "auto", engines.NAMES, "What encodes; see tools/engines.py."
  )
  flags.DEFINE_enum(
    "measures", "main", ["main", "all"], "Those that the table shows."
  )
  flags.DEFINE_bool(
    "compare", False, "Also by how much the first row beats the second."
  )
  flags.DEFINE_integer(
    "bootstrap", 1_000, "Resamples of --compare.", lower_bound=1
  )
  flags.DEFINE_integer("seed", 0, "Of --compare's resamples.", lower_bound=0)
  flags.DEFINE_string("out", "", "A file for the JSON of the last line.")


def main() -> None:
  """Evaluates --model on --tasks."""
  given = flags.FLAGS
  _check_flags()
  tasks = _tasks(given.tasks)
  models = {name: engines.load(name, given.engine) for name in given.model}
  rows = _rows(models, tasks)
  measured = {
    row: {number: done.measures for number, done in of_row.items()}
    for row, of_row in rows.items()
  }
  values = {row: _values(found, tasks) for row, found in measured.items()}
  for line in _table(measured, values, tasks):
    print(line)
  result: dict[str, Any] = dict(values[given.model[0]])
  for row in list(values)[1:]:
    result |= {f"{row}.{name}": value for name, value in values[row].items()}
  for name, task in tasks:
    if isinstance(task, retrieval.Retrieval):
      result[f"{name}.candidates"] = len(task.corpus)
  if given.compare:
    result |= _compare(rows, tasks)
  result["models"] = {name: model.name for name, model in models.items()}
  result["versions"] = _versions(result["models"], tasks)
  if given.out:
    atomic.write_text(given.out, json.dumps(result, indent=2) + "\n")
  program.print_result(result)


def _check_flags() -> None:
  """Raises BadInput for flags that say too little."""
  given = flags.FLAGS
  program.require(given.model, "model", "runs/model")
  program.require(given.tasks, "tasks", "runs/pairs/test")
  for name in given.model:
    if given.model.count(name) > 1:
      raise program.BadInput(
        f"--model names {name} twice; wanted each model once"
      )
    if name in _ROWS:
      raise program.BadInput(
        f"--model={name} has the name of another row; give it as ./{name}"
      )
  if given.compare and len(given.model) + given.untrained + given.bm25 < 2:
    raise program.BadInput(
      f"--compare has {given.model[0]} alone; name a second in --model, or add "
      "--untrained or --bm25"
    )


def _tasks(written: list[str]) -> Tasks:
  """All tasks, by the names of their results, in the order given."""
  ours = [one for one in written if not one.startswith(mteb_task.PREFIX)]
  read = iter(table.read_all(ours))
  tasks: Tasks = [
    mteb_task.read(one) if one.startswith(mteb_task.PREFIX) else next(read)
    for one in written
  ]
  mains = [f"{name}.{task.main}" for name, task in tasks]
  for main_ in mains:
    if mains.count(main_) > 1:
      raise _twice(main_)
  return tasks


def _rows(
  models: dict[str, engines.Engine], tasks: Tasks
) -> dict[str, Outcomes]:
  """What came out, a row a model, and those that were asked for beside."""
  given = flags.FLAGS
  first = given.model[0]
  every = dict(models)
  if given.untrained:  # Before hours of other models, if there is none.
    every["untrained"] = engines.load(first, untrained=True)
  rows = {name: _run(name, model, tasks) for name, model in every.items()}
  if given.bm25:
    found = [bm25.run(task, models[first].words) for _, task in tasks]
    rows["bm25"] = {
      number: finite.Done(outcome, outcome.measure())
      for number, outcome in enumerate(found)
      if outcome is not None
    }
  return rows


def _run(row: str, model: engines.Engine, tasks: Tasks) -> Outcomes:
  """Has a model do all tasks."""
  outcomes = {}
  with program.progress(len(tasks), unit="tasks", label=row) as progress:
    for number, (name, task) in enumerate(tasks):
      outcomes[number] = finite.run(name, task, model.encode, model.similarity)
      progress.advance(note=name)
  return outcomes


def _values(measured: Measured, tasks: Tasks) -> dict[str, float]:
  """The measures of a row, by "<task>.<measure>"."""
  values = {}
  for number, found in measured.items():
    for measure, value in found.items():
      key = f"{tasks[number][0]}.{measure}"
      if key in values:
        raise _twice(key)
      values[key] = value
  return values


def _twice(key: str) -> program.BadInput:
  """What to say where two tasks would have results of one name."""
  return program.BadInput(
    f"two tasks of --tasks have results called {key!r}; give them in two runs"
  )


def _table(
  measured: dict[str, Measured],
  values: dict[str, dict[str, float]],
  tasks: Tasks,
) -> list[str]:
  """One table of main measures, or one for each task of all its measures."""
  if flags.FLAGS.measures == "main":
    mains = [f"{name}.{task.main}" for name, task in tasks]
    return report.fitting(values, mains, percent=True)
  found = []
  for number, (name, _) in enumerate(tasks):
    rows = {
      row: _without_subsets(of_row.get(number, {}))
      for row, of_row in measured.items()
    }
    found += [f"{name}:", *report.lines(rows, percent=True)]
  return found


def _without_subsets(measured: dict[str, float]) -> dict[str, float]:
  """The measures of a task, but for those of its subsets."""
  return {name: value for name, value in measured.items() if "." not in name}


def _compare(rows: dict[str, Outcomes], tasks: Tasks) -> dict[str, float]:
  """Prints and gives how the first row differs from the second."""
  given = flags.FLAGS
  (first, ours), (second, theirs) = list(rows.items())[:2]
  print(
    f"{first} less {second}, the ends of what the middle 95 % of "
    f"{given.bootstrap} resamples give, and in how many it is better:"
  )
  result = {}
  for number, (name, task) in enumerate(tasks):
    if number not in theirs:
      print(f"{name}: {second} does no such task")
      continue
    measures = [task.main] if given.measures == "main" else []
    found = bootstrap.compare(
      ours[number].outcome,
      theirs[number].outcome,
      measures,
      resamples=given.bootstrap,
      seed=given.seed,
    )
    for measure, interval in found.items():
      print(f"{name}.{measure}  {report.interval(interval)}")
      result |= _named(f"difference.{name}.{measure}", interval)
  return result


def _named(key: str, interval: bootstrap.Interval) -> dict[str, float]:
  """A difference and what is known of it, as the last line has them."""
  beside = {
    f"{key}.{n}": v for n, v in interval._asdict().items() if v is not None
  }
  return {key: beside.pop(f"{key}.value"), **beside}


def _versions(models: dict[str, str], tasks: Tasks) -> dict[str, str]:
  """The versions of the libraries that what came out depends on."""
  used = ["jax", "numpy", "tokenizers"]
  if engines.THEIRS in models.values():
    used.append("sentence-transformers")
  if any(isinstance(task, mteb_task.Task) for _, task in tasks):
    used.append("mteb")
  if flags.FLAGS.bm25:
    used.append("bm25s")
  return {name: importlib.metadata.version(name) for name in used}


if __name__ == "__main__":
  define_flags()
  program.run(main)
