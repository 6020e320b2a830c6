"""A run whose machine is taken away saves, or goes back to its last save."""

import pathlib
import signal
import subprocess
from collections.abc import Callable

import pytest

from data import program
from tests import programs
from tests.launch import test_resume


def told_to_end(
  command: list[str], after: str, signals: int = 1
) -> programs.Ended:
  """Starts a program and sends it SIGTERM when a line begins with `after`."""
  process = programs.start(*command)
  assert process.stderr is not None
  before = ""
  for line in process.stderr:
    before += line
    if line.startswith(after):
      break
  for _ in range(signals):
    process.send_signal(signal.SIGTERM)
  try:
    out, err = process.communicate(timeout=programs.TIMEOUT_S)
  except subprocess.TimeoutExpired:
    process.kill()
    raise
  return programs.Ended(process.returncode, out, before + err)


# The gate has the same through launch/tpu_run.sh (test_tpu_run.py).
@pytest.mark.long
def test_in_the_loop_it_saves_and_goes_on_as_if_nothing_had_been(
  run_program: Callable[..., programs.Ended],
  corpus: pathlib.Path,
  trained: pathlib.Path,
  tmp_path: pathlib.Path,
) -> None:
  workdir = tmp_path / "run"
  more = ("--config.batch.pack_shards=2", "--config.save.every=1000")
  command = programs.train_command(corpus, workdir, *more)
  # The notice takes a second, in which twelve such steps may be done.
  ended = told_to_end(command, "compiling", signals=2)
  assert ended.code == program.EXIT_START_AGAIN, ended
  (step,) = (int(p.name) for p in (workdir / "checkpoints").iterdir())
  assert 1 <= step < 12
  assert ended.err.splitlines()[-1] == (
    f"train.py: preempted: step {step} is saved; start it again"
  )
  assert ended.out == ""
  ended = run_program(*command)
  assert ended.code == 0, ended
  assert f"going on from step {step}\n" in ended.err
  test_resume.assert_same_run(trained, workdir)


def test_in_a_compilation_it_ends_at_its_deadline(
  corpus: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  workdir = tmp_path / "run"
  more = (
    "--config.hosts.grace_s=0",
    "--config.batch.ladder=(1,0.9,0.8,0.7,0.6,0.5)",
  )
  command = programs.train_command(corpus, workdir, *more)
  ended = told_to_end(command, "compiling 6 programs")
  assert ended.code == program.EXIT_START_AGAIN, ended
  assert "came to no step after 0 at which to save; start it again" in ended.err
  assert "compiled in" not in ended.err
  assert not list((workdir / "checkpoints").iterdir())
