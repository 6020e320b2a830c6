"""The quickstart, whole and killed, on small packages."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from data import records
from tests import programs
from tests.data.sources import python_packages
from tests.launch import test_resume

KEYS = {
  "pairs",
  "candidates",
  "trained_mrr_at_10",
  "untrained_mrr_at_10",
  "bm25_mrr_at_10",
  "trained_recall_at_10",
  "train_seconds",
  "total_seconds",
  "model_dir",
}
# Of what is printed, what depends on the machine's speed.
SECONDS = {"train_seconds", "total_seconds", "model_dir"}

# Files of the workdir whose appearance is a moment to kill at.
MOMENTS = (
  "tokenizer/tokenizer.json",
  "run/checkpoints/3",
  "model/modules.json",
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
  """Eight packages of forty functions each, none a near copy of another."""
  folder = tmp_path_factory.mktemp("packages")
  names = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
  return python_packages.write(
    folder,
    {
      f"{name}/__init__.py": "\n".join(
        python_packages.function(f"{name}{i}") for i in range(40)
      )
      for name in names
    },
  )


def start(packages, workdir, *more):
  """Starts the quickstart as the leader of its own process group."""
  return subprocess.Popen(
    [
      sys.executable,
      "-m",
      "launch.quickstart",
      "--smoke",
      f"--sources={packages}",
      f"--workdir={workdir}",
      *more,
    ],
    cwd=programs.ROOT,
    env=programs.environment(),
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    start_new_session=True,
  )


def wait_for(path, process):
  """Waits for a file of a process that goes on."""
  while not path.exists():
    assert process.poll() is None, process.communicate()
    time.sleep(0.01)


def finish(process):
  """Waits for the end and gives what was printed."""
  out, err = process.communicate(timeout=300)
  assert process.returncode == 0, err
  return out


def group_is_gone(group):
  """Whether no process of the group is left, within a few seconds."""
  for _ in range(100):
    try:
      os.killpg(group, 0)
    except ProcessLookupError:
      return True
    time.sleep(0.1)
  return False


@pytest.fixture(scope="module")
def whole(packages, tmp_path_factory):
  """The workdir of an unbroken quickstart, and what it printed."""
  workdir = tmp_path_factory.mktemp("whole") / "quickstart"
  return workdir, finish(start(packages, workdir))


def result(out):
  """The JSON of the last line."""
  return programs.Ended(0, out, "").result


def test_it_ends_in_a_model_and_its_numbers(whole):
  workdir, out = whole
  printed = result(out)
  assert printed.keys() >= KEYS
  assert printed["pairs"] == 320
  assert printed["candidates"] >= 30
  assert len(records.DataSet(workdir / "pairs" / "train")) < 320
  for name in ("trained", "untrained", "bm25"):
    assert 0 < printed[f"{name}_mrr_at_10"] <= 1
  assert pathlib.Path(printed["model_dir"], "model.safetensors").exists()
  assert "find a network port" in out
  assert out.count("  0.") >= 3  # the functions found, with their scores


@pytest.mark.long
def test_killed_at_three_moments_it_ends_the_same(packages, whole, tmp_path):
  workdir = tmp_path / "quickstart"
  for moment in MOMENTS:
    process = start(packages, workdir)
    wait_for(workdir / moment, process)
    os.kill(process.pid, signal.SIGKILL)  # the one process, not its children
    process.communicate()
    assert group_is_gone(process.pid), moment
  printed = result(finish(start(packages, workdir)))
  unbroken, out = whole
  test_resume.assert_same_run(unbroken / "run", workdir / "run")
  expected = {k: v for k, v in result(out).items() if k not in SECONDS}
  assert {k: v for k, v in printed.items() if k not in SECONDS} == expected
  for name in ("model.safetensors", "tokenizer.json", "config.json"):
    one, two = (d / "model" / name for d in (unbroken, workdir))
    assert one.read_bytes() == two.read_bytes(), name


def test_run_again_it_changes_nothing(packages, whole):
  workdir, out = whole
  before = programs.contents(workdir)
  assert finish(start(packages, workdir)) == out
  assert programs.contents(workdir) == before


@pytest.mark.long
def test_ctrl_c_ends_it_and_what_it_started(packages, whole, tmp_path):
  workdir = tmp_path / "quickstart"
  process = start(packages, workdir)
  wait_for(workdir / "run" / "checkpoints" / "3", process)
  os.killpg(process.pid, signal.SIGINT)  # as a terminal does
  out, err = process.communicate(timeout=60)
  assert process.returncode == 130, err
  assert "Traceback" not in err
  assert "train_seconds" not in out
  for name in ("train.py", "quickstart.py"):
    assert f"{name}: interrupted; what was complete is kept" in err
  assert group_is_gone(process.pid)
  printed = result(finish(start(packages, workdir)))
  unbroken, before = whole
  test_resume.assert_same_run(unbroken / "run", workdir / "run")
  expected = {k: v for k, v in result(before).items() if k not in SECONDS}
  assert {k: v for k, v in printed.items() if k not in SECONDS} == expected


@pytest.mark.long
def test_it_may_start_from_an_encoder(packages, trained, run_program, tmp_path):
  model, workdir = tmp_path / "encoder", tmp_path / "quickstart"
  ended = run_program(
    "tools.to_sentence_transformers", f"--workdir={trained}", f"--out={model}"
  )
  assert ended.code == 0, ended
  printed = result(finish(start(packages, workdir, f"--model={model}")))
  assert printed.keys() >= KEYS
  assert printed["trained_mrr_at_10"] > printed["untrained_mrr_at_10"]
  assert not (workdir / "tokenizer").exists()
  began = (model / "tokenizer.json").read_bytes()
  assert (workdir / "model" / "tokenizer.json").read_bytes() == began


def test_a_stage_that_fails_ends_it(packages, tmp_path):
  process = start(packages, tmp_path / "quickstart", "--sources=/nowhere")
  out, err = process.communicate(timeout=60)
  assert (process.returncode, out) == (2, "")
  last = err.splitlines()[-1]
  assert last.startswith("python_code.py: --in=/nowhere is not a folder")
