"""Measures models on evaluation folders, side by side.

    python -m tools.evaluate --model=runs/model --tasks=runs/pairs/test --bm25

A model is the workdir of a run, a model folder or a hub id; several are
separated by commas. The last line is JSON: "<task>.<measure>" of the first
model, and the same behind "untrained." and "bm25." where those were asked for.
"""

import json

from absl import flags

from data import atomic
from data import program
from embeddings import encode
from embeddings.evals import bm25
from embeddings.evals import report
from embeddings.evals import retrieval
from embeddings.evals import table


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_list("model", [], "Workdirs, folders or hub ids.")
  flags.DEFINE_list("tasks", [], "Evaluation folders.")
  flags.DEFINE_bool(
    "untrained", False, "Also what the first model, a workdir, began as."
  )
  flags.DEFINE_bool(
    "bm25", False, "Also BM25, over the words of the first model's tokenizer."
  )
  flags.DEFINE_string("out", "", "A file for the JSON of the last line.")


def main() -> None:
  """Evaluates --model on --tasks."""
  given = flags.FLAGS
  program.require(given.model, "model", "runs/model")
  program.require(given.tasks, "tasks", "runs/pairs/test")
  tasks = table.read_all(given.tasks)
  first = encode.load(given.model[0])
  rows = {given.model[0]: table.run(first.comparable, tasks)}
  for name in given.model[1:]:
    rows[name] = table.run(encode.load(name).comparable, tasks)
  if given.untrained:
    began = encode.load(given.model[0], untrained=True)
    rows["untrained"] = table.run(began.comparable, tasks)
  if given.bm25:
    rows["bm25"] = _bm25(first, tasks)
  for line in report.lines(rows):
    print(line)
  result = dict(rows[given.model[0]])
  for name in list(rows)[1:]:
    result.update({f"{name}.{k}": value for k, value in rows[name].items()})
  for name, task in tasks:
    result[f"{name}.candidates"] = len(task.corpus)
  if given.out:
    atomic.write_text(given.out, json.dumps(result, indent=2) + "\n")
  program.print_result(result)


def _bm25(
  encoder: encode.Encoder, tasks: list[tuple[str, table.Task]]
) -> dict[str, float]:
  """BM25's measures on retrieval tasks."""
  results = {}
  for name, task in tasks:
    ranked = bm25.rank(task, encoder.tokenizer.words)
    for measure, value in retrieval.measure(ranked, task.qrels).items():
      results[f"{name}.{measure}"] = value
  return results


if __name__ == "__main__":
  define_flags()
  program.run(main)
