"""Stages run once each, in order, and die with the job."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from data import program
from launch import stages as stages_lib
from tests import programs

STAGE = '''
"""Prints its argument, notes that it ran, and ends as it is told."""
import os, pathlib, sys, time

said, *then = sys.argv[1:]
with open("ran", "a") as file:
  file.write(said + "\\n")
print("about", said)
for words in then:
  exec(words)
print('{"said": "' + said + '"}')
'''

JOB = '''
"""Two stages, of which the second takes long."""
import sys
from launch import stages

job = stages.Stages(__import__("pathlib").Path("kept"))
job.run("first", ["stage", "one"])
job.run("second", ["stage", "two", sys.argv[1]])
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """A folder to work in, with a module `stage`."""
  (tmp_path / "stage.py").write_text(STAGE)
  (tmp_path / "job.py").write_text(textwrap.dedent(JOB))
  monkeypatch.chdir(tmp_path)
  return tmp_path


def ran(folder):
  """What the stages said that were run."""
  path = folder / "ran"
  return path.read_text().split() if path.exists() else []


def run(folder, *words):
  """A job of a stage for each word."""
  stages = stages_lib.Stages(folder / "kept")
  return stages, [stages.run(f"say {w}", ["stage", w]) for w in words]


def test_a_stage_gives_its_last_line_and_shows_the_others(folder, capfd):
  _, found = run(folder, "one", "two")
  assert found == [{"said": "one"}, {"said": "two"}]
  out, err = capfd.readouterr()
  assert out == "about one\nabout two\n"
  assert "== say one: python -m stage one\n" in err


def test_a_stage_runs_once(folder, capfd):
  first, found = run(folder, "one", "two")
  before, _ = capfd.readouterr()
  second, again = run(folder, "one", "two")
  assert ran(folder) == ["one", "two"]
  assert again == found
  assert capfd.readouterr().out == before
  assert second.seconds == first.seconds > 0


def test_what_comes_after_a_change_runs_again(folder):
  run(folder, "one", "two", "three")
  _, found = run(folder, "one", "other", "three")
  assert ran(folder) == ["one", "two", "three", "other", "three"]
  assert found[1:] == [{"said": "other"}, {"said": "three"}]


@pytest.mark.parametrize(
  ("then", "code"),
  [
    ("sys.exit(2)", 2),
    ("sys.exit(74)", 74),
    ("os.kill(os.getpid(), 9)", 1),
  ],
)
def test_a_stage_that_fails_ends_the_job(folder, then, code):
  stages = stages_lib.Stages(folder / "kept")
  stages.run("one", ["stage", "one"])
  with pytest.raises(SystemExit) as ended:
    stages.run("two", ["stage", "two", then])
  assert ended.value.code == code
  # What was done before is kept, and what failed is not.
  assert len(list((folder / "kept").iterdir())) == 1
  stages = stages_lib.Stages(folder / "kept")
  stages.run("one", ["stage", "one"])
  assert stages.run("two", ["stage", "two"]) == {"said": "two"}
  assert ran(folder) == ["one", "two", "two"]


def start_job(folder, *before):
  """Starts a job whose second stage says who it is and then sleeps."""
  then = "open('pid', 'w').write(str(os.getpid())); time.sleep(100)"
  process = subprocess.Popen(
    [*before, sys.executable, "-m", "job", then],
    cwd=folder,
    env=os.environ | {"PYTHONPATH": str(programs.ROOT)},
    stderr=subprocess.PIPE,
    text=True,
    start_new_session=True,
  )
  while not (folder / "pid").exists() or not (folder / "pid").read_text():
    assert process.poll() is None, process.communicate()
    time.sleep(0.01)
  return process


def is_alive(pid):
  """Whether there is such a process, and it is no zombie."""
  try:
    with open(f"/proc/{pid}/stat") as file:
      return file.read().rpartition(")")[2].split()[0] != "Z"
  except FileNotFoundError:
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux offers it")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stage_dies_with_its_job(folder, number):
  process = start_job(folder)
  pid = int((folder / "pid").read_text())
  assert is_alive(pid)
  process.send_signal(number)
  process.communicate()
  for _ in range(500):
    if not is_alive(pid):
      break
    time.sleep(0.01)
  assert not is_alive(pid)


def test_a_job_may_be_process_number_one(folder):
  # As in a container that starts it.
  apart = ["unshare", "--fork", "--pid", "--kill-child"]
  if not shutil.which("unshare") or subprocess.run([*apart, "true"]).returncode:
    pytest.skip("no new process numbers here (unshare)")
  ended = subprocess.run(
    [*apart, sys.executable, "-m", "job", "print('ran')"],
    env=os.environ | {"PYTHONPATH": str(programs.ROOT)},
    capture_output=True,
    text=True,
    check=False,
  )
  assert ended.returncode == 0, ended.stderr
  assert ran(folder) == ["one", "two"]


def test_ctrl_c_waits_for_the_stage(folder):
  process = start_job(folder)
  os.killpg(process.pid, signal.SIGINT)  # As a terminal does.
  _, err = process.communicate(timeout=60)
  assert process.returncode != 0
  assert err.count("KeyboardInterrupt") == 2  # The stage's and the job's.
  assert not is_alive(int((folder / "pid").read_text()))


def test_what_is_kept_can_be_read(folder):
  run(folder, "one")
  (path,) = (folder / "kept").iterdir()
  kept = json.loads(path.read_text())
  assert kept["commands"] == [["stage", "one"]]
  assert kept["output"] == ["about one", '{"said": "one"}']
  assert program.result_line({"said": "one"}) == kept["output"][-1]
