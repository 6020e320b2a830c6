"""Training in pods: hosts that die, and hosts that become fewer and more."""

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from embeddings import encode
from tests import programs
from tests.launch import test_resume
from tools.bench import pod_log

STEPS = 60
EVERY = 5


def train(
  cached_corpus: pathlib.Path,
  workdir: pathlib.Path,
  hosts: int,
  devices: int,
  *more: str,
  then: Callable[[pod_log.Start, int], object] = lambda *_: None,
) -> tuple[int, pod_log.PodLog]:
  """Trains in a pod, whose exit code and log it gives.

  `then` is called after each line with the start that it came from and the
  process of the pod.
  """
  _, *command = programs.train_command(cached_corpus, workdir)
  command += [
    "--config.batch.pack_shards=4",
    f"--config.optim.steps={STEPS}",
    f"--config.save.every={EVERY}",
    "--config.model.encoder.dropout=0.1",
    *more,
  ]
  process = subprocess.Popen(
    [
      *(sys.executable, "-m", "launch.pod"),
      *(f"--hosts={hosts}", f"--devices={devices}", "--wait_s=0.1"),
      *("--", *command),
    ],
    cwd=programs.ROOT,
    env=programs.environment(),
    stdout=subprocess.DEVNULL,
    stderr=subprocess.PIPE,
    text=True,
  )
  log = pod_log.PodLog()
  assert process.stderr is not None
  for line in process.stderr:
    log.take(line.rstrip("\n"), 0.0)
    if log.starts:
      then(log.starts[-1], process.pid)
  return process.wait(), log


@pytest.mark.long
def test_a_killed_host_costs_the_steps_since_the_last_save(
  cached_corpus, tmp_path
):
  killed = []

  def kill(start, _):
    if not killed and 2 * EVERY in start.saved:
      killed.append(start.processes[2])
      os.kill(start.processes[2], signal.SIGKILL)

  code, log = train(cached_corpus, tmp_path / "run", 4, 1, then=kill)
  assert code == 0 and killed
  first, second = log.starts
  assert first.step == 0
  assert second.step == first.saved[-1] >= 2 * EVERY
  found = test_resume.lines(tmp_path / "run" / "metrics.jsonl")
  assert [line["step"] for line in found] == list(range(1, STEPS + 1))


@pytest.mark.long
def test_fewer_hosts_and_more_train_the_same(cached_corpus, tmp_path):
  more = ("--config.optim.name=sgd", "--config.optim.learning_rate=0.1")
  told = []

  def leave(start, pod):
    if start.saved and pod not in told:
      told.append(pod)
      os.kill(pod, signal.SIGTERM)

  moved, began = tmp_path / "moved", []
  for hosts, devices in ((4, 1), (2, 1), (1, 4)):
    code, log = train(cached_corpus, moved, hosts, devices, *more, then=leave)
    assert code == 75
    began += [start.step for start in log.starts]
  code, log = train(cached_corpus, moved, 4, 1, *more)
  began += [start.step for start in log.starts]
  assert code == 0
  assert len(began) == 4 and sorted(set(began)) == began, began
  whole = tmp_path / "whole"
  assert train(cached_corpus, whole, 1, 1, *more)[0] == 0
  assert_close_runs(whole, moved)


def assert_close_runs(one: pathlib.Path, two: pathlib.Path) -> None:
  """The same batches, and the rest to the noise of sums in another order."""
  first, second = (test_resume.lines(w / "metrics.jsonl") for w in (one, two))
  assert [line["step"] for line in first] == list(range(1, STEPS + 1))
  for key in ("step", "texts", "learning_rate"):
    assert [line[key] for line in first] == [line[key] for line in second], key
  for key in ("loss", "gradient_norm"):
    np.testing.assert_allclose(
      *([line[key] for line in lines] for lines in (first, second)), rtol=1e-4
    )
  params = test_resume.params(one), test_resume.params(two)
  for name, value in params[0].items():
    np.testing.assert_allclose(
      params[1][name], value, rtol=1e-3, atol=1e-5, err_msg=name
    )
  texts = ["read the file number 3", "def merge_tree_9(tree): return tree"]
  vectors = [encode.load(str(w)).encode(texts) for w in (one, two)]
  np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-4)
