"""The search program answers words, lines and whoever types."""

import json
import os
import pty
import shutil
import subprocess
import sys

import pytest

from data import atomic
from embeddings import index
from tests import programs
from tests.embeddings import corpora


@pytest.fixture(scope="module")
def place(trained, tmp_path_factory):
  """An index of 25 documents."""
  folder = tmp_path_factory.mktemp("search") / "index"
  corpora.write_index(folder, trained)
  return folder


def start(place, *given, **streams):
  """Starts the program."""
  return subprocess.Popen(
    [sys.executable, "-m", "tools.search", f"--index={place}", *given],
    cwd=programs.ROOT,
    env=programs.environment(),
    text=True,
    **streams,
  )


def grow(place):
  """Replaces the index by one of as many documents and other ids."""
  with atomic.folder(place) as partial:
    shutil.copytree(place, partial, dirs_exist_ok=True)
    lines = (place / "texts.jsonl").read_text(encoding="utf-8")
    lines = lines.replace('"_id":"f', '"_id":"g')  # as many bytes
    (partial / "texts.jsonl").write_text(lines, encoding="utf-8")
    corpora.change(partial, made="new")


def test_each_way_of_searching_finds_the_same(run_program, place):
  found = []
  for how in index.HOW:
    more = ["--build_hnsw", "--hnsw_links=8"] if how == "hnsw" else []
    ended = run_program(
      "tools.search", f"--index={place}", "read the file", "--k=4", *more,
      f"--how={how}",
    )  # fmt: skip
    assert ended.code == 0, ended
    found.append(ended.result)
  assert found[0] == found[1] == found[2]
  assert len(found[0]["read the file"]) == 4


def test_a_graph_alone_is_told_of(run_program, place):
  ended = run_program(
    "tools.search", f"--index={place}", "--build_hnsw", "--hnsw_links=4"
  )
  assert ended.code == 0, ended
  made = json.loads((place / "index.json").read_text())["made"]
  path = place / "faiss" / f"{made}.hnsw"
  result = ended.result
  assert result.pop("seconds") >= 0
  assert result == {
    "index": str(place),
    "documents": 25,
    "hnsw_bytes": path.stat().st_size,
  }


def test_each_line_is_answered_and_a_new_index_at_once(place, tmp_path):
  place = shutil.copytree(place, tmp_path / "index")
  pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
  with start(place, "--interactive", "--k=25", **pipes) as process:
    answers = []
    for replace in (False, True):
      if replace:
        grow(place)
      process.stdin.write("read the file\n")
      process.stdin.flush()
      answers.append(json.loads(process.stdout.readline()))
    out, err = process.communicate("  \n", timeout=programs.TIMEOUT_S)
  before, after = ([name for name, _ in a["found"]] for a in answers)
  assert {*before} == {f"f{i}" for i in range(25)}
  assert after == [name.replace("f", "g") for name in before]
  assert (process.returncode, out) == (2, "")
  assert err.splitlines() == [
    "index replaced: 25 documents",
    "search.py: line 3 of the input is empty; give a question a line",
  ]


def test_whoever_types_is_asked_until_an_empty_line(place):
  ours, theirs = pty.openpty()
  streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
  with start(
    place, "--interactive", "--k=2", "--lines=1", **streams
  ) as process:
    os.close(theirs)
    shown = b""
    for typed in (b"read the file\n", b"\n"):
      while not shown.endswith(b"? "):
        shown += os.read(ours, 1_000)
      os.write(ours, typed)
      shown += b"<"
    assert process.wait(programs.TIMEOUT_S) == 0
  os.close(ours)
  lines = shown.decode().splitlines()
  assert lines[0].startswith("? <") and lines[-1].startswith("? <")
  hits = [line for line in lines if "  f" in line]
  assert len(hits) == 2 and all(" | " in line for line in lines[2:5:2]), lines
  assert "25 documents, " in lines[-2] and lines[-2].endswith(" ms")


WRONG = [
  (["", "a"], "a question is empty"),
  (["--interactive", "a"], "'a' and --interactive are two ways to ask"),
  (["a", "--how=fast"], "should be one of"),
  (["a", "--k=26"], "--k is 26 and the index has 25 documents"),
  (["a", "--k=0"], "--k=0"),
]


@pytest.mark.parametrize(("given", "message"), WRONG, ids=lambda v: str(v)[:30])
def test_wrong_input_is_one_line(run_program, place, given, message):
  ended = run_program("tools.search", f"--index={place}", *given)
  assert message in programs.bad_input(ended)
