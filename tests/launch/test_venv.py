"""What the shell scripts do, on Pythons and packages that are none."""

import shutil
import subprocess

import pytest

from tests import programs

# Those that venv.sh looks for.
PYTHONS = ("python3", "python3.11", "python3.12", "python3.13")

# Answers the version check, makes an "environment", and notes installs in it.
PYTHON = """#!/bin/bash
case "$1 $2" in
  "-c "*) exit {too_old} ;;
  "--version ") echo "Python 3.9.1" ;;
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip")
    echo "$*" >>installs
    exit ${{PIP_CODE:-0}} ;;
esac
"""


@pytest.fixture
def place(tmp_path):
  """A folder with requirements, and `bin` to be searched alone."""
  (tmp_path / "bin").mkdir()
  for name in ("bash", "cat", "cksum", "mkdir", "cp", "rm"):
    (tmp_path / "bin" / name).symlink_to(shutil.which(name))
  (tmp_path / "requirements.txt").write_text("jax\n")
  return tmp_path


def put_python(place, name, *, too_old=False):
  """Puts a Python that is none in the search path."""
  path = place / "bin" / name
  path.write_text(PYTHON.format(too_old=int(too_old)))
  path.chmod(0o755)


def bash(place, script, **env):
  """Runs a script after venv.sh, with `bin` alone to be searched."""
  venv = programs.ROOT / "launch" / "venv.sh"
  return subprocess.run(
    ["/bin/bash", "-c", f"set -euo pipefail; source {venv}; {script}"],
    cwd=place,
    env={"PATH": str(place / "bin"), **env},
    capture_output=True,
    text=True,
    check=False,
  )


MAKE = "make_venv .venv requirements.txt"


def installs(place):
  """The calls of pip."""
  path = place / "installs"
  return path.read_text().splitlines() if path.exists() else []


def test_an_old_python_is_named(place):
  for name in PYTHONS:
    put_python(place, name, too_old=True)
  ended = bash(place, f"{MAKE}; echo went on")
  assert ended.returncode == 2
  assert ended.stdout == ""
  assert ended.stderr == (
    "no Python 3.11 or newer was found (python3 is Python 3.9.1); install one, "
    "or set PYTHON to it\n"
  )


def test_no_python_at_all(place):
  ended = bash(place, MAKE)
  assert ended.returncode == 2
  assert ended.stderr.startswith("no Python 3.11 or newer was found (python3 ")
  assert "command not found" in ended.stderr
  assert ended.stderr.endswith("install one, or set PYTHON to it\n")


def test_a_newer_python_is_found_by_its_name(place):
  put_python(place, "python3", too_old=True)
  put_python(place, "python3.12")
  assert bash(place, "find_python").stdout == "python3.12\n"


def test_python_may_be_chosen(place):
  put_python(place, "python3")
  put_python(place, "mine")
  assert bash(place, "find_python", PYTHON="mine").stdout == "mine\n"


def test_requirements_are_installed_once(place):
  put_python(place, "python3")
  ended = bash(place, f"{MAKE}; {MAKE}; echo went on")
  assert (ended.returncode, ended.stdout) == (0, "went on\n"), ended
  (install,) = installs(place)
  assert install.endswith("-r requirements.txt")
  (place / "requirements.txt").write_text("jax\noptax\n")
  assert bash(place, MAKE).returncode == 0
  assert len(installs(place)) == 2


def test_an_install_that_failed_is_made_again(place):
  put_python(place, "python3")
  ended = bash(place, f"{MAKE}; echo went on", PIP_CODE="1")
  assert (ended.returncode, ended.stdout) == (1, "")
  assert bash(place, MAKE).returncode == 0
  assert len(installs(place)) == 2


def test_what_the_environment_says_stands(place):
  script = 'tune_environment; echo "$MALLOC_ARENA_MAX $TOKENIZERS_PARALLELISM"'
  assert bash(place, script).stdout == "1 true\n"
  ended = bash(place, script, MALLOC_ARENA_MAX="4")
  assert ended.stdout == "4 true\n"
