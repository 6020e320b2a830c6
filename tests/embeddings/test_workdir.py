"""A workdir is one run: it goes on, or says what is different."""

import copy
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from data import program
from embeddings import checkpoint
from embeddings import description
from embeddings import towers
from embeddings import workdir as workdir_lib
from tests.embeddings import conftest
from tests.embeddings import tiny

MODEL = towers.ModelConfig(
  tiny.encoder_config(dropout=0.1),
  pooling="cls",
  projection=towers.Projection(8, "gelu"),
  normalise=False,
  towers="two",
  dtype="bfloat16",
)
CARRIED = {
  side: description.Carried(
    {"model_type": "bert", "side": side}, {"pooler": np.full(2, i, "f")}
  )
  for i, side in enumerate(towers.SIDES)
}


def describe(model, tokenizer_folder):
  """A model with all that one may have."""
  return description.Description(
    model, 24, tokenizer_folder, {"query": "find "}, "query", CARRIED
  )


@pytest.fixture
def begin(tmp_path, tokenizer_folder):
  """Begins the run in a workdir, changed at dotted keys, or goes on with it."""

  opened = []

  def begin(changes=(), prints=(), model=MODEL, **options):
    while opened:
      opened.pop()._lock.close()  # as if its process had ended
    config, fingerprint = conftest.run_config(), conftest.fingerprint()
    for tree, keys in ((config, dict(changes)), (fingerprint, dict(prints))):
      for key, value in keys.items():
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
          place = place[parent]
        place[last] = value
    workdir = workdir_lib.Workdir(tmp_path / "deep" / "run")
    opened.append(workdir)
    about = describe(model, tokenizer_folder)
    command = "python -m launch.train --a"
    workdir.begin(config, fingerprint, about, command, **options)
    return workdir

  return begin


def test_it_holds_what_the_run_is(begin, tokenizer_folder, tmp_path):
  assert not workdir_lib.Workdir(tmp_path / "deep" / "run").begun
  begin()
  workdir = workdir_lib.Workdir(tmp_path / "deep" / "run")
  assert workdir.begun
  about, given = workdir.model(), describe(MODEL, tokenizer_folder)
  assert about.replace(carried={}) == given.replace(
    carried={}, tokenizer=workdir.tokenizer
  )
  for side, carried in given.carried.items():
    assert about.carried[side].config == carried.config
    np.testing.assert_equal(about.carried[side].tensors, carried.tensors)
  assert workdir.command() == "python -m launch.train --a"
  assert workdir.config() == conftest.run_config()
  assert workdir.fingerprint() == conftest.fingerprint() | {"since": 0}
  for name in ("tokenizer.json", "tokenizer_config.json"):
    kept = (workdir.tokenizer / name).read_bytes()
    assert kept == (tokenizer_folder / name).read_bytes()


def test_the_same_run_goes_on(begin):
  # Tuples become lists on the way through JSON, and are the same run.
  begin({"batch.ladder": (0.5, 0.2)})
  before = copy.deepcopy(begin({"batch.ladder": [0.5, 0.2]}).config())
  assert before["batch"]["ladder"] == [0.5, 0.2]


@pytest.mark.parametrize(
  ("key", "value"),
  [
    ("seed", 1),
    ("model.pooling", "cls"),
    ("loss.scale", 10.0),
    ("data.datasets_per_batch", 2),
    ("optim.learning_rate", 1e-3),
    ("batch.pack_shards", 8),
    ("optim.more", True),  # a key that was not there
  ],
)
def test_another_run_is_refused_by_the_key(begin, key, value):
  workdir = begin()
  old = conftest.run_config()
  for part in key.split("."):
    old = old.get(part) if isinstance(old, dict) else None
  with pytest.raises(program.BadInput) as error:
    begin({key: value})
  assert f"holds a run with {key}={old!r}, and this one has" in str(error.value)
  assert repr(value) in str(error.value)
  assert workdir.config() == conftest.run_config()


def test_what_does_not_identify_a_run_may_change(begin):
  begin()
  changes = {
    "save.keep": 5,
    "eval.every": 3,
    "log.every": 7,
    "mesh": {"data": 2},
    "data.train": "elsewhere/code",
  }
  after = begin(changes).config()
  assert after["save"] == {"every": 2, "keep": 5}
  assert after["eval"]["every"] == 3 and after["log"]["every"] == 7
  assert after["mesh"] == {"data": 2}


@pytest.mark.parametrize(
  ("key", "value"),
  [
    ("versions", [1, 2, 1]),
    ("tokenizer", "other"),
    ("data.code.shards", ["c0ffee", "bad"]),
    ("data.faq.weight", 2),
    ("data.more", {"records": 1}),
  ],
)
def test_other_data_are_refused_by_the_key(begin, key, value):
  begin()
  with pytest.raises(program.BadInput, match=f"holds a run with {key}="):
    begin(prints={key: value})


