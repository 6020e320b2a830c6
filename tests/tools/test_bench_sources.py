"""The benchmark of the miners, on small dumps and no claim of speed."""

import subprocess
import sys
import xml.etree.ElementTree

import pytest

from tools.bench import dumps
from tools.bench import tree_memory

KEYS = ("rows_per_s", "mb_per_s", "s_per_million", "peak_mib", "peak_growth")


@pytest.mark.long
def test_it_measures_each_miner(run_program, tmp_path):
  ended = run_program(
    "tools.bench.sources", "--sizes_mb=1,2", "--grow_mb=3", f"--out={tmp_path}"
  )
  assert ended.code == 0, ended
  wanted = {f"{name}_{key}" for name in dumps.FORMATS for key in KEYS}
  assert ended.result.keys() == wanted | {"stack_overflow_hours"}
  assert all(value > 0 for value in ended.result.values())
  # The head, a line for each size, and the JSON.
  assert len(ended.out.splitlines()) == 1 + 2 * len(dumps.FORMATS) + 1 + 1
  assert not list(tmp_path.iterdir())


def test_sizes_are_numbers(run_program):
  ended = run_program("tools.bench.sources", "--sizes_mb=small")
  assert ended.code == 2 and "--sizes_mb=64,256" in ended.err, ended


@pytest.mark.parametrize("name", dumps.FORMATS)
def test_the_same_size_gives_the_same_dump(name, tmp_path):
  made = [dumps.FORMATS[name].write(tmp_path / d, 20_000) for d in "ab"]
  assert made[0][1] == made[1][1] > 5
  one, other = (
    {
      str(path.relative_to(tmp_path / d)): path.read_bytes()
      for path in (tmp_path / d).rglob("*")
      if path.is_file()
    }
    for d in "ab"
  )
  assert one == other
  assert 20_000 <= max(map(len, one.values())) < 30_000
  for path, content in one.items():
    if path.endswith(".xml"):
      xml.etree.ElementTree.fromstring(content)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_memory_of_what_a_program_starts_counts():
  code = "import time; held = b'x' * {}_000_000; print(1, flush=True); {}"
  child = code.format(60, "time.sleep(60)")
  parent = code.format(30, f"subprocess.run([sys.executable, '-c', {child!r}])")
  process = subprocess.Popen(
    [sys.executable, "-c", f"import subprocess, sys; {parent}"],
    stdout=subprocess.PIPE,
  )
  assert process.stdout is not None
  with process, tree_memory.Watch(process.pid) as watch:
    assert [process.stdout.readline() for _ in range(2)] == [b"1\n"] * 2
    parent_and_child = tree_memory.family(process.pid)
    assert len(parent_and_child) == 2
    while watch.peak < 90_000_000:  # Both are there, so this ends.
      pass
    subprocess.run(["kill", *map(str, parent_and_child)], check=True)
  assert watch.peak < 200_000_000
  assert len(tree_memory.family(process.pid)) == 1  # Itself, and nothing below.
