"""Trains a sentence-embedding model on pairs of texts.

    python -m launch.train --config=launch/configs/quickstart.py \\
      --config.data.train=runs/code/train --config.data.tokenizer=runs/tokens \\
      --workdir=runs/code_model

A workdir that holds a run goes on where that run was. `--check` prints the
data, the shapes, the bytes on each device and an estimate of the time, and
trains nothing. On a TPU pod, in Slurm and in Kubernetes the same command on
every host finds the others; launch/local_run.sh is a pod on one machine. Exit
codes: 0 done, 2 bad input, 3 diverged; anything else may be started again (75
is to be: the machines were taken away, or one is gone).
"""

import contextlib
import shlex
import sys

from absl import flags
import jax
from ml_collections import config_flags

from data import program
from embeddings import checkpoint
from embeddings import compile_cache
from embeddings import hosts
from embeddings import journal
from embeddings import tracing
from embeddings import watch as watch_lib
from embeddings import workdir as workdir_lib
from embeddings.losses import terms
from launch import check
from launch import chunks
from launch import device_memory
from launch import limits
from launch import run as run_lib
from launch import training


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  config_flags.DEFINE_config_file(
    "config", None, "The config, a Python file; see launch/configs."
  )
  flags.DEFINE_string("workdir", "", "The run's folder.")
  flags.DEFINE_bool("check", False, "Say what would be done, no more.")
  flags.DEFINE_string(
    "profile_steps", "", "A:B, the first and the last step of a trace."
  )
  flags.DEFINE_string(
    "coordinator", "", "HOST:PORT of process 0, where JAX cannot know it."
  )
  flags.DEFINE_integer(
    "hosts", 0, "Processes, with --coordinator; 1 alone looks for no others."
  )
  flags.DEFINE_integer("host", -1, "This process's number, with --coordinator.")


def main() -> None:
  """Assembles the run that the config describes, and trains it."""
  given = flags.FLAGS
  program.require(given.config, "config", "launch/configs/default.py")
  program.require(given.workdir, "workdir", "runs/mine")
  limits.check(given.config)
  hosts.start(
    given.coordinator,
    given.hosts,
    given.host,
    gone_s=given.config.hosts.gone_s,
  )
  try:
    with (
      contextlib.closing(_watch(given.config)) as watch,
      hosts.losing_others(),
      hosts.ending_together(),
    ):
      _main(given, watch)
  except program.Preempted:
    hosts.stop()
    raise
  hosts.stop()


def _watch(config: run_lib.Config) -> watch_lib.Watch:
  """What minds the other hosts and the steps."""
  return watch_lib.Watch(gone_s=config.hosts.gone_s, hang_s=config.hosts.hang_s)


def _main(given: flags.FlagValues, watch: watch_lib.Watch) -> None:
  """The same, among the hosts of the run."""
  workdir = workdir_lib.Workdir(given.workdir)
  trace = tracing.Trace(
    given.profile_steps,
    workdir.path / journal.BOARD if hosts.is_first() else None,
    steps=given.config.optim.steps,
  )
  run = run_lib.assemble(given.config.lock(), workdir)
  if given.check:
    with device_memory.explained():
      found = check.check(run)
    if hosts.is_first():
      program.print_result(found)
    return
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
  compile_cache.use(given.config.compile_cache, workdir.place)
  chunk_rows = chunks.parse(given.config.batch.chunk_rows) or 0
  with device_memory.explained(chunk_rows):
    result = training.train(run, workdir, watch, trace)
  if hosts.is_first():
    program.print_result(result)


if __name__ == "__main__":
  define_flags()
  jax.config.parse_flags_with_absl()
  program.run(main)
