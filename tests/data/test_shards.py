"""Tests of data/shards.py."""

import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import pickle
import random
import resource
from collections.abc import Callable

import pytest

from data import program
from data import records
from data import shards
from tests.data import open_files
from tests.data import raw_set

MANY = 300
RECORDS = [(f"query {i:06d}", f"document {i:06d}") for i in range(2 * MANY)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> records.DataSet:
  """RECORDS, two in each of 300 shards."""
  encoded = [json.dumps(record).encode() for record in RECORDS]
  data_set = raw_set.write(
    tmp_path_factory.mktemp("many") / "set", encoded, shard_records=2
  )
  assert len(data_set.manifest.shards) == MANY
  return data_set


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> shards.Pool:
  """A pool of ten files, in place of the process's."""
  pool = shards.Pool(10)
  monkeypatch.setattr(shards, "_pool", lambda process: pool)
  return pool


def check(data_set: records.DataSet, seed: int, rounds: int = 20) -> None:
  """Reads records at random and compares them with what was written."""
  draw = random.Random(seed)
  for _ in range(rounds):
    indices = draw.choices(range(len(RECORDS)), k=40)
    assert data_set.read(indices) == [RECORDS[i] for i in indices]


def test_nothing_is_opened_before_it_is_read(
  many: records.DataSet, pool: shards.Pool
) -> None:
  before = open_files.count()
  data_set = records.DataSet(many.folder)
  assert open_files.count() == before
  data_set.read([0, 1, 7])
  assert open_files.count() == before + 2


def test_few_shards_are_open_at_once(
  many: records.DataSet, pool: shards.Pool
) -> None:
  before = open_files.count()
  other = records.DataSet(many.folder)  # of the same files
  for work in (
    lambda: many.read(range(len(RECORDS))),
    lambda: check(other, 0),
    many.verify,
  ):
    work()
    assert open_files.count() == before + 10


def test_few_records_are_in_open_shards(many: records.DataSet) -> None:
  each = many.manifest.shards[0].records
  small = shards.Pool(100, most_records=5 * each)
  before = open_files.count("array_record")
  for shard in many._shards[:20] * 2:
    assert len(small.read(shard, [0])) == 1
  assert open_files.count("array_record") - before <= 5
  # One that is larger than all that may be open is read all the same.
  assert len(shards.Pool(100, most_records=0).read(many._shards[0], [0])) == 1


def test_a_process_leaves_room_for_others(many: records.DataSet) -> None:
  soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  for limit, most in ((200, 100), (soft, min(soft // 2, MANY))):
    shards._pool.cache_clear()
    before = open_files.count("array_record")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    many.read(range(len(RECORDS)))
    assert open_files.count("array_record") == before + most
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    shards._pool.cache_clear()


def test_no_file_can_be_opened(
  many: records.DataSet, pool: shards.Pool
) -> None:
  with open_files.limited(0), pytest.raises(OSError, match="Too many open"):
    many.read([0])
  assert many.read([0]) == RECORDS[:1]


@pytest.mark.parametrize("most", [10, 8, 1])
def test_threads_read_at_once(
  many: records.DataSet, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
  small = shards.Pool(most)
  monkeypatch.setattr(shards, "_pool", lambda process: small)
  with (
    # Beside those of the readers, what other threads of this process open.
    open_files.limited(max(most, 8) + 2),
    concurrent.futures.ThreadPoolExecutor(8) as threads,
  ):
    list(threads.map(lambda seed: check(many, seed), range(8)))
  before = open_files.count("array_record")
  many.read([0])
  many.read([2])
  assert open_files.count("array_record") <= max(before, most)


@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_other_processes_read_their_copies(
  many: records.DataSet, start: str
) -> None:
  check(many, 0, 5)
  with concurrent.futures.ProcessPoolExecutor(
    2, mp_context=multiprocessing.get_context(start)
  ) as processes:
    futures = [processes.submit(check, many, seed, 5) for seed in range(4)]
    check(many, 1, 5)
    for future in futures:
      future.result(timeout=60)
  assert pickle.loads(pickle.dumps(many)).read([5]) == [RECORDS[5]]


def test_a_slow_disk_is_read_at_once(
  many: records.DataSet, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
  encoded = [json.dumps(record).encode() for record in RECORDS]
  one_shard = raw_set.write(tmp_path / "one", encoded)
  monkeypatch.setattr(shards, "SLOW_S", -1.0)
  for data_set in (many, one_shard):
    assert data_set.read(range(len(RECORDS))) == RECORDS
    check(data_set, 2, 5)


def test_a_file_that_was_written_again(tmp_path: pathlib.Path) -> None:
  one, other = b'["a", "b"]', b'["c", "d"]'
  first = raw_set.write(tmp_path / "set", [one])
  assert first.read([0]) == [("a", "b")]
  again = raw_set.write(tmp_path / "set", [other])
  assert again.read([0]) == [("c", "d")]


def test_a_reader_recovers_from_damage(tmp_path: pathlib.Path) -> None:
  encoded = [
    b'["%s", "%d"]' % (random.randbytes(9).hex().encode(), i)
    for i in range(400)
  ]
  data_set = raw_set.write(tmp_path / "set", encoded)
  path = tmp_path / "set" / "00000.array_record"
  content, damaged = bytearray(path.read_bytes()), 0
  for place in range(100, 3000, 41):  # Headers, records, and what is between.
    changed = bytearray(content)
    changed[place] ^= 4
    path.write_bytes(changed)
    shard = shards.find(tmp_path / "set", data_set.manifest.shards[0])
    for _ in range(2):
      found = shards.read(shard, range(400))
      bad = [i for i, data in enumerate(found) if data != encoded[i]]
      assert len(bad) in (0, 4), place
      for i in bad:
        data = found[i]
        assert isinstance(data, shards.Damaged), place
        assert "mismatch" in data.reason
        damaged += 1
  assert damaged > 100


def change(
  data_set: records.DataSet, edit: Callable[[pathlib.Path], object]
) -> shards.Shard:
  """The second shard, edited after the data set was opened."""
  entry = data_set.manifest.shards[1]
  shard = shards.find(data_set.folder, entry)
  edit(data_set.folder / entry.file)
  return shard


@pytest.mark.parametrize(
  "edit, message",
  [
    (pathlib.Path.unlink, "cannot be opened .No such file"),
    (lambda path: path.write_bytes(b""), "holds 0 records"),
    (lambda path: path.write_bytes(b"x" * 2**16), "holds 0 records"),
    (lambda path: os.truncate(path, 2**15), "holds 0 records"),
  ],
)
def test_a_file_that_changed_later(
  tmp_path: pathlib.Path,
  edit: Callable[[pathlib.Path], object],
  message: str,
) -> None:
  encoded = [json.dumps(record).encode() for record in RECORDS[:6]]
  data_set = raw_set.write(tmp_path / "set", encoded, shard_records=2)
  shard = change(data_set, edit)
  for _ in range(2):
    with pytest.raises(
      program.BadInput, match=rf"00001\.array_record {message}"
    ):
      shards.read(shard, [0])
