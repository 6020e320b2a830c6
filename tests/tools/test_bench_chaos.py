"""The chaos benchmark: its plan, what it reads in logs, what it compares."""

import collections
import json
import shutil

import pytest

from embeddings import committed
from tests import programs
from tools.bench import kills
from tools.bench import pod_log
from tools.bench import same_run

LOG = """\
pod: host 0 is process 11
pod: host 1 is process 12
[1] a warning
[0] starting at step 0
[0] compiling 2 programs
[0] compiled in 3.0 s
[0] saving step 4
[0] evaluating step 5
[0] saved step 4
[1] preempted: step 4 is saved
[0] step 5: dev.mrr_at_10 0.1
pod: host 1 has ended with 75
pod: starting again in 1 s, time 1 of 100
pod: host 0 is process 13
pod: host 1 is process 14
[0] checkpoint 5 is not whole (its save was cut short); it is set aside
[0] going on from step 4
[0] compiling 2 programs
"""


def test_a_plan_is_the_seeds():
  plans = [
    kills.plan(seed, number, kills=40, hosts=2)
    for seed, number in ((0, 1), (0, 1), (0, 2), (1, 1))
  ]
  assert plans[0] == plans[1]
  assert len({tuple(plan) for plan in plans}) == 3
  found = [kill for plan in plans for kill in plan]
  assert {kill.how for kill in found} == set(kills.HOWS)
  phases = collections.Counter(kill.phase for kill in found)
  assert phases.keys() == kills.BEGINS.keys()
  assert phases.most_common(1)[0][0] == "saving"
  assert {kill.host for kill in found} == {0, 1}
  assert all(0 <= kill.fraction < 1 for kill in found)


def test_what_a_log_tells():
  log = pod_log.PodLog()
  seen = {}
  for now, line in enumerate(LOG.splitlines()):
    for phase in log.take(line, float(now)):
      seen.setdefault(phase, now)
    if line.startswith("[1] preempted"):
      assert set(log.starts[-1].inside) == {"evaluating", "training"}
  first, second = log.starts
  assert (first.processes, second.processes) == ({0: 11, 1: 12}, {0: 13, 1: 14})
  assert (first.step, first.saved, first.torn) == (0, [4], [])
  assert (second.step, second.saved, second.torn) == (4, [], [5])
  assert seen == {
    "start": 0,
    "compiling": 4,
    "training": 5,
    "saving": 6,
    "evaluating": 7,
  }
  assert set(second.inside) == {"compiling"}
  assert log.took == {
    "start": 4.0,
    "compiling": 1.0,
    "saving": 2.0,
    "evaluating": 3.0,
  }
  log.end(20.0)
  assert log.took["compiling"] == 3.0


def test_a_copy_is_the_same_run(trained, tmp_path):
  copy = shutil.copytree(trained, tmp_path / "copy")
  assert same_run.differences(trained, copy) == []


@pytest.mark.parametrize("name", ["metrics.jsonl", "evals.jsonl"])
def test_another_number_is_told(trained, tmp_path, name):
  copy = shutil.copytree(trained, tmp_path / "copy")
  lines = (copy / name).read_text().splitlines()
  changed = json.loads(lines[-1])
  key = (
    "loss" if name == "metrics.jsonl" else next(iter(changed.keys() - {"step"}))
  )
  changed[key] += 1e-12 * (changed[key] or 1)
  (copy / name).write_text("\n".join([*lines[:-1], json.dumps(changed)]) + "\n")
  (line,) = same_run.differences(trained, copy)
  assert line.startswith(f"{name}: ") and key in line
  (copy / name).write_text("\n".join(lines[:-1]) + "\n")
  (line,) = same_run.differences(trained, copy)
  assert line == f"{name} has {len(lines)} lines and {len(lines) - 1}"


def test_other_parameters_and_torn_checkpoints_are_told(trained, tmp_path):
  copy = shutil.copytree(trained, tmp_path / "copy")
  newest = committed.newest(copy / "checkpoints")
  shutil.rmtree(copy / "checkpoints" / str(newest))
  found = same_run.differences(trained, copy)
  assert f"the newest step differs, by {newest - 9} at most" in found
  assert len(found) > 5
  torn = copy / "checkpoints" / "13"
  shutil.copytree(copy / "checkpoints" / "9", torn)
  (torn / committed.MANIFEST).unlink()
  found = same_run.differences(trained, copy)
  assert f"checkpoint 13 of {copy}: its save was cut short" in found


@pytest.mark.long
def test_pods_that_are_killed_end_the_same(tmp_path):
  out = tmp_path / "chaos"
  # This seed: kill -9 in a save, and SIGTERM twice in one.
  process = programs.start(
    "tools.bench.chaos",
    *("--rounds=1", "--kills=2", "--steps=20", "--seed=1"),
    f"--out={out}",
  )
  printed, said = process.communicate(timeout=4 * programs.TIMEOUT_S)
  assert process.returncode == 0, said
  result = json.loads(printed.splitlines()[-1])
  assert (result["rounds"], result["identical"]) == (1, 1)
  assert result["kills"] == 2
  assert result["torn_checkpoints_read"] == 0
  assert result["steps_lost_max"] <= 2 * 4
  assert not list(out.glob("round_*"))
