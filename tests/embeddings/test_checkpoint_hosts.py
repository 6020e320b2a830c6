"""Checkpoints that several processes write together, on Gloo."""

import json
import socket
import subprocess
import sys

import pytest

from embeddings import checkpoint
from embeddings import committed
from tests import programs
from tests.embeddings import saving_host


def run_pod(folder, devices=2):
  """Runs two hosts to their end: what they printed and said."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
  hosts = [
    subprocess.Popen(
      [
        *(sys.executable, "-m", "tests.embeddings.saving_host"),
        *(address, "2", str(number), str(folder)),
      ],
      cwd=programs.ROOT,
      env=programs.environment(devices=devices),
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    for number in range(2)
  ]
  ended = [host.communicate(timeout=programs.TIMEOUT_S) for host in hosts]
  for host, (_, err) in zip(hosts, ended, strict=True):
    assert host.returncode == 0, err
  # Gloo prints what it is connected to.
  told = [json.loads(out.splitlines()[-1]) for out, _ in ended]
  return told, [err for _, err in ended]


def save_alone(folder, step):
  """Saves a step from this process, cut over its eight devices."""
  checkpoints = checkpoint.Checkpoints(folder, keep=2)
  state = saving_host.state(step, ["data"])
  checkpoints.save(state, {"step": step})
  checkpoints.close()


def restored_alone(folder, step):
  """Whether this process restores a step to other parts of it."""
  checkpoints = checkpoint.Checkpoints(folder, keep=2)
  assert checkpoints.latest == step
  state, _ = checkpoints.restore(step, saving_host.state(0, [None, "data"]))
  checkpoints.close()
  return saving_host.is_of(step, state)


def bytes_by_process(item):
  """How many bytes each process wrote of an item."""
  return [
    sum(path.stat().st_size for path in (folder / "d").iterdir())
    for folder in sorted(item.glob("ocdbt.process_*"))
  ]


def test_one_host_to_two_and_back(tmp_path):
  folder = tmp_path / "checkpoints"
  save_alone(folder, 3)
  (folder / "4").mkdir()  # torn
  told, said = run_pod(folder)
  for host in told:
    assert host.pop("alone", True)
    assert host == {
      "latest": 3,
      "meta": {"step": 3},
      "restored": True,
      "now": 4,
    }
  assert said[0].count("checkpoint 4 is not whole") == 1
  assert said[0].endswith("saving step 4\nsaved step 4\n"), said[0]
  assert "step" not in said[1]
  assert committed.fault(committed.place(folder / "4")) == ""
  # Each array lies on all devices, and each host wrote its half.
  for item in ("params", "opt"):
    first, second = bytes_by_process(folder / "4" / item)
    assert 0.8 < first / second < 1.25, (first, second)
  assert restored_alone(folder, 4)


@pytest.mark.long
def test_in_a_bucket(bucket):
  folder = bucket.folder()
  save_alone(folder, 3)
  told, _ = run_pod(folder)
  assert [host["now"] for host in told] == [4, 4]
  assert all(host["restored"] for host in told)
  assert restored_alone(folder, 4)
