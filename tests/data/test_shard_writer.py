"""Tests of data/shard_writer.py."""

import hashlib
import pathlib

from data import shard_writer
from data import shards

RECORDS = [b"%d" % i * 20 for i in range(1000)]


def test_shards_hold_what_is_said_of_them(tmp_path: pathlib.Path) -> None:
  writer = shard_writer.ShardWriter(tmp_path, 5000)
  for record in RECORDS:
    writer.write(record)
  writer.close()
  names = [f"{i:05d}.array_record" for i in range(len(writer.shards))]
  assert len(names) > 5
  assert sorted(path.name for path in tmp_path.iterdir()) == names
  found = []
  for name, entry in zip(names, writer.shards, strict=True):
    content = (tmp_path / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert (entry.file, entry.bytes, entry.sha256) == (
      name,
      len(content),
      digest,
    )
    shard = shards.find(tmp_path, entry)
    shards.verify(shard, entry.sha256)
    in_shard = shards.read(shard, range(entry.records))
    # Closed by the record that reached the limit.
    before_last = sum(map(len, in_shard[:-1]))
    assert before_last < 5000
    assert before_last + len(in_shard[-1]) >= 5000 or name == names[-1]
    found += in_shard
  assert found == RECORDS


def test_no_records_make_no_shard(tmp_path: pathlib.Path) -> None:
  writer = shard_writer.ShardWriter(tmp_path, 5000)
  writer.close()
  assert writer.shards == [] == list(tmp_path.iterdir())


def test_the_same_records_make_the_same_bytes(tmp_path: pathlib.Path) -> None:
  made = []
  for name in ("one", "other"):
    (tmp_path / name).mkdir()
    writer = shard_writer.ShardWriter(tmp_path / name, 5000)
    for record in RECORDS:
      writer.write(record)
    writer.close()
    made.append(writer.shards)
  assert made[0] == made[1]
