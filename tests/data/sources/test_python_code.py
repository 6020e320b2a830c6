"""Tests of data/sources/python_code.py."""

import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from data import manifest as manifests
from data import program
from data import records
from data import retrieval_folder
from data.sources import package_split
from data.sources import python_code
from tests.data.sources import python_packages

ROOT = pathlib.Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "data.sources.python_code"]
SPLIT = package_split.Settings(dev_pairs=3, test_pairs=7, max_share=0.2)
NAMES = [f"p{i}" for i in range(10)]


@pytest.fixture
def packages(tmp_path: pathlib.Path) -> pathlib.Path:
  """Ten packages of 5 functions, and a large one with some that are refused."""
  sources = {
    f"{name}/__init__.py": "".join(
      python_packages.function(f"{name}_{i}") for i in range(5)
    )
    for name in NAMES
  }
  # In p0 to p9, the last one's documentation is also that of one in `large`.
  shared = [
    python_packages.function(f"z{i}", f"Adds {name}_4 to the other one.")
    for i, name in enumerate(NAMES)
  ]
  more = [python_packages.function(f"large_{i}") for i in range(20)]
  refused = "def none(x):\n  '''Gives nothing at all.'''\n  pass\n"
  sources["large/a.py"] = "".join([*shared, *more, refused])
  sources["large/bad.py"] = "print 'x'\n"
  return python_packages.write(tmp_path / "packages", sources)


def contents(folder: pathlib.Path) -> dict[str, bytes]:
  """Name -> bytes of all files below a folder."""
  return {
    str(path.relative_to(folder)): path.read_bytes()
    for path in folder.rglob("*")
    if path.is_file()
  }


def run(*given: str) -> subprocess.CompletedProcess[str]:
  """Runs the program to its end."""
  return subprocess.run(
    [*COMMAND, *given], cwd=ROOT, capture_output=True, text=True, check=False
  )


def test_what_is_written(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  out = tmp_path / "out"
  result = python_code.build(out, [packages], SPLIT, processes=1)
  test, dev = result["test_packages"], result["dev_packages"]
  # Of each held-out package's five, one has documentation of another's.
  assert (len(test), len(dev)) == (2, 1)
  assert result == {
    "files": 12,
    "unreadable_files": 1,
    "pairs": 77,
    "train": 65,
    "dev": 4,
    "test": 8,
    "datasets": {"train": 65},
    "dropped": {
      "exact_copy": 0,
      "near_copy": 0,
      "stub": 1,
      "documentation_not_unique": 3,
    },
    "packages": 11,
    "dev_packages": dev,
    "test_packages": test,
  }
  trained = [name for name in NAMES if name not in (*test, *dev)]
  words = [f"{name}_{i}" for name in trained for i in range(5)]
  words += [f"large_{i}" for i in range(20)] + [f"z{i}" for i in range(10)]
  data_set = records.DataSet(out / "train")
  codes = [code for _, code in data_set.read(range(65))]
  assert sorted(codes) == sorted(map(python_packages.code, words))
  for split, names in (("test", test), ("dev", dev)):
    task = retrieval_folder.read(out / split)
    assert task.queries == {
      f"{name}/__init__.py:{name}_{i}": f"Adds {name}_{i} to the other one."
      for name in names
      for i in range(4)
    }
    assert task.qrels == {key: {key: 1} for key in task.queries}
    assert task.corpus == {
      key: python_packages.code(key.split(":")[1]) for key in task.queries
    }


def test_the_manifest_says_what_it_is(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  python_code.build(tmp_path / "out", [packages], SPLIT, processes=1)
  manifest = manifests.read(tmp_path / "out" / "train")
  assert manifest.name == "python_code"
  assert manifest.columns == ("documentation", "code")
  assert manifest.source.startswith(str(packages))
  assert manifest.licence == "each package's own"
  assert manifest.filters["near_copy"] == 0.8
  assert manifest.counts["train"] == manifest.records == 65
  assert manifest.counts["stub"] == 1


def test_neighbours_in_train_are_unrelated(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  python_code.build(tmp_path / "out", [packages], SPLIT, processes=1)
  found = records.DataSet(tmp_path / "out" / "train").read(range(65))
  names = [code.split("_")[0] for _, code in found]
  same = sum(a == b for a, b in itertools.pairwise(names))
  assert same < 25  # In the order of the files, it would be over 50.


def test_the_same_bytes_whatever_the_processes(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  for processes in (1, 2):
    out = tmp_path / f"out{processes}"
    python_code.build(out, [packages], SPLIT, processes)
  assert contents(tmp_path / "out1") == contents(tmp_path / "out2")


def test_what_is_finished_is_not_made_again(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  out = tmp_path / "out"
  first = python_code.build(out, [packages], SPLIT, processes=1)
  written = (out / "summary.json").stat().st_mtime_ns
  python_packages.write(packages, {"new.py": python_packages.function("new")})
  assert python_code.build(out, [packages], SPLIT, processes=1) == first
  assert (out / "summary.json").stat().st_mtime_ns == written
  other = package_split.Settings(dev_pairs=0, test_pairs=7, max_share=0.2)
  second = python_code.build(out, [packages], other, processes=1)
  assert second["pairs"] == first["pairs"] + 2
  assert sorted(path.name for path in out.iterdir()) == [
    "summary.json",
    "test",
    "train",
  ]


def test_something_else_is_not_replaced(
  packages: pathlib.Path, tmp_path: pathlib.Path
) -> None:
  for out in (packages, packages / "large" / "a.py"):
    before = contents(packages)
    with pytest.raises(program.BadInput, match="exists and is no such data"):
      python_code.build(out, [packages], SPLIT, processes=1)
    assert contents(packages) == before


def test_the_program(packages: pathlib.Path, tmp_path: pathlib.Path) -> None:
  out = tmp_path / "out"
  given = [f"--out={out}", f"--in={packages}", "--max_share=0.2"]
  given += ["--test_pairs=7", "--dev_pairs=3", "--processes=2"]
  process = subprocess.Popen(
    [*COMMAND, *given], cwd=ROOT, stdout=subprocess.DEVNULL
  )
  time.sleep(1.0)
  process.send_signal(signal.SIGKILL)
  process.wait()
  first, second = run(*given), run(*given)
  assert first.returncode == second.returncode == 0, first.stderr
  results = [json.loads(ended.stdout) for ended in (first, second)]
  assert all(result.pop("seconds") >= 0 for result in results)
  assert results[0] == results[1]
  assert results[0]["out"] == str(out)
  assert "nothing to do" in second.stderr
  assert "Warning" not in first.stderr
  assert not [path for path in os.listdir(tmp_path) if path.startswith(".")]
  expected = tmp_path / "expected"
  python_code.build(expected, [packages], SPLIT, processes=1)
  assert contents(out) == contents(expected)


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ([], "--out is missing"),
    (["--out=x", "--in=no/such/folder"], "--in=no/such/folder is not a folder"),
    (["--out=x", "--max_share=2"], "max_share"),
  ],
)
def test_wrong_flags_are_one_line(given: list[str], message: str) -> None:
  ended = run(*given)
  assert ended.returncode == program.EXIT_BAD_INPUT
  assert message in ended.stderr.splitlines()[-1]
  assert "Traceback" not in ended.stderr
  assert not (ROOT / "x").exists()
