"""The main job, from source files to a model that finds functions by words.

    launch/quickstart.sh --workdir=runs/quickstart

mines (documentation, code) pairs from the Python that is installed, trains a
tokenizer and a model on them, measures it on packages that it never saw,
exports it for sentence-transformers, and answers three questions. Each stage
is a program of its own, printed as it is called. What a stage has finished is
kept in the workdir, so that a run that was stopped goes on where it was.

With --model=ID_OR_DIR training starts from that encoder and its tokenizer.
"""

import pathlib
from typing import Any

from absl import flags

from data import program
from embeddings.evals import report
from launch import stages as stages_lib


QUESTIONS = (
  "find a network port that nobody uses",
  "split an iterable into chunks of equal size",
  "wait until the lock on a file is free",
)


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("workdir", "runs/quickstart", "Where everything goes.")
  flags.DEFINE_string(
    "model", "", "A Hugging Face encoder to start from, by folder or hub id."
  )
  flags.DEFINE_bool("smoke", False, "A few steps of a tiny model.")
  flags.DEFINE_string(
    "sources", "", "Folders to mine, in place of the Python that is installed."
  )


def main() -> None:
  """Runs all stages and prints what came out."""
  given = flags.FLAGS
  workdir = pathlib.Path(given.workdir)
  stages = stages_lib.Stages(workdir / "stages")
  pairs = stages.run(
    "mine the pairs", _mine(workdir, given.sources, given.smoke)
  )
  training = _train_flags(workdir, given.model, given.smoke)
  if not given.model:
    stages.run("train the tokenizer", _tokenizer(workdir))
    training.append(f"--config.data.tokenizer={workdir / 'tokenizer'}")
  trained = stages.run("train the model", training)
  results = stages.run("evaluate it", _evaluation(workdir))
  stages.run("export it", _export(workdir))
  stages.run("index the held-out functions", _index(workdir))
  found = stages.run("answer three questions", _questions(workdir))
  assert set(found) == set(QUESTIONS), found
  for line in report.lines(_rows(results)):
    print(line)
  program.print_result(
    {
      "pairs": pairs["pairs"],
      "candidates": results["test.candidates"],
      "trained_mrr_at_10": round(results["test.mrr_at_10"], 4),
      "untrained_mrr_at_10": round(results["untrained.test.mrr_at_10"], 4),
      "bm25_mrr_at_10": round(results["bm25.test.mrr_at_10"], 4),
      "trained_recall_at_10": round(results["test.recall_at_10"], 4),
      "untrained_recall_at_10": round(
        results["untrained.test.recall_at_10"], 4
      ),
      "bm25_recall_at_10": round(results["bm25.test.recall_at_10"], 4),
      "train_seconds": trained["train_seconds"],
      "total_seconds": round(stages.seconds, 1),
      "model_dir": str(workdir / "model"),
    }
  )


def _mine(workdir: pathlib.Path, sources: str, smoke: bool) -> list[str]:
  """Writes pairs/{train,dev,test}."""
  command = ["data.sources.python_code", f"--out={workdir / 'pairs'}"]
  if sources:
    command.append(f"--in={sources}")
  if smoke:
    command += ["--dev_pairs=20", "--test_pairs=30", "--max_share=0.5"]
  return command


def _tokenizer(workdir: pathlib.Path) -> list[str]:
  """Writes tokenizer/."""
  return [
    "data.wordpiece",
    f"--data={workdir / 'pairs' / 'train'}",
    f"--out={workdir / 'tokenizer'}",
    "--words=code",
  ]


def _train_flags(workdir: pathlib.Path, model: str, smoke: bool) -> list[str]:
  """Trains in run/."""
  name = "quickstart_smoke" if smoke else "quickstart"
  if model:
    name = "quickstart_finetune"
  command = [
    "launch.train",
    f"--config=launch/configs/{name}.py",
    f"--workdir={workdir / 'run'}",
    f"--config.data.train={workdir / 'pairs' / 'train'}",
    f"--config.eval.tasks={workdir / 'pairs' / 'dev'}",
  ]
  if model:
    command.append(f"--config.model.init={model}")
  return command


def _evaluation(workdir: pathlib.Path) -> list[str]:
  """Measures the run, what it began as, and BM25; writes results.json."""
  return [
    "tools.evaluate",
    f"--model={workdir / 'run'}",
    "--untrained",
    "--bm25",
    f"--tasks={workdir / 'pairs' / 'test'}",
    f"--out={workdir / 'results.json'}",
  ]


def _export(workdir: pathlib.Path) -> list[str]:
  """Writes model/."""
  return [
    "tools.to_sentence_transformers",
    f"--workdir={workdir / 'run'}",
    f"--out={workdir / 'model'}",
    f"--results={workdir / 'results.json'}",
  ]


def _index(workdir: pathlib.Path) -> list[str]:
  """Writes index/."""
  return [
    "tools.encode",
    f"--model={workdir / 'model'}",
    f"--in={workdir / 'pairs' / 'test' / 'corpus.jsonl.gz'}",
    f"--out={workdir / 'index'}",
  ]


def _questions(workdir: pathlib.Path) -> list[str]:
  """Prints the functions that answer the questions."""
  return ["tools.search", f"--index={workdir / 'index'}", *QUESTIONS]


def _rows(results: dict[str, Any]) -> dict[str, dict[str, float]]:
  """The last table: a line for each of the three."""
  measures = ("mrr_at_10", "recall_at_10")
  prefixes = {"trained": "", "untrained": "untrained.", "BM25": "bm25."}
  return {
    name: {m: results[f"{prefix}test.{m}"] for m in measures}
    for name, prefix in prefixes.items()
  }


if __name__ == "__main__":
  define_flags()
  program.run(main)
