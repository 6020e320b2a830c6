"""Runs in which each data set has its losses: stopped, exported, gone on from.

One run is trained; what others do otherwise begins at its last but one save.
"""

import dataclasses
import json
import math
import shutil

import jax
import numpy as np
import pytest

from data import program
from embeddings import checkpoint
from embeddings import encode
from launch import chunks
from launch import run as run_lib
from tests import programs
from tests.launch import mixed

STEPS, SAVED = 12, 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return mixed.write(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="module")
def settings(folder, tokenizer_folder):
  return mixed.settings(folder, tokenizer_folder)


@pytest.fixture(scope="module")
def run(settings):
  """The run as it is assembled, on eight devices."""
  return run_lib.assemble(mixed.config(settings))


@pytest.fixture(scope="module")
def whole(run_program, settings, tmp_path_factory):
  """The workdir of the whole run."""
  workdir = tmp_path_factory.mktemp("mixed") / "run"
  ended = run_program(*mixed.command(settings, workdir))
  assert ended.code == 0, ended
  return workdir


@pytest.fixture(scope="module")
def first(run):
  """Its first state."""
  return run.initial_state()


@pytest.fixture(scope="module")
def last(first, whole):
  """Its last state."""
  return saved(first, whole)


def saved(first, workdir):
  """The last state that a run saved, on the host."""
  checkpoints = checkpoint.Checkpoints(workdir / "checkpoints", keep=2)
  state, _ = checkpoints.restore(STEPS, first)
  checkpoints.close()
  return jax.device_get(state)


def go_on(run_program, settings, workdir, *more):
  """Takes the last save of a run away, and goes on from the one before."""
  shutil.rmtree(workdir / "checkpoints" / str(STEPS))
  ended = run_program(*mixed.command(settings, workdir, *more))
  assert ended.code == 0, ended
  assert f"going on from step {SAVED}\n" in ended.err


def both(one, two):
  """What two runs say of the same steps, and of their held-out losses."""
  for name in ("metrics.jsonl", "evals.jsonl"):
    found, wanted = mixed.lines(one / name), mixed.lines(two / name)
    yield from zip(found, wanted, strict=True)


def test_a_loss_is_reported_where_it_was_in_the_batch(run, whole):
  batches, seen = run.input.batches(), set()
  for line in mixed.lines(whole / "metrics.jsonl"):
    drawn = np.unique(batches.draw(line["step"] - 1).data_set)
    names = set.union(*(mixed.NAMES[run.input.mixture.names[i]] for i in drawn))
    there = {key for key in line if key.startswith("loss/")}
    assert there == {f"loss/{name}" for name in names}
    weights = {f"loss/{term.name}": term.weight for term in run.objective.terms}
    total = sum(weights[key] * line[key] for key in there)
    assert line["loss"] == pytest.approx(total, rel=1e-5)
    assert 0 < line["scale/in_batch"] <= 20.5 * (1 + 1e-6)
    seen |= names
  assert seen == set.union(*mixed.NAMES.values())
  assert line["scale/in_batch"] != pytest.approx(20, rel=1e-4)
  assert [key for key in line if key.startswith("scale/")] == ["scale/in_batch"]


@pytest.mark.long
def test_stopped_and_gone_on_is_as_unbroken(
  run_program, settings, first, last, whole, tmp_path
):
  again = shutil.copytree(whole, tmp_path / "run")
  go_on(run_program, settings, again)
  jax.tree.map(np.testing.assert_array_equal, saved(first, again), last)
  for found, wanted in both(again, whole):
    assert found == wanted


@pytest.mark.long
def test_from_here_on_a_few_rows_at_a_time(
  run_program, settings, run, whole, tmp_path
):
  # Dropout and all, it is the same; and a choice that was kept is taken.
  again = shutil.copytree(whole, tmp_path / "run")
  rows, kind = 4, jax.devices()[0].device_kind
  assert min(most for ((most, _),) in run.layout.shapes()) > rows
  choice = dataclasses.asdict(chunks.Choice(rows, 1, 1, kind, 1))
  (again / chunks.FILE).write_text(json.dumps(choice))
  auto = "--config.batch.chunk_rows=auto"
  go_on(run_program, settings, again, auto)
  assert json.loads((again / chunks.FILE).read_text()) == choice
  for found, wanted in both(again, whole):
    assert found == pytest.approx(wanted, rel=1e-5)
  assert [*both(again, whole)][STEPS - 1][0] != mixed.lines(
    whole / "metrics.jsonl"
  )[-1]  # other sums


