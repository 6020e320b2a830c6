"""Training, from the newest checkpoint or the beginning to the last step."""

import contextlib
import time
from collections.abc import Iterator, Mapping

from data import batch as batch_lib
from data import loader
from embeddings import checkpoint
from embeddings import hosts
from embeddings import json_lines
from embeddings import loop
from embeddings import metrics
from embeddings import optimizer
from embeddings import partition
from embeddings import peaks
from embeddings import preemption
from embeddings import step as step_lib
from embeddings import tracing
from embeddings import watch as watch_lib
from embeddings import workdir as workdir_lib
from launch import chunks
from launch import run as run_lib


def train(
  run: run_lib.Run,
  workdir: workdir_lib.Workdir,
  watch: watch_lib.Watch,
  trace: tracing.Trace,
) -> dict[str, object]:
  """Trains from the newest checkpoint, or the beginning, to the last step.

  Args:
    run: what to train.
    workdir: where it is kept.
    watch: minds the other hosts and the steps.
    trace: says which steps are traced.

  Returns:
    What the program prints as its last line.
  """
  config = run.config
  checkpoints = checkpoint.Checkpoints(
    workdir.checkpoints,
    keep=config.save.keep,
    keep_every=config.save.keep_every,
    best=config.save.best,
    best_mode=config.save.best_mode,
  )
  start, seconds = checkpoints.latest or 0, 0.0
  notice = preemption.Notice(start, grace_s=config.hosts.grace_s)
  if start:
    state, meta = checkpoints.restore(start, run.state_shapes())
    seconds = meta["seconds"]
    hosts.note(f"going on from step {start}")
  else:
    state = run.initial_state()
    hosts.note("starting at step 0")
  batches = run.input.batches(workdir.since(start))
  reporter = metrics.Reporter(
    workdir.path if hosts.is_first() else None,
    step=start,
    steps=config.optim.steps,
    pairs=config.batch.size,
    rate=optimizer.learning_rate(run.optimizer),
    every=config.log.every,
    seconds=seconds,
    peak=peaks.of_mesh(run.mesh, run.about.config.dtype),
    drawn=batches.drawn,
    spike=config.log.spike,
    saved=lambda: checkpoints.latest,
  )
  results = None
  if hosts.is_first():
    results = json_lines.JsonLines(workdir.path / "evals.jsonl", step=start)
  began = time.monotonic()
  run = run.in_chunks(state, workdir.path / chunks.FILE)
  train_step = None
  if start < config.optim.steps:
    hosts.note(f"compiling {len(run.shapes())} programs")
    train_step = run.compile_step(state)
    hosts.note(f"compiled in {time.monotonic() - began:.1f} s")
  compiled_s = time.monotonic() - began

  def evaluate(step: int, state: step_lib.State) -> Mapping[str, float]:
    with reporter.resting():
      return run.evaluation(step, state, reporter=reporter, results=results)

  with (
    contextlib.closing(notice),
    contextlib.closing(workdir),
    contextlib.closing(checkpoints),
    contextlib.closing(results) if results else contextlib.nullcontext(),
    contextlib.closing(reporter),
    contextlib.closing(trace),
  ):
    # What the run begins with, or was saved at a notice without being measured.
    if loop.evaluation_due(start, config.optim.steps, config.eval.every):
      evaluate(start, state)
    if train_step is not None:
      state = loop.train(
        state,
        reporter.timed(_on_mesh(run, batches, start)),
        start=start,
        steps=config.optim.steps,
        train_step=trace.watch(train_step, start),
        reporter=reporter,
        checkpoints=checkpoints,
        save_every=config.save.every,
        send=workdir.push,
        evaluate=evaluate,
        eval_every=config.eval.every,
        notice=notice,
        watch=watch,
      )
  evaluated = workdir.results("evals.jsonl")
  return {
    "workdir": str(workdir.place),
    "step": config.optim.steps,
    "pairs": config.optim.steps * config.batch.size,
    "compile_seconds": round(compiled_s, 1),
    "train_seconds": round(reporter.seconds, 1),
    "skipped_records": run.input.skipped,
    **next((r for r in evaluated if r["step"] == config.optim.steps), {}),
  }


def _on_mesh(
  run: run_lib.Run, batches: loader.Batches, start: int
) -> Iterator[batch_lib.Batch]:
  """Batches on the devices, each sent while the one before it trains."""
  settings = run.config.input
  host_batches = loader.iterate(
    batches,
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
