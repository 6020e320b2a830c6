"""Tests of data/sources/python_pairs.py."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from data import program
from data.sources import python_files
from data.sources import python_pairs
from tests.data.sources import python_packages

ROOT = pathlib.Path(__file__).resolve().parents[3]


def mine(*folders: pathlib.Path, processes: int = 1) -> python_pairs.Mined:
  """The pairs of some folders."""
  return python_pairs.mine(
    [python_files.Root(folder) for folder in folders], processes
  )


def test_pairs_with_ids_and_packages(tmp_path: pathlib.Path) -> None:
  method = python_packages.function("two", indent="  ")
  python_packages.write(
    tmp_path,
    {
      "a/b.py": python_packages.function("one") + f"class C:\n{method}",
      "a/_vendor/d/__init__.py": python_packages.function("three"),
    },
  )
  mined = mine(tmp_path)
  assert mined.pairs == [
    (
      name,
      package,
      f"Adds {word} to the other one.",
      python_packages.code(word),
    )
    for name, package, word in (
      ("a/b.py:one", "a", "one"),
      ("a/b.py:C.two", "a", "two"),
      ("a/_vendor/d/__init__.py:three", "d", "three"),
    )
  ]
  assert (mined.files, mined.unreadable_files) == (2, 0)
  assert mined.dropped == {"exact_copy": 0, "near_copy": 0}


def test_equal_names_get_different_ids(tmp_path: pathlib.Path) -> None:
  source = python_packages.function("one")
  other = source.replace("sum", "total").replace(" + ", " % other_names * ")
  for name in ("left", "right"):
    python_packages.write(tmp_path / name, {"a.py": source + other})
    source, other = (text.replace("one_", "uno_") for text in (source, other))
  mined = mine(tmp_path / "left", tmp_path / "right")
  ids = [pair.id for pair in mined.pairs]
  assert len(set(ids)) == len(ids)
  assert ids[:2] == ["a.py:one", "a.py:one#2"]


def test_of_copies_the_packages_own_one_stays(tmp_path: pathlib.Path) -> None:
  source = python_packages.function("one")
  words = " ".join(f"w{i}" for i in range(30))
  near = source.replace("return", f"# {words}\n  return")
  python_packages.write(
    tmp_path,
    {
      "a/_vendor/b/c.py": source,
      "a/d.py": near.replace("w3 ", "other "),
      "b/c.py": source.replace("Adds", "Puts") + near,
      "b/e.py": source.replace("  ", "    "),
    },
  )
  mined = mine(tmp_path)
  assert [pair.id for pair in mined.pairs] == ["a/d.py:one", "b/c.py:one"]
  assert mined.pairs[1].documentation == "Puts one to the other one."
  assert mined.dropped == {"exact_copy": 2, "near_copy": 1}


def test_files_that_cannot_be_read_are_counted(tmp_path: pathlib.Path) -> None:
  good = python_packages.function("one")
  python_packages.write(
    tmp_path,
    {
      "a/good.py": good,
      "a/syntax.py": "print 'hello'\n",
      "a/encoding.py": "# coding: no-such-thing\n",
      "a/null.py": "x = '\0'\n",
      "a/deep.py": "x = " + "(" * 5000 + ")" * 5000 + "\n",
      "a/deeper.py": "x = " + "-" * 100_000 + "1\n",
    },
  )
  (tmp_path / "a" / "bytes.py").write_bytes(b"x = '\xff'\n")
  latin = python_packages.function("zwei").replace("one", "Größe")
  (tmp_path / "a" / "latin.py").write_bytes(
    f"# coding: latin-1\n{latin}".encode("latin-1")
  )
  mined = mine(tmp_path)
  assert (mined.files, mined.unreadable_files) == (8, 6)
  assert [pair.documentation for pair in mined.pairs] == [
    "Adds one to the other one.",
    "Adds zwei to the other Größe.",
  ]


def test_processes_do_not_change_what_is_found(tmp_path: pathlib.Path) -> None:
  # 80 files are three tasks; every second file is a copy of the one before.
  python_packages.write(
    tmp_path,
    {
      f"p{i % 7}/m{i}.py": python_packages.function(f"word{i // 2}") * 2
      for i in range(80)
    },
  )
  alone = mine(tmp_path)
  assert len(alone.pairs) == 40
  assert alone.dropped["exact_copy"] == 120
  assert mine(tmp_path, processes=2) == alone


def test_what_cannot_be_mined_is_refused(tmp_path: pathlib.Path) -> None:
  with pytest.raises(program.BadInput, match=r"--in=.*/none is not a folder"):
    mine(tmp_path / "none")
  python_packages.write(tmp_path, {"tests/test_a.py": "", "notes.txt": ""})
  with pytest.raises(program.BadInput, match="has no Python file but tests"):
    mine(tmp_path)
  python_packages.write(tmp_path, {"a.py": "def f(x):\n  return x\n"})
  with pytest.raises(
    program.BadInput, match=r"1 files \(1 undocumented\); give"
  ):
    mine(tmp_path)


def test_workers_end_with_a_killed_program(tmp_path: pathlib.Path) -> None:
  script = tmp_path / "hang.py"
  script.write_text(
    "import os, pathlib, sys, time\n"
    "from data.sources import python_pairs\n"
    "def note(folder):\n"
    "  (pathlib.Path(folder) / 'pid').write_text(f'{os.getpid()} ')\n"
    "  time.sleep(600)\n"
    "if __name__ == '__main__':\n"
    "  python_pairs._read_file = note\n"
    "  with python_pairs._mapper(2) as mapped:\n"
    "    list(mapped([sys.argv[1]]))\n"
  )
  process = subprocess.Popen(
    [sys.executable, str(script), str(tmp_path)],
    env=os.environ | {"PYTHONPATH": str(ROOT)},
  )
  pid = tmp_path / "pid"
  _wait(lambda: pid.exists() and pid.read_text().endswith(" "))
  process.send_signal(signal.SIGKILL)
  process.wait()
  _wait(lambda: not _runs(int(pid.read_text())))


def _wait(condition) -> None:
  """Waits until it holds, 30 seconds at most."""
  end = time.monotonic() + 30
  while not condition():
    assert time.monotonic() < end
    time.sleep(0.05)


def _runs(pid: int) -> bool:
  """Whether a process still runs; a zombie does not."""
  try:
    state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
  except OSError:
    return False
  return state.split()[0] != "Z"
