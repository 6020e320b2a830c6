"""Tests of data/pretokenize.py: the same files, however they come about."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from data import faults
from data import growing
from data import identity
from data import kinds
from data import program
from data import records
from data import token_cache
from data import token_chunks
from data import token_files
from data import token_writer
from data import tokens
from tests import conftest
from tests import programs
from tests.data import raw_set
from tests.data import token_caches

_TRIPLETS = [
  (query, document, *(f"not {i} {document}" for i in range(1 + n % 3)))
  for n, (query, document) in enumerate(conftest.pairs(100))
]


@pytest.fixture
def words(tokenizer_folder):
  """The tests' tokenizer."""
  return tokens.Tokenizer(tokenizer_folder, max_length=16)


@pytest.fixture
def whole(tmp_path, words):
  """Triplets with their cache, and a copy of the data set without it."""
  data_set = token_caches.write(tmp_path / "whole", "triplets", _TRIPLETS)
  shutil.copytree(data_set.folder, tmp_path / "copy")
  token_caches.make(data_set, words)
  return data_set


def written(folder: pathlib.Path) -> dict[str, bytes]:
  """The files of all caches of a data set."""
  found = programs.contents(folder / "tokens")
  del found["lock"]
  return found


def folder_of(
  data_set: records.DataSet, tokenizer: tokens.Tokenizer
) -> pathlib.Path:
  """Where the cache of a data set stands, or will stand."""
  stamp = token_files.stamp_of(data_set, tokenizer, tokens.Prompts())
  return token_files.folder_of(data_set, stamp)


def command(folder: pathlib.Path, tokenizer: tokens.Tokenizer) -> list[str]:
  """The program with its flags."""
  return [
    "data.pretokenize",
    f"--data={folder}",
    f"--tokenizer={tokenizer.folder}",
    "--max_length=16",
    "--workers=1",
  ]


def test_processes_write_what_one_does(whole, words, tmp_path, monkeypatch):
  monkeypatch.setattr(token_chunks, "CHUNK_RECORDS", 7)
  copy = records.DataSet(tmp_path / "copy")
  token_caches.make(copy, words, processes=2)
  assert written(tmp_path / "copy") == written(whole.folder)


# Ends itself in the midst of writing, after so many writes to files.
_KILLED = """
import os, signal, sys
from data import growing, pretokenize, program, token_chunks

token_chunks.CHUNK_RECORDS, growing.JOURNAL_S = 16, 0.0
put, left = growing.Files.put, int(sys.argv.pop(1))

def put_and_die(self, name, numbers):
  global left
  put(self, name, numbers)
  left -= 1
  if not left:
    for file in self._files.values():
      file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

growing.Files.put = put_and_die
pretokenize.define_flags()
program.run(pretokenize.main)
"""


