"""A run that was stopped goes on as if it had not been."""

import json
import pathlib
import shutil
import signal
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from embeddings import checkpoint
from embeddings import committed
from embeddings import towers
from embeddings import workdir as workdir_lib
from tests import programs
from tests.launch import killed

Run = Callable[..., programs.Ended]

# Of a line of metrics.jsonl; the rest depends on the machine.
EXACT = ("step", "loss", "accuracy", "gradient_norm", "learning_rate", "fill")


def params(workdir: pathlib.Path) -> dict[str, np.ndarray]:
  """The parameters of the newest checkpoint, by their paths."""
  run = workdir_lib.Workdir(workdir)
  config = run.model().config
  shapes = jax.eval_shape(towers.Model(config).init, jax.random.key(0))
  found, step = checkpoint.restore_params(run.checkpoints, shapes)
  assert step == run.config()["optim"]["steps"]
  return {
    f"{module}/{name}": np.asarray(value)
    for module, values in found.items()
    for name, value in values.items()
  }


def lines(path: pathlib.Path) -> list[dict[str, Any]]:
  """The lines of metrics.jsonl or evals.jsonl."""
  return [json.loads(line) for line in path.read_text().splitlines()]


def assert_same_run(one: pathlib.Path, two: pathlib.Path) -> None:
  """Bit for bit the same parameters, and the same in the files beside them."""
  first, second = params(one), params(two)
  assert first.keys() == second.keys()
  for name, value in first.items():
    np.testing.assert_array_equal(value, second[name], err_msg=name)
  metrics = [lines(workdir / "metrics.jsonl") for workdir in (one, two)]
  kept = [[{k: line[k] for k in EXACT} for line in m] for m in metrics]
  assert kept[0] == kept[1]
  assert lines(one / "evals.jsonl") == lines(two / "evals.jsonl")


