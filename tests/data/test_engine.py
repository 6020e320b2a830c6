"""Tests of data/engine.py and its engines; tests/data/sources/test_mining.py
has Spark at work."""

import socket
import tempfile
import pathlib

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from data import engine
from data import machine
from data import parquet_files
from data import program
from data.sources import stages

SCHEMA = pa.schema([("key", pa.int64()), ("text", pa.string())])
SMALL = engine.Settings(memory_bytes=2**28, processes=2)
NUMBERS = st.one_of(
  st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.just(-(2**63))
)


def write(path, rows):
  """A Parquet file of (key, text)."""
  with parquet_files.Writer(path, SCHEMA) as writer:
    for key, text in rows:
      writer.write(pa.table({"key": [key], "text": [text]}, SCHEMA))
  return path


def rows_of(paths):
  """The rows of files, sorted."""
  found = [row for path in paths for row in pq.read_table(path).to_pylist()]
  return sorted((row["key"], row["text"]) for row in found)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
  with engine.start(SMALL, tmp_path_factory.mktemp("scratch")) as found:
    yield found


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
  st.lists(st.tuples(NUMBERS, st.text(max_size=4))), st.floats(0.01, 1)
)
def test_a_sample_is_what_python_chooses(running, rows, share):
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    table = running.read([write(folder / "a.parquet", rows)], SCHEMA)
    parts = running.write(stages.sample(table, share), folder / "out")
    expected = [row for row in rows if row[0] % 2**32 < int(share * 2**32)]
    assert rows_of(parts) == sorted(expected)


def test_names_are_no_patterns(tmp_path):
  folder = tmp_path / "it's [a] *folder*?"
  folder.mkdir()
  for name in ("a", "b"):
    write(folder / f"[{name}]*.parquet", [(1, name)])
  write(folder / "a.parquet", [(2, "no")])
  with engine.start(SMALL, folder / "scratch") as running:
    table = running.read(
      [folder / "[a]*.parquet", folder / "[b]*.parquet"], SCHEMA
    )
    assert rows_of(running.write(table, folder / "out")) == [(1, "a"), (1, "b")]


def test_no_files_are_an_empty_table(running, tmp_path):
  table = running.read([], SCHEMA)
  parts = running.write(table.filter(table.key > 1), tmp_path / "out")
  assert rows_of(parts) == []
  assert (tmp_path / "out").is_dir()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
  """A file of 200,000 rows and 240 MB."""
  path = tmp_path_factory.mktemp("large") / "a.parquet"
  with parquet_files.Writer(path, SCHEMA) as writer:
    for first in range(0, 200_000, 10_000):
      keys = [n * 7919 % 200_003 for n in range(first, first + 10_000)]
      texts = [f"{key:01200d}" for key in keys]
      writer.write(pa.table({"key": keys, "text": texts}, SCHEMA))
  return path


def test_a_table_larger_than_memory_is_spilled(large, tmp_path):
  little = engine.Settings(memory_bytes=200 * 2**20, processes=1)
  with engine.start(little, tmp_path / "scratch") as running:
    table = running.read([large], SCHEMA)
    (part,) = running.write(table.order_by(table.key.desc()), tmp_path / "out")
  assert not list((tmp_path / "scratch").rglob("*.tmp"))
  found = pq.read_table(part, columns=["key"])["key"].to_pylist()
  given = pq.read_table(large, columns=["key"])["key"].to_pylist()
  assert found == sorted(given, reverse=True)
  groups = pq.read_metadata(part)
  assert all(
    groups.row_group(n).total_byte_size < 2 * parquet_files.ROW_GROUP_BYTES
    for n in range(groups.num_row_groups)
  )


def test_too_little_memory_is_said(large, tmp_path):
  tiny = engine.Settings(memory_bytes=20 * 2**20, processes=1)
  with (
    engine.start(tiny, tmp_path / "scratch") as running,
    pytest.raises(program.BadInput, match="give more by --memory_gb"),
  ):
    table = running.read([large], SCHEMA)
    running.write(table.order_by(table.key), tmp_path / "out")
  assert not (tmp_path / "out").exists()


def test_settings_that_do_not_fit():
  for settings, words in (
    (engine.Settings("dask"), "duckdb or spark"),
    (engine.Settings("spark"), "needs a cluster"),
    (engine.Settings(master="spark://a:1"), "give --engine=spark too"),
  ):
    with pytest.raises(program.BadInput, match=words):
      engine.check(settings)


def test_a_master_that_does_not_answer(tmp_path, monkeypatch):
  pytest.importorskip("pyspark", reason="requirements-spark.txt")
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
  java = tmp_path / "bin" / "java"
  java.parent.mkdir()
  java.write_text("#!/bin/sh\n")
  java.chmod(0o755)
  monkeypatch.setenv("JAVA_HOME", str(tmp_path))
  for master in (f"spark://127.0.0.1:{port}", "spark://127.0.0.1"):
    with (
      pytest.raises(program.BadInput, match="cannot be reached"),
      engine.start(engine.Settings("spark", master), tmp_path),
    ):
      pass
  java.unlink()
  with (
    pytest.raises(program.BadInput, match="needs Java, and there is no"),
    engine.start(engine.Settings("spark", "local[1]"), tmp_path),
  ):
    pass


def test_the_machine_has_something():
  assert machine.cores() >= 1
  assert 2**28 < machine.memory_bytes() < 2**50


def test_row_groups_hold_so_many_bytes(tmp_path, monkeypatch):
  monkeypatch.setattr(parquet_files, "ROW_GROUP_BYTES", 1_000)
  path = write(tmp_path / "a.parquet", [(n, "x" * 92) for n in range(95)])
  found = pq.read_metadata(path)
  assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [
    *[10] * 9,
    5,
  ]
  assert pq.read_table(path)["key"].to_pylist() == list(range(95))