def test_another_mixture_goes_on_from_the_newest_step_if_told(begin, capsys):
  workdir = begin()
  checkpoint.save_params(workdir.checkpoints, {"w": {"b": np.zeros(2, "f")}})
  (workdir.checkpoints / "0").rename(workdir.checkpoints / "40")
  other = {"data.faq.weight": 2, "data.more": {"records": 1}}
  with pytest.raises(program.BadInput) as error:
    begin(prints=other)
  assert "data.faq.weight=1, and this one has 2; data.more=None" in str(
    error.value
  )
  assert "--config.input.changed_data=go_on" in str(error.value)
  assert begin().since(40) == 0  # nothing has changed yet

  assert begin(prints=other, changed_data="go_on").since(40) == 40
  assert "from step 40 on with another mixture: data.faq.weight=1 is now 2" in (
    capsys.readouterr().err
  )
  # It is this run now, and the former one is another.
  assert begin(prints=other).since(50) == 40
  assert begin(prints=other, changed_data="go_on").since(50) == 40
  with pytest.raises(program.BadInput, match=r"data\.faq\.weight=2"):
    begin()


def test_what_is_not_the_mixture_may_not_change_with_it(begin):
  begin()
  with pytest.raises(program.BadInput, match="tokenizer='abc', and"):
    begin(prints={"tokenizer": "b", "data.faq.weight": 2}, changed_data="go_on")
  with pytest.raises(program.BadInput, match="changed_data is 'yes'"):
    begin(changed_data="yes")


def test_a_lost_checkpoint_of_the_change_is_named(begin):
  workdir = begin()
  checkpoint.save_params(workdir.checkpoints, {"w": {"b": np.zeros(2, "f")}})
  (workdir.checkpoints / "0").rename(workdir.checkpoints / "40")
  begin({"data.negatives": 3}, changed_data="go_on")
  (workdir.checkpoints / "40").rename(workdir.checkpoints / "30")
  with pytest.raises(program.BadInput, match="mixture at step 40 .* step 30;"):
    begin({"data.negatives": 3}).since(30)
  workdir = begin({"data.negatives": 3}, changed_data="go_on")
  assert workdir.since(30) == 30


def test_a_run_that_never_began_well_begins_anew(begin):
  workdir = begin()
  (workdir.path / "config.json").unlink()  # a kill before it was written
  assert not workdir.begun
  other = dataclasses.replace(MODEL, pooling="mean")
  assert begin({"seed": 9}, {"tokenizer": "b"}, other).config()["seed"] == 9
  assert workdir.model().config == other
  assert workdir.fingerprint()["tokenizer"] == "b"


HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_workdir_in_use_is_refused_until_its_process_ends(begin):
  workdir = begin()
  workdir._lock.close()
  holder = subprocess.Popen(
    [sys.executable, "-c", HOLD, str(workdir.path / "lock")],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
  )
  assert holder.stdout.readline() == b"held\n"
  with pytest.raises(program.BadInput, match="in use by another process; wait"):
    begin()
  holder.kill()  # as a preemption does
  holder.communicate()
  begin()


def test_one_process_cannot_begin_it_twice_either(begin, tokenizer_folder):
  workdir = begin()
  with pytest.raises(program.BadInput, match="in use by another process"):
    workdir_lib.Workdir(workdir.path).begin(
      conftest.run_config(),
      conftest.fingerprint(),
      describe(MODEL, tokenizer_folder),
    )


def test_a_place_that_cannot_be_a_folder_is_named(begin, tmp_path):
  (tmp_path / "deep").write_text("")
  with pytest.raises(program.BadInput, match="no folder that can be written"):
    begin()


@pytest.mark.parametrize("what", ["config", "fingerprint", "model"])
def test_what_is_no_workdir_is_named(tmp_path, what):
  workdir = workdir_lib.Workdir(tmp_path)
  assert not workdir.begun
  with pytest.raises(program.BadInput, match=f"it has no {what}.json; give"):
    getattr(workdir, what)()


def test_results_are_whole_lines(begin):
  workdir = begin()
  assert workdir.results("evals.jsonl") == []
  lines = [{"step": 1, "x": 0.5}, {"step": 2, "x": 0.75}]
  text = "".join(json.dumps(line) + "\n" for line in lines)
  path = workdir.path / "evals.jsonl"
  path.write_text(text)
  assert workdir.results("evals.jsonl") == lines
  path.write_text(text + '{"step": 3, "x"')  # cut short by a kill
  assert workdir.results("evals.jsonl") == lines
