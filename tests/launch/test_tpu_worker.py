"""What is set up on a worker of a TPU: its disk, and its Python."""

import os
import shutil
import subprocess

import pytest

from tests import programs

# What a machine's programs do, in as far as the script asks them; each notes
# its call. `disk` is there once the second disk has a file system.
PROGRAMS = {
  "sudo": 'exec "$@"',
  "findmnt": "echo /dev/sda1",
  "lsblk": """case "$*" in
    *PKNAME*) echo /dev/sda ;;
    *) printf '%s\\n' "/dev/loop0 loop" "/dev/sda disk" "$SECOND" ;;
  esac""",
  "blkid": "[[ -f $PLACE/disk ]]",
  "mkfs.ext4": "touch $PLACE/disk",
  "mountpoint": "[[ -f $PLACE/mounted ]]",
  "mount": "touch $PLACE/mounted",
  # One of 3.10, whose uv brings another.
  "python3": """case "$*" in
    -c*) exit 1 ;;
    "-m uv python find 3.12") echo $PLACE/bin/newer ;;
  esac""",
  "newer": """if [[ $1 == -m && $2 == venv ]]; then
    mkdir -p $3/bin && cp "$0" $3/bin/python
  fi""",
}


@pytest.fixture
def worker(tmp_path):
  """Runs the script as on a worker; `calls` are those of PROGRAMS."""
  code = tmp_path / "gigapair" / "code"
  shutil.copytree(programs.ROOT / "launch" / "tpu", code / "launch" / "tpu")
  shutil.copy(programs.ROOT / "launch" / "venv.sh", code / "launch")
  (code / "requirements-tpu.txt").write_text("jax[tpu]\n")
  (tmp_path / "bin").mkdir()
  for name in ("python3.11", "python3.12", "python3.13", *PROGRAMS):
    path = tmp_path / "bin" / name
    note = f'echo "{name} $*" >>$PLACE/calls'
    path.write_text(f"#!/bin/bash\n{note}\n{PROGRAMS.get(name, 'exit 1')}\n")
    path.chmod(0o755)

  def run(*given, second="/dev/sdb"):
    (tmp_path / "calls").write_text("")
    ended = subprocess.run(
      ["bash", "gigapair/code/launch/tpu/worker.sh", *given],
      cwd=tmp_path,
      env={
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PLACE": str(tmp_path),
        "SECOND": f"{second} disk" if second else "",
      },
      capture_output=True,
      text=True,
      check=False,
    )
    return ended, (tmp_path / "calls").read_text().splitlines()

  return run


@pytest.fixture
def installed(tmp_path, worker):
  """As if the packages were there."""
  venv = tmp_path / "gigapair" / "venv"
  venv.mkdir()
  stamp = "cat requirements*.txt | cksum >../venv/installed"
  code = tmp_path / "gigapair" / "code"
  subprocess.run(["bash", "-c", stamp], cwd=code, check=True)


def names(calls, *wanted):
  """Those of some programs."""
  return [call for call in calls if call.split()[0] in wanted]


def test_an_empty_disk_is_formatted_once(worker, installed, tmp_path):
  ended, calls = worker("set_up", "read-write")
  assert ended.returncode == 0, ended
  staged = tmp_path / "gigapair" / "staged"
  mounted = f"mount -o discard,defaults /dev/sdb {staged}"
  (made, found) = names(calls, "mkfs.ext4", "mount")
  assert made.endswith("/dev/sdb") and found == mounted
  assert os.path.samefile(tmp_path / "gigapair" / "code" / "staged", staged)
  assert names(worker("set_up", "read-write")[1], "mkfs.ext4", "mount") == []
  (tmp_path / "mounted").unlink()  # Another machine, and the same disk.
  calls = worker("set_up", "read-write")[1]
  assert names(calls, "mkfs.ext4", "mount") == [mounted]


def test_a_disk_of_several_workers_is_never_written_to(worker, installed):
  ended, calls = worker("set_up", "read-only")
  assert ended.returncode == 0, ended
  (mounted,) = names(calls, "mkfs.ext4", "mount")
  assert mounted.startswith("mount -o ro,noload /dev/sdb ")


def test_a_disk_that_is_not_there_is_named(worker, installed):
  ended, calls = worker("set_up", "read-write", second="")
  assert ended.returncode == 2
  assert "has no disk beside the system's /dev/sda" in ended.stderr
  assert names(calls, "mkfs.ext4", "mount") == []


def test_without_a_disk_nothing_is_mounted(worker, installed):
  ended, calls = worker("set_up", "none")
  assert ended.returncode == 0, ended
  assert calls == []


def test_a_newer_python_is_brought_where_there_is_none(worker, tmp_path):
  ended, calls = worker("set_up", "none")
  assert ended.returncode == 0, ended
  venv = tmp_path / "gigapair" / "venv"
  asked = (" -c ", " --version")
  assert [c for c in calls if not any(each in c for each in asked)] == [
    "python3 -m pip install --quiet --user uv",
    "python3 -m uv python install --quiet 3.12",
    "python3 -m uv python find 3.12",
    f"newer -m venv {venv}",
    "newer -m pip install --quiet --disable-pip-version-check -r "
    "requirements-tpu.txt",
  ]
  assert worker("set_up", "none")[1] == []
