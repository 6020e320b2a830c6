"""tools.encode that is killed, started again, or spread, makes the same."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from tests import conftest
from tests import programs

COUNT, STRETCH = 70, 16


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
  path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
  rows = [
    json.dumps({"_id": f"f{i}", "title": title, "text": text})
    for i, (title, text) in enumerate(conftest.pairs(COUNT))
  ]
  path.write_text("\n".join(rows))
  return path


@pytest.fixture(scope="module")
def command(trained, corpus_file):
  """tools.encode but for --out."""
  return [
    "tools.encode",
    f"--model={trained}",
    f"--in={corpus_file}",
    f"--stretch={STRETCH}",
  ]


@pytest.fixture(scope="module")
def unbroken(command, run_program, tmp_path_factory):
  folder = tmp_path_factory.mktemp("unbroken") / "index"
  ended = run_program(*command, f"--out={folder}")
  assert ended.code == 0, ended
  assert ended.result["resumed"] == 0
  assert ended.result["documents"] == COUNT
  return folder


@pytest.mark.parametrize(
  ("moment", "resumed"),
  [
    ("before_a_stretch_counts", STRETCH),
    pytest.param("after_a_stretch_counts", 2 * STRETCH, marks=pytest.mark.long),
    pytest.param("before_an_index_stands", COUNT, marks=pytest.mark.long),
    ("when_an_index_stands", COUNT),
  ],
)
def test_one_that_is_killed_goes_on(
  command, unbroken, run_program, tmp_path, moment, resumed
):
  given = [*command, f"--out={tmp_path / 'index'}"]
  ended = run_program("tests.launch.killed", moment, *given)
  assert ended.code == -signal.SIGKILL, ended
  stands = moment == "when_an_index_stands"
  assert (tmp_path / "index").exists() == stands
  ended = run_program(*given)
  assert ended.code == 0, ended
  assert ended.result["resumed"] == resumed
  assert programs.contents(tmp_path / "index") == programs.contents(unbroken)
  assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_other_work_in_the_midst_is_refused(
  command, corpus_file, run_program, tmp_path
):
  copy = tmp_path / "copy.jsonl"
  shutil.copy(corpus_file, copy)
  files = [f"--in={copy}", f"--out={tmp_path / 'x'}"]
  given = [*command[:2], *files, *command[3:]]
  run_program("tests.launch.killed", "after_a_stretch_counts", *given)
  said = programs.bad_input(run_program(*given, "--dtype=float16"))
  assert "dtype 'float32', wanted 'float16'" in said and ".x.partial" in said
  copy.write_text(copy.read_text() + '\n{"_id": "more", "text": "more"}\n')
  said = programs.bad_input(run_program(*given))
  assert "another file 1 of 1" in said and ".x.partial" in said


def test_an_id_that_comes_twice_leaves_nothing(command, run_program, tmp_path):
  twice = tmp_path / "twice.jsonl"
  twice.write_text('{"_id": "a", "text": "x"}\n' * 2)
  given = [command[0], command[1], f"--in={twice}", f"--out={tmp_path / 'x'}"]
  said = programs.bad_input(run_program(*given))
  assert "twice.jsonl, line 2 has _id 'a' again" in said
  assert [path.name for path in tmp_path.iterdir()] == ["twice.jsonl"]


@pytest.mark.long
def test_two_hosts_are_one(command, unbroken, tmp_path):
  module, *given = command
  pod = [sys.executable, "-m", "launch.pod", "-n", "2", "-d", "1"]
  ended = subprocess.run(
    [*pod, f"--program={module}", "--", *given, f"--out={tmp_path / 'index'}"],
    cwd=programs.ROOT,
    env=programs.environment(),
    capture_output=True,
    text=True,
  )
  assert ended.returncode == 0, ended
  assert json.loads(ended.stdout.splitlines()[-1])["documents"] == COUNT
  assert programs.contents(tmp_path / "index") == programs.contents(unbroken)