def rewound(workdir: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
  """A copy of a finished run without its last checkpoint."""
  shutil.copytree(workdir, to)
  shutil.rmtree(to / "checkpoints" / "12")
  return to


def killed_again_and_again(
  run_program: Run, command: list[str], env: dict[str, str]
) -> None:
  """Runs the command until it ends, with a kill at every moment there is."""
  said = ""
  for moment in killed.TRAINING:
    ended = run_program("tests.launch.killed", moment, *command, env=env)
    assert ended.code == -signal.SIGKILL, (moment, ended)
    said += ended.err
  ended = run_program(*command, env=env)
  assert ended.code == 0, ended
  assert ended.result["step"] == 12
  # One was killed with step 9 written and no manifest that says so.
  assert "checkpoint 9 is not whole (its save was cut short)" in said
  for step in (3, 6):
    assert f"going on from step {step}\n" in said


def test_killed_is_as_unbroken(
  run_program: Run, corpus: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  env = programs.environment()
  more = ("--config.model.encoder.dropout=0.1",)
  whole, broken = tmp_path / "whole", tmp_path / "broken"
  command = programs.train_command(corpus, whole, *more)
  assert run_program(*command, env=env).code == 0
  command = programs.train_command(corpus, broken, *more)
  killed_again_and_again(run_program, command, env)
  assert_same_run(whole, broken)
  steps = [line["step"] for line in lines(broken / "metrics.jsonl")]
  assert steps == list(range(1, 13))
  assert [line["step"] for line in lines(broken / "evals.jsonl")] == [0, 6, 12]
  assert (broken / "checkpoints_torn" / "9").is_dir()


@pytest.mark.long
def test_killed_is_as_unbroken_when_optimised(
  run_program: Run, corpus: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  env = programs.environment() | {"XLA_FLAGS": ""}
  more = ("--config.batch.ladder=(0.6, 0.4)",)
  whole, broken = tmp_path / "whole", tmp_path / "broken"
  command = programs.train_command(corpus, whole, *more)
  assert run_program(*command, env=env).code == 0
  command = programs.train_command(corpus, broken, *more)
  killed_again_and_again(run_program, command, env)
  assert_same_run(whole, broken)


def test_ctrl_c(corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
  more = ("--config.optim.steps=100000", "--config.save.keep=100000")
  workdir = tmp_path / "run"
  process = programs.start(*programs.train_command(corpus, workdir, *more))
  saved = workdir / "checkpoints" / "3" / committed.MANIFEST
  while not saved.exists() and process.poll() is None:
    time.sleep(0.01)
  process.send_signal(signal.SIGINT)
  out, err = process.communicate(timeout=60)
  assert process.returncode == 130, err
  assert out == ""
  assert "Traceback" not in err
  assert err.splitlines()[-1] == (
    "train.py: interrupted; what was complete is kept: run the same command "
    "again"
  )
  # What was being saved is complete as well.
  steps = [int(path.name) for path in (workdir / "checkpoints").iterdir()]
  for step in steps:
    assert (workdir / "checkpoints" / str(step) / committed.MANIFEST).exists()
  assert max(steps) >= 3


def test_a_finished_run_is_left_as_it_is(
  run_program: Run, corpus: pathlib.Path, trained: pathlib.Path
) -> None:
  before = programs.contents(trained)
  more = "--config.batch.pack_shards=2"
  ended = run_program(*programs.train_command(corpus, trained, more))
  after = programs.contents(trained)
  assert ended.code == 0, ended
  printed = json.loads((trained.parent / "printed").read_text())
  assert ended.result == printed | {"compile_seconds": 0.0} | {
    "train_seconds": ended.result["train_seconds"]
  }
  board = [name for name in after if name.startswith("tensorboard/")]
  for name in board:
    before.pop(name, None)
    after.pop(name)
  assert before == after


def test_what_may_change(
  run_program: Run,
  corpus: pathlib.Path,
  trained: pathlib.Path,
  tmp_path: pathlib.Path,
) -> None:
  workdir = rewound(trained, tmp_path / "run")
  more = (
    "--config.batch.pack_shards=2",
    "--config.mesh.fsdp=2",
    "--config.mesh.tensor=2",
    "--config.save.every=1",
    "--config.save.keep=5",
    "--config.eval.every=2",
    "--config.log.every=2",
    "--config.input.threads=1",
  )
  ended = run_program(
    *programs.train_command(corpus, workdir, *more),
    env=programs.environment(devices=4),
  )
  assert ended.code == 0, ended
  assert "going on from step 9" in ended.err
  saved = sorted(int(p.name) for p in (workdir / "checkpoints").iterdir())
  assert saved == [9, 10, 11, 12]
  metrics = lines(workdir / "metrics.jsonl")
  assert [line["step"] for line in metrics] == [*range(1, 10), 10, 12]
  evaluated = [line["step"] for line in lines(workdir / "evals.jsonl")]
  assert evaluated == [0, 6, 10, 12]
  # On four devices the same losses as on one, to the noise of the sums.
  loss = {line["step"]: line["loss"] for line in metrics}
  before = {
    line["step"]: line["loss"] for line in lines(trained / "metrics.jsonl")
  }
  for step, value in loss.items():
    assert value == pytest.approx(before[step], rel=1e-4), step


@pytest.mark.parametrize(
  "change",
  [
    "model.encoder.width=64",
    "model.encoder.dropout=0.1",
    "model.pooling=cls",
    "loss.scale=10.0",
    "data.negatives=1",
    "optim.learning_rate=0.1",
    "optim.steps=13",
    "batch.size=16",
    "seed=1",
  ],
)
def test_what_may_not_change(
  run_program: Run, corpus: pathlib.Path, trained: pathlib.Path, change: str
) -> None:
  before = programs.contents(trained)
  more = ("--config.batch.pack_shards=2", f"--config.{change}")
  ended = run_program(*programs.train_command(corpus, trained, *more))
  key, value = change.split("=")
  line = programs.bad_input(ended)
  assert f"workdir {trained} holds a run with {key}=" in line
  assert f"and this one has {value!r}" in line or value in line
  assert "give another --workdir" in line
  assert programs.contents(trained) == before


def test_other_texts_or_another_tokenizer(
  run_program: Run,
  corpus: pathlib.Path,
  trained: pathlib.Path,
  tmp_path: pathlib.Path,
  write_pairs: Callable[..., pathlib.Path],
) -> None:
  before = programs.contents(trained)
  words = shutil.copytree(corpus / "words", tmp_path / "words")
  text = (words / "tokenizer.json").read_text()
  (words / "tokenizer.json").write_text(text + " ")
  shards = "--config.batch.pack_shards=2"
  for key, folder, message in (
    ("train", write_pairs(90), "data.code.records=100, and this one has 90"),
    ("tokenizer", words, "tokenizer="),
  ):
    other = f"--config.data.{key}={folder}"
    ended = run_program(*programs.train_command(corpus, trained, shards, other))
    assert f"holds a run with {message}" in programs.bad_input(ended)
  assert programs.contents(trained) == before


def test_the_same_data_at_another_place(
  run_program: Run,
  corpus: pathlib.Path,
  trained: pathlib.Path,
  tmp_path: pathlib.Path,
) -> None:
  moved, workdir = tmp_path / "moved", tmp_path / "run"
  shutil.copytree(corpus, moved)
  rewound(trained, workdir)
  shards = "--config.batch.pack_shards=2"
  ended = run_program(*programs.train_command(moved, workdir, shards))
  assert ended.code == 0, ended
  assert_same_run(trained, workdir)


def test_a_workdir_in_use(
  run_program: Run, corpus: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  command = programs.train_command(
    corpus, tmp_path / "run", "--config.optim.steps=100000"
  )
  process = programs.start(*command)
  while not (tmp_path / "run" / "config.json").exists():
    assert process.poll() is None
    time.sleep(0.01)
  line = programs.bad_input(run_program(*command))
  process.kill()
  process.communicate()
  assert f"workdir {tmp_path / 'run'} is in use by another process" in line
