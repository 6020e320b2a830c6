"""A job in Slurm goes back into the queue, by stand-ins for its programs."""

import os
import shutil
import subprocess
import sys

import pytest

from tests import programs
from tests.launch import slurm_stand_in

SCRIPT = programs.ROOT / "launch" / "slurm_run.sh"
# In place of launch.train: says what it was told, then does what a test says.
PYTHON = """#!/bin/bash
echo "[$SLURM_PROCID] $* on ${{JAX_LOCAL_DEVICE_IDS:-one}}"
{script}
"""


@pytest.fixture
def job(tmp_path):
  """A folder like ours, and what starts the script there as Slurm does."""
  (tmp_path / "launch").mkdir()
  for name in ("slurm_run.sh", "restarts.sh", "venv.sh"):
    shutil.copy(programs.ROOT / "launch" / name, tmp_path / "launch")
  (tmp_path / "requirements.txt").write_text("jax\n")
  (tmp_path / ".venv" / "bin").mkdir(parents=True)
  (tmp_path / "bin").mkdir()
  for name in ("srun", "scontrol"):
    path = tmp_path / "bin" / name
    path.write_text(
      f'#!/bin/sh\nexec "{sys.executable}" -S -E '
      f'"{slurm_stand_in.__file__}" {name} "$@"\n'
    )
    path.chmod(0o755)

  def start(script, *given, restart=0, **env):
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(PYTHON.format(script=script))
    python.chmod(0o755)
    stamp = "cat requirements*.txt | cksum >.venv/installed"
    subprocess.run(["bash", "-c", stamp], cwd=tmp_path, check=True)
    return subprocess.run(
      # A copy, as Slurm makes one: where it stands says nothing.
      ["bash", shutil.copy(SCRIPT, tmp_path / "bin" / "slurm_script"), *given],
      cwd=tmp_path / "bin",
      env=os.environ
      | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_RESTART_COUNT": str(restart),
        "SLURM_SUBMIT_DIR": str(tmp_path),
        "SLURM_STAND_IN": str(tmp_path / "calls"),
      }
      | env,
      capture_output=True,
      text=True,
      check=False,
    )

  return start


def requeued(tmp_path):
  """How often the job went back into the queue."""
  return (tmp_path / "calls").read_text().count("scontrol requeue 7\n")


def test_what_is_asked_of_slurm_is_what_there_is():
  asked = slurm_stand_in.sbatch(SCRIPT)
  assert "requeue" in asked and asked["ntasks-per-node"] == "1"
  # Not to the script alone: the processes are to have it.
  assert asked["signal"] == "TERM@120"


def test_every_node_has_the_flags_and_all_its_devices(job, tmp_path):
  ended = job("exit 0", "--a=b c", "--d", SLURM_GPUS_ON_NODE="4")
  assert ended.returncode == 0, ended
  assert sorted(ended.stdout.splitlines()) == [
    f"[{node}] -m launch.train --a=b c --d on 0,1,2,3" for node in range(2)
  ]
  assert requeued(tmp_path) == 0
  assert "on one" in job("exit 0").stdout


@pytest.mark.parametrize("code", [2, 3])
def test_a_final_code_ends_it(job, tmp_path, code):
  assert job(f"exit {code}").returncode == code
  assert requeued(tmp_path) == 0


def test_it_goes_back_into_the_queue_until_nothing_is_gained(job, tmp_path):
  for restart, step in enumerate((3, 3, 6, 6)):
    ended = job(f"echo going on from step {step}; exit 75", restart=restart)
    assert ended.returncode == 0, ended
  assert requeued(tmp_path) == 4
  ended = job("exit 75", restart=4)
  assert requeued(tmp_path) == 5
  ended = job("exit 74", restart=5)
  assert ended.returncode == 74
  assert "3 starts in a row came no further than step 6" in ended.stderr
  assert requeued(tmp_path) == 5
  # Another job of this number begins anew.
  assert job("exit 75").returncode == 0


def test_the_signal_is_left_to_the_processes(job, tmp_path):
  # A preemption signals the script as well; it waits for what they make of it.
  # The script is the parent of srun, whose child this is.
  ended = job("kill -TERM $(ps -o ppid= -p $PPID); sleep 0.5; exit 75")
  assert ended.returncode == 0, ended
  assert requeued(tmp_path) == 1


def test_another_folder_is_named(job, tmp_path):
  ended = job("exit 0", SLURM_SUBMIT_DIR=str(tmp_path / "bin"))
  assert ended.returncode == 2
  assert "is not Gigapair's folder" in ended.stderr
