"""A run that diverges says where, and keeps what was good."""

import json

import pytest

from embeddings import committed
from embeddings import spikes
from tests import programs

MORE = (
  "--config.optim.learning_rate=1e18",
  "--config.save.every=1",
  "--config.save.keep=9",
  "--config.eval.tasks=",
  "--profile_steps=1:2",
)


def test_a_learning_rate_that_is_too_high(run_program, corpus, tmp_path):
  workdir = tmp_path / "run"
  command = programs.train_command(corpus, workdir, *MORE)
  ended = run_program(*command)
  assert ended.code == 3, ended
  lines = [json.loads(x) for x in (workdir / "metrics.jsonl").open()]
  steps = [line["step"] for line in lines]
  bad = steps[-1] + 1
  assert steps == [*range(1, bad)] and 2 < bad < 12
  said = ended.err.splitlines()[-1]
  assert said.startswith(f"train.py: the loss of step {bad} is nan ")
  assert "; its batch is of code; " in said
  assert f"at step {bad - 1}, the last that was finite, they were " in said
  assert "checkpoints up to step " in said and " are kept: lower " in said
  # All that came before was saved whole, and nothing after.
  folders = [*(workdir / "checkpoints").iterdir()]
  assert sorted(int(path.name) for path in folders) == steps
  assert all((path / committed.MANIFEST).exists() for path in folders)
  _assert_seen(workdir, lines, ended.err)


@pytest.mark.long
def test_started_again_it_comes_to_the_same_end(run_program, corpus, tmp_path):
  command = programs.train_command(corpus, tmp_path / "run", *MORE)
  first, again = run_program(*command), run_program(*command)
  assert first.code == again.code == 3
  ends = [ended.err.splitlines()[-1] for ended in (first, again)]
  bad = int(ends[0].removeprefix("train.py: the loss of step ").split()[0])
  assert f"the loss of step {bad} is nan " in ends[1]
  assert f"going on from step {bad - 1}\n" in again.err


def _assert_seen(workdir, lines, err):
  """What else a run says of itself."""
  assert {"data_wait_share", "pairs_per_s", "tokens_per_s"} <= lines[-1].keys()
  assert lines[0]["epochs"] == {"code": 32 / 100}
  assert "mfu" not in lines[0]  # of a CPU
  assert (workdir / spikes.FILE).read_text() == ""  # too few steps to judge
  board = workdir / "tensorboard"
  assert f"the trace of steps 1 to 2 is in {board}\n" in err
  assert len([*board.glob("plugins/profile/*/*.xplane.pb")]) == 1