@pytest.mark.parametrize("writes", [2, 14, 23])  # the last is of the end rows
def test_a_run_that_is_killed_goes_on(whole, words, tmp_path, writes):
  _, *given = command(tmp_path / "copy", words)
  killed = subprocess.run(
    [sys.executable, "-c", _KILLED, str(writes), *given],
    cwd=programs.ROOT,
    capture_output=True,
  )
  assert killed.returncode == -signal.SIGKILL, killed
  copy = records.DataSet(tmp_path / "copy")
  assert not token_cache.available(copy, words, tokens.Prompts())
  kept = token_writer.journal(folder_of(copy, words)).records
  assert kept == min(100, 16 * (writes // 3))  # three files a chunk
  token_caches.make(copy, words)
  assert written(copy.folder) == written(whole.folder)


def test_workers_end_when_their_program_is_killed(words, tmp_path):
  pairs = [(f"{i} {a}", b) for i in range(30) for a, b in conftest.pairs(500)]
  token_caches.write(tmp_path / "set", "pairs", pairs)
  module, *given = command(tmp_path / "set", words)
  started = programs.start(module, *given, "--workers=2")
  partial = tmp_path / "set" / "tokens"
  while not any(path.stat().st_size for path in partial.glob(".*/ids")):
    assert started.poll() is None, started.communicate()
    time.sleep(0.01)
  started.send_signal(signal.SIGKILL)
  assert started.wait() == -signal.SIGKILL
  until = time.monotonic() + 20
  while time.monotonic() < until:
    try:
      os.killpg(started.pid, 0)
    except ProcessLookupError:
      started.communicate()
      return
    time.sleep(0.02)
  os.killpg(started.pid, signal.SIGKILL)
  raise AssertionError("workers are still there")


def test_what_is_whole_is_left_alone(whole, words, run_program):
  before = written(whole.folder)
  paths = sorted((whole.folder / "tokens").rglob("*"))
  places = [(path, path.stat().st_mtime_ns) for path in paths]
  ended = run_program(*command(whole.folder, words))
  assert "is whole already" in ended.err
  assert ended.result["records_per_s"] == 0
  assert [(path, path.stat().st_mtime_ns) for path in paths] == places
  assert written(whole.folder) == before


def test_the_last_line_counts_what_there_is(
  whole, words, write_pairs, run_program
):
  given = command(whole.folder, words)
  given[1] += f",{write_pairs(60)}"
  result = run_program(*given).result
  texts = [text for record in _TRIPLETS for text in record]
  ids = words.encode(texts)
  assert result["caches"] == 2
  assert result["records"] == 160
  assert result["texts"] == len(texts) + 120
  caches = [*whole.folder.parent.glob("*/tokens/*/tokens.json")]
  contents = [token_files.read(path.parent) for path in caches]
  assert sum(found.tokens for found in contents) == result["tokens"]
  assert sum(map(len, ids)) in [found.tokens for found in contents]
  sizes = [
    path.stat().st_size
    for cache in caches
    for path in cache.parent.iterdir()
    if path != cache
  ]
  assert sum(sizes) == result["bytes"]


def test_only_one_process_writes(whole, words, tmp_path, run_program):
  del whole
  folder = tmp_path / "copy"
  with growing.alone(folder / "tokens"):
    line = programs.bad_input(run_program(*command(folder, words)))
  assert "is being written by another process; wait" in line
  token_caches.make(records.DataSet(folder), words)


def test_a_cache_that_was_to_be_renamed_is_taken(whole, words):
  before = written(whole.folder)
  (path,) = (whole.folder / "tokens").glob("*/tokens.json")
  partial = path.parent.with_name(f".{path.parent.name}.partial")
  path.parent.rename(partial)
  (partial / growing.JOURNAL_FILE).write_text('{"records": 1}')
  number = (partial / "ids").stat().st_ino
  token_caches.make(whole, words)
  assert written(whole.folder) == before
  assert (path.parent / "ids").stat().st_ino == number


@pytest.mark.parametrize(
  "journal", ["", "[]", '{"records": 50, "texts": 170, "tokens": 9000000}']
)
def test_a_journal_that_cannot_be_true_is_not_believed(
  whole, words, tmp_path, journal
):
  (path,) = (whole.folder / "tokens").glob("*/tokens.json")
  tokens_folder = tmp_path / "copy" / "tokens"
  partial = tokens_folder / f".{path.parent.name}.partial"
  partial.mkdir(parents=True)
  (partial / "ids").write_bytes(b"torn")
  (partial / growing.JOURNAL_FILE).write_text(journal)
  token_caches.make(records.DataSet(tmp_path / "copy"), words)
  assert written(tmp_path / "copy") == written(whole.folder)


def test_a_flag_that_is_missing_is_named(words, tmp_path, run_program):
  given = [x for x in command(tmp_path, words) if "--max_length" not in x]
  line = programs.bad_input(run_program(*given))
  assert "--max_length is missing" in line


def with_bad_records(folder: pathlib.Path) -> records.DataSet:
  """40 pairs, of which those at 0, 15, 16, 17 and 39 are none."""
  encoded = [kinds.encode(pair) for pair in conftest.pairs(40)]
  for bad in (0, 15, 16, 17, 39):
    encoded[bad] = b'["alone"]'
  return raw_set.write(folder, encoded)


@pytest.mark.parametrize("processes", [1, 2])
def test_skipped_records_are_those_of_reading(
  words, tmp_path, monkeypatch, processes
):
  monkeypatch.setattr(token_chunks, "CHUNK_RECORDS", 16)
  data_set = with_bad_records(tmp_path / "set")
  skip = faults.Faults("skip", 5)
  cache = token_caches.make(data_set, words, faults=skip, processes=processes)
  assert cache.contents.skipped == skip.met == 5
  texts = [
    text
    for record in data_set.read(range(40), faults.Faults("skip", 5))
    for text in record
  ]
  found = cache.look(np.arange(40), np.tile([0, 1], (40, 1)))
  np.testing.assert_array_equal(
    found.identity.ravel(), identity.hash_texts(texts)
  )


def test_too_many_bad_records_end_it_whenever_they_were_met(
  words, tmp_path, monkeypatch, run_program
):
  data_set = with_bad_records(tmp_path / "set")
  given = command(data_set.folder, words)
  assert "record 0 " in programs.bad_input(run_program(*given))
  monkeypatch.setattr(token_chunks, "CHUNK_RECORDS", 16)
  monkeypatch.setattr(growing, "JOURNAL_S", 0.0)
  for most, kept in [(2, 0), (4, 32)]:  # 0, 15 and 16 are met in the first
    with pytest.raises(program.BadInput, match=f"at most {most} are skipped"):
      token_caches.make(data_set, words, faults=faults.Faults("skip", most))
    assert token_writer.journal(folder_of(data_set, words)).records == kept
  skip = faults.Faults("skip", 5)
  assert token_caches.make(data_set, words, faults=skip).contents.skipped == 5
  assert skip.met == 5
