"""Trains a sentence-embedding model on pairs of texts.

    python -m launch.train --config=launch/configs/quickstart.py \\
      --config.data.train=runs/code/train --config.data.tokenizer=runs/tokens \\
      --workdir=runs/code_model

A workdir that holds a run goes on where that run was. `--check` prints the
data, the shapes, the bytes on each device and an estimate of the time, and
trains nothing. Exit codes: 0 done, 2 bad input, 3 diverged; anything else may
be started again.
"""

import contextlib
import functools
import shlex
import sys
import time
from collections.abc import Iterator

from absl import flags
import jax
from ml_collections import config_flags

from data import batch as batch_lib
from data import loader
from data import program
from embeddings import checkpoint
from embeddings import loop
from embeddings import metrics
from embeddings import optimizer
from embeddings import partition
from embeddings import workdir as workdir_lib
from embeddings.losses import terms
from launch import check
from launch import chunks
from launch import device_memory
from launch import run as run_lib


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  config_flags.DEFINE_config_file(
    "config", None, "The config, a Python file; see launch/configs."
  )
  flags.DEFINE_string("workdir", "", "The run's folder.")
  flags.DEFINE_bool("check", False, "Say what would be done, no more.")


def main() -> None:
  """Assembles the run that the config describes, and trains it."""
  given = flags.FLAGS
  program.require(given.config, "config", "launch/configs/default.py")
  program.require(given.workdir, "workdir", "runs/mine")
  run = run_lib.assemble(given.config.lock())
  if given.check:
    with device_memory.explained():
      program.print_result(check.check(run))
    return
  workdir = workdir_lib.Workdir(given.workdir)
  if given.config.input.changed_data == "go_on":
    checkpoint.check_learned(
      workdir.checkpoints, terms.learned(run.objective.terms)
    )
  workdir.begin(
    given.config.to_dict(),
    run.input.fingerprint,
    run.about,
    command=shlex.join(["python", "-m", "launch.train", *sys.argv[1:]]),
    changed_data=given.config.input.changed_data,
  )
  chunk_rows = chunks.parse(given.config.batch.chunk_rows) or 0
  with device_memory.explained(chunk_rows):
    program.print_result(train(run, workdir))


def train(run: run_lib.Run, workdir: workdir_lib.Workdir) -> dict[str, object]:
  """Trains from the newest checkpoint, or the beginning, to the last step.

  Args:
    run: what to train.
    workdir: where it is kept.

  Returns:
    What the program prints as its last line.
  """
  config = run.config
  checkpoints = checkpoint.Checkpoints(
    workdir.checkpoints, keep=config.save.keep
  )
  state = run.initial_state()
  start, seconds = checkpoints.latest or 0, 0.0
  if start:
    state, meta = checkpoints.restore(start, state)
    seconds = meta["seconds"]
    program.note_line(f"going on from step {start}")
  reporter = metrics.Reporter(
    workdir.path,
    step=start,
    steps=config.optim.steps,
    pairs=config.batch.size,
    rate=optimizer.learning_rate(run.optimizer),
    every=config.log.every,
    seconds=seconds,
  )
  results = metrics.JsonLines(workdir.path / "evals.jsonl", step=start)
  began = time.monotonic()
  run = run.in_chunks(state, workdir.path / chunks.FILE)
  train_step = run.compile_step(state) if start < config.optim.steps else None
  compiled_s = time.monotonic() - began
  evaluate = functools.partial(
    run.evaluation, reporter=reporter, results=results
  )
  with (
    contextlib.closing(checkpoints),
    contextlib.closing(results),
    contextlib.closing(reporter),
  ):
    # A kill may have come between the save of this step and its evaluation.
    if start and loop.evaluation_due(
      start, config.optim.steps, config.eval.every
    ):
      evaluate(start, state)
    if train_step is not None:
      state = loop.train(
        state,
        _on_mesh(run, workdir, start),
        start=start,
        steps=config.optim.steps,
        train_step=train_step,
        reporter=reporter,
        checkpoints=checkpoints,
        save_every=config.save.every,
        evaluate=evaluate,
        eval_every=config.eval.every,
      )
  evaluated = workdir.results("evals.jsonl")
  return {
    "workdir": str(workdir.path),
    "step": config.optim.steps,
    "pairs": config.optim.steps * config.batch.size,
    "compile_seconds": round(compiled_s, 1),
    "train_seconds": round(reporter.seconds, 1),
    "skipped_records": run.input.skipped,
    **next((r for r in evaluated if r["step"] == config.optim.steps), {}),
  }


def _on_mesh(
  run: run_lib.Run, workdir: workdir_lib.Workdir, start: int
) -> Iterator[batch_lib.Batch]:
  """Batches on the devices, each sent while the one before it trains."""
  settings = run.config.input
  host_batches = loader.iterate(
    run.input.batches(workdir.since(start)),
    start,
    threads=settings.threads,
    ahead=settings.ahead,
    workers=settings.workers,
  )
  ahead = None
  for batch in host_batches:
    coming = partition.put_batch(batch, run.mesh, run.layout.pack_shards)
    if ahead is not None:
      yield ahead
    ahead = coming
  if ahead is not None:
    yield ahead


if __name__ == "__main__":
  define_flags()
  jax.config.parse_flags_with_absl()
  program.run(main)