def test_held_out_losses_are_those_of_the_last_state(run, last, whole):
  lines = mixed.lines(whole / "evals.jsonl")
  assert [line["step"] for line in lines] == [0, 6, STEPS]
  # The learned scale is in it. On eight devices here, on one there.
  losses = run.evaluation.held_out.losses(last.params)
  found = {f"{name}.loss": value for name, value in losses.items()}
  assert found.keys() == {"pairs.loss", "scored.loss"}
  assert lines[-1] == pytest.approx({"step": STEPS, **found}, rel=1e-5)


def test_what_is_frozen_stays_and_the_rest_moves(first, last):
  for name, values in first.params.items():
    for key, value in values.items():
      same = np.array_equal(value, last.params[name][key])
      assert same == name.startswith("encoder/inputs"), (name, key)


def test_a_second_stage_begins_where_the_first_ended(
  run_program, settings, first, last, whole, tmp_path
):
  out = tmp_path / "model"
  ended = run_program(
    "tools.to_sentence_transformers", f"--workdir={whole}", f"--out={out}"
  )
  assert ended.code == 0, ended
  texts = ["read the file", "def read(file):"]
  wanted = encode.load(str(whole)).encode(texts)
  np.testing.assert_allclose(
    encode.load(str(out)).encode(texts), wanted, atol=1e-6
  )
  for init in (whole, out):
    second = run_lib.assemble(
      mixed.config({**settings, "model.init": str(init), "data.tokenizer": ""})
    )
    state = jax.device_get(second.initial_state())
    assert state.step == 0
    jax.tree.map(np.testing.assert_array_equal, state.opt, first.opt)
    for name, values in state.params.items():
      begins = first if name.startswith("loss/") else last
      jax.tree.map(np.testing.assert_array_equal, values, begins.params[name])


def test_what_may_not_change_is_named(run_program, folder, settings, whole):
  before = programs.contents(whole)
  other = mixed.mix(folder, "other", {**mixed.LOSSES, "scored": "angle"})
  train = f"--config.data.train={other}"
  line = programs.bad_input(
    run_program(*mixed.command(settings, whole, train))
  )  # fmt: skip
  assert "data.scored" in line and "angle" in line
  # Another mixture, whose losses learn other numbers.
  other = mixed.mix(folder, "other", {"pairs": "sigmoid", "scored": "cosent"})
  more = (f"--config.data.train={other}", "--config.input.changed_data=go_on")
  line = programs.bad_input(
    run_program(*mixed.command(settings, whole, *more))
  )  # fmt: skip
  assert (
    f"the run in {whole} learn loss/in_batch/log_scale and those of" in line
  )
  assert "this one loss/sigmoid/bias, loss/sigmoid/log_scale; go on" in line
  assert programs.contents(whole) == before


def test_a_group_of_no_parameters_is_named_before_there_is_a_workdir(settings):
  groups = {"optim.groups": "encoder/imputs=0"}
  with pytest.raises(program.BadInput, match="'encoder/imputs' is found in th"):
    run_lib.assemble(mixed.config(settings | groups))


@pytest.mark.long
def test_check_says_how_many_rows(run_program, settings, tmp_path):
  workdir = tmp_path / "run"
  more = ("--check", "--config.batch.chunk_rows=4")
  ended = run_program(*mixed.command(settings, workdir, *more))
  assert ended.code == 0, ended
  assert "chunks    4 rows of a shard at a time\n" in ended.out
  assert "data      texts: 40 texts, " in ended.out
  assert ended.result["chunk_rows"] == 4
  assert not workdir.exists()


def test_one_loss_of_several_that_diverges_ends_the_run(
  run_program, settings, folder, tmp_path
):
  workdir = tmp_path / "run"
  losses = ["cosent", {"name": "cosine", "weight": 2}]
  changed = {
    **settings,
    "data.train": mixed.mix(folder, "diverging", {"scored": losses}),
    "data.datasets_per_batch": "1",
    "optim.groups": "",
    "optim.learning_rate": 1e30,
    "optim.clip_norm": 0.0,
    "eval.heldout": "",
  }
  auto = "--config.batch.chunk_rows=auto"
  ended = run_program(*mixed.command(changed, workdir, auto))
  assert ended.code == 3, ended
  assert "the loss of step" in ended.err.splitlines()[-1]
  first, *_ = found = mixed.lines(workdir / "metrics.jsonl")
  assert math.isfinite(sum(line["loss"] for line in found))
  total = first["loss/cosent"] + 2 * first["loss/cosine"]
  assert first["loss"] == pytest.approx(total, rel=1e-5)
  # Neither has an accuracy.
  assert not any("accuracy" in line for line in found)
  # There is room for all rows of so small a model.
  assert chunks.read(workdir / chunks.FILE).chunk_rows == 0
