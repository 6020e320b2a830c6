"""Tests of data/sources/parsing.py and data/sources/pool.py."""

import functools
import gzip
import multiprocessing
import os
import signal

import pyarrow.parquet as pq
import pytest

from data import program
from data.sources import cut
from data.sources import parsing
from data.sources import pool
from data.sources import raw
from tests.data.sources import answers

# Small chunks, so that a small file has many.
FORMAT = parsing.Format(
  "answers",
  1,
  functools.partial(cut.lines, chunk_bytes=4_096),
  answers.read,
  {"lines": answers.LINES},
)


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
  """One large file and two small ones."""
  folder = tmp_path_factory.mktemp("dumps")
  sizes = {"large": 1_500, "small": 60, "tiny": 8}
  for seed, (name, lines) in enumerate(sizes.items()):
    answers.write(folder / f"{name}.jsonl", lines, seed)
  return raw.find([str(folder)], ["*.jsonl"])


def parse(files, work, processes=1, max_bad_share=0.5, min_chars=0):
  """Parses files."""
  settings = {"min_chars": min_chars}
  jobs = [parsing.Job(file, FORMAT, settings) for file in files]
  with pool.start(processes) as running:
    return parsing.parse(jobs, work, running, max_bad_share=max_bad_share)


def tables(parsed):
  """All that files gave, in their order."""
  return [pq.read_table(path) for path in parsed.paths("lines")]


def test_processes_give_what_one_gives(dumps, tmp_path, monkeypatch):
  alone = parse(dumps, tmp_path / "alone")
  monkeypatch.setattr(parsing, "_LITTLE_BYTES", 0)
  shared = parse(dumps, tmp_path / "shared", processes=2)
  assert tables(alone) == tables(shared)
  assert [alone.read, alone.bad] == [shared.read, shared.bad]
  assert [path.name for path in alone.folders] == [
    path.name for path in shared.folders
  ]
  assert alone.read == 1_568
  assert alone.bad == {"broken_json": 3}
  assert sum(len(table) for table in tables(alone)) == 1_565
  ids = tables(alone)[0]["id"].to_pylist()
  assert ids == [n for n in range(1, 1_501) if n % 500 != 250]


def test_little_work_starts_no_process(dumps, tmp_path):
  with pool.start(2) as running:
    jobs = [parsing.Job(file, FORMAT, {"min_chars": 0}) for file in dumps]
    found = parsing.parse(jobs, tmp_path, running, max_bad_share=0.5)
    assert found.read == 1_568
    assert set(multiprocessing.active_children()) == running.others


def test_an_error_in_one_file_ends_the_others(dumps, tmp_path, monkeypatch):
  monkeypatch.setattr(parsing, "_LITTLE_BYTES", 0)
  with (
    pytest.raises(KeyError, match="min_chars"),
    pool.start(2) as running,
  ):
    jobs = [parsing.Job(file, FORMAT, {}) for file in dumps]
    parsing.parse(jobs, tmp_path, running, max_bad_share=0.5)
  assert not list(tmp_path.glob("*/counts.json"))


def test_what_is_there_is_left_alone(dumps, tmp_path, capsys):
  first = parse(dumps, tmp_path)
  times = [path.stat().st_mtime_ns for path in first.paths("lines")]
  assert "row 250" in capsys.readouterr().err
  again = parse(dumps, tmp_path)
  assert [path.stat().st_mtime_ns for path in again.paths("lines")] == times
  assert again == first
  assert "row 250" in capsys.readouterr().err  # as if it were parsed now
  other = parse(dumps, tmp_path, min_chars=12)
  assert not {*other.folders} & {*first.folders}
  assert other.dropped["short"] > 0


def test_a_file_that_changed_is_parsed_again(tmp_path):
  path = tmp_path / "a.jsonl"
  answers.write(path, 20)
  file = raw.File(path)
  first = parse([file], tmp_path / "work")
  answers.write(path, 20, seed=1)
  second = parse([file], tmp_path / "work")
  assert first.folders != second.folders
  assert tables(first) != tables(second)


def test_a_file_cut_short_gives_what_it_has(tmp_path):
  path = tmp_path / "a.jsonl"
  answers.write(path, 1_000)
  whole = gzip.compress(path.read_bytes())
  short = tmp_path / "short.jsonl.gz"
  short.write_bytes(whole[: len(whole) // 2])
  found = parse([raw.File(short)], tmp_path / "work")
  assert found.bad["cut_short"] == 1
  (table,) = tables(found)
  (all_rows,) = tables(parse([raw.File(path)], tmp_path / "work"))
  assert 100 < len(table) < 900
  assert table == all_rows.slice(0, len(table))


def test_too_many_bad_rows_stop_and_few_do_not(dumps, tmp_path):
  with pytest.raises(
    program.BadInput, match=r"3 of 1,568 rows .* at most 0.10%.*row 250"
  ):
    parse(dumps, tmp_path, max_bad_share=0.001)
  assert parse(dumps, tmp_path, max_bad_share=0.002).read == 1_568


def die(number):
  """A task that kills its process, if it is asked to."""
  if number == 3:
    os.kill(os.getpid(), signal.SIGKILL)
  return number


def count(taken):
  """Items, and how many of them were taken."""
  for number in range(20):
    taken.append(number)
    yield (number,)


def test_tasks_in_order_few_at_once():
  taken = []
  with pool.start(2) as running:
    for number, found in enumerate(
      pool.in_order(running, abs, count(taken), 4)
    ):
      assert found == number
      assert len(taken) <= number + 4


def test_a_process_that_was_killed_is_said():
  with (
    pytest.raises(program.StartAgain, match="was killed"),
    pool.start(2) as running,
  ):
    list(pool.in_order(running, die, count([]), 4))


def test_an_error_ends_all_processes():
  with (
    pytest.raises(ValueError, match="isqrt"),
    pool.start(2) as running,
  ):
    import math

    list(pool.in_order(running, math.isqrt, [(-1,)], 4))
