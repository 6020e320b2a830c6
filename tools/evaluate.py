"""Measures models on evaluations, side by side.

    python -m tools.evaluate --model=runs/model --tasks=runs/pairs/test --bm25
    python -m tools.evaluate --model=runs/model,BAAI/bge-small-en-v1.5 \
        --tasks=sts:my_pairs@dev,mteb:STSBenchmark --compare

A model is the workdir of a run, a model folder or a hub id; several are
separated by commas. A task is `[TYPE:]FOLDER[@SPLIT]`, as
embeddings/evals/table.py knows them, or `mteb:NAME[=FOLDER][@SPLIT]`, a task of
the MTEB benchmark (tools/mteb_task.py). The table shows values x 100.

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
from embeddings.evals import report
from embeddings.evals import retrieval
from embeddings.evals import table
from embeddings.evals import task as task_lib
from tools import engines
from tools import mteb_task

Tasks = list[tuple[str, task_lib.Task]]
Outcomes = dict[str, task_lib.Outcome]  # by task


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
    "Also BM25 on retrieval, over the words of the first model's tokenizer.",
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
  values = {row: _values(outcomes) for row, outcomes in rows.items()}
  for line in _table(values, tasks):
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
  names = [name for name, _ in tasks]
  for name in names:
    if names.count(name) > 1:
      raise program.BadInput(
        f"two tasks of --tasks have results called {name!r}; give them in two "
        "runs"
      )
  return tasks


def _rows(
  models: dict[str, engines.Engine], tasks: Tasks
) -> dict[str, Outcomes]:
  """What came out, a row a model, and those that were asked for beside."""
  given = flags.FLAGS
  first = models[given.model[0]]
  rows = {name: _run(model, tasks) for name, model in models.items()}
  if given.untrained:
    began = engines.load(given.model[0], untrained=True)
    rows["untrained"] = _run(began, tasks)
  if given.bm25:
    rows["bm25"] = {
      name: bm25.run(task, first.words)
      for name, task in tasks
      if isinstance(task, retrieval.Retrieval)
    }
  return rows


def _run(model: engines.Engine, tasks: Tasks) -> Outcomes:
  """Has a model do all tasks."""
  return {n: task.run(model.encode, model.similarity) for n, task in tasks}


def _values(outcomes: Outcomes) -> dict[str, float]:
  """The measures of a row, by "<task>.<measure>"."""
  return {
    f"{name}.{measure}": value
    for name, outcome in outcomes.items()
    for measure, value in outcome.measure().items()
  }


def _table(values: dict[str, dict[str, float]], tasks: Tasks) -> list[str]:
  """One table of main measures, or one for each task of all its measures."""
  if flags.FLAGS.measures == "main":
    mains = [f"{name}.{task.main}" for name, task in tasks]
    return report.lines(values, mains, percent=True)
  found = []
  for task, _ in tasks:
    rows = {row: _of_task(of_row, task) for row, of_row in values.items()}
    found += [f"{task}:", *report.lines(rows, percent=True)]
  return found


def _of_task(values: dict[str, float], task: str) -> dict[str, float]:
  """The measures of a task, but for those of its subsets."""
  start = f"{task}."
  own = {
    name.removeprefix(start): value
    for name, value in values.items()
    if name.startswith(start)
  }
  return {name: value for name, value in own.items() if "." not in name}


def _compare(rows: dict[str, Outcomes], tasks: Tasks) -> dict[str, float]:
  """Prints and gives how the first row differs from the second."""
  given = flags.FLAGS
  (first, ours), (second, theirs) = list(rows.items())[:2]
  print(
    f"{first} less {second}, the ends of what the middle 95 % of "
    f"{given.bootstrap} resamples give, and in how many it is better:"
  )
  result = {}
  for name, task in tasks:
    if name not in theirs:
      print(f"{name}: {second} does no such task")
      continue
    measures = (
      [task.main] if given.measures == "main" else list(ours[name].measure())
    )
    found = bootstrap.compare(
      ours[name],
      theirs[name],
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
