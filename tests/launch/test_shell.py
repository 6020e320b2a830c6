"""Every shell script can be run and is clean."""

import os
import subprocess

import pytest

from tests import programs

SCRIPTS = [
  ".ci/run",
  *(
    str(path.relative_to(programs.ROOT))
    for folder in ("launch", "tests")
    for path in sorted((programs.ROOT / folder).rglob("*.sh"))
  ),
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_clean(name):
  path = programs.ROOT / name
  subprocess.run(["bash", "-n", path], check=True)
  # One that is run says by what; the others are read by those.
  is_run = path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
  assert os.access(path, os.X_OK) == is_run
  subprocess.run(["shellcheck", "-x", name], cwd=programs.ROOT, check=True)
