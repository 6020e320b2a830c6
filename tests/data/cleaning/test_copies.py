"""Tests of exact_copies, near_copies and unique: on DuckDB, as plain Python."""

import pathlib
import random
import shutil
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from pyarrow import parquet

from data import engine as engine_lib
from data import identity
from data import parquet_files
from data.cleaning import copy_flags
from data.cleaning import copy_keys
from data.cleaning import near_copies
from data.cleaning import ruled
from data.cleaning import rules
from data.cleaning import unique
from data.sources import pool

_WORDS = [f"w{n}" for n in range(14)]
_TEXTS = strategies.lists(
  strategies.sampled_from(_WORDS), min_size=6, max_size=12
).map(" ".join)
_PAIRS = strategies.lists(
  strategies.tuples(_TEXTS, strategies.sampled_from(["x y", "x Y", "z"])),
  min_size=2,
  max_size=30,
)
_THRESHOLD = 0.7


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[engine_lib.Engine]:
  """DuckDB."""
  how = engine_lib.Settings(memory_bytes=2**29, processes=2)
  with engine_lib.start(how, tmp_path_factory.mktemp("scratch")) as running:
    yield running


def _table(
  folder: pathlib.Path, pairs: Sequence[tuple[str, ...]]
) -> tuple[list[pathlib.Path], list[int]]:
  """Records as files of numbers, and the rank of each."""
  keys = [copy_keys.of("pairs", pair) for pair in pairs]
  ranks = [
    copy_keys.rank(0, copy_keys.of_bytes(*(text.encode() for text in pair)))
    for pair in pairs
  ]
  columns = {
    "record": [b""] * len(pairs),
    "origin": [""] * len(pairs),
    "key": keys,
    "rank": ranks,
    "row": range(len(pairs)),
    **near_copies.columns(pairs, len(pairs)),
  }
  shutil.rmtree(folder, ignore_errors=True)
  folder.mkdir()
  path = folder / "rows.parquet"
  with parquet_files.Writer(path, ruled.SCHEMA) as writer:
    writer.write(pa.table(columns, ruled.SCHEMA))
  return [path], ranks


def _chosen(
  engine: engine_lib.Engine,
  folder: pathlib.Path,
  pairs: Sequence[tuple[str, ...]],
  how: copy_flags.Settings,
) -> set[int]:
  """The numbers of the records that stay."""
  paths, _ = _table(folder, pairs)
  found = unique.choose(engine, paths, ruled.SCHEMA, folder, how)
  tables = [parquet.read_table(path, columns=["row"]) for path in found.paths]
  return set(pa.concat_tables(tables).column("row").to_pylist())


def _similar(one: str, other: str) -> bool:
  """Whether two texts are near copies, by Python's sets."""
  left = set(identity.normalise(one).split())
  right = set(identity.normalise(other).split())
  return len(left & right) >= _THRESHOLD * len(left | right) - 1e-9


def _plain(pairs: Sequence[tuple[str, ...]], ranks: Sequence[int]) -> set[int]:
  """The records that stay, by loops, all over again in each round."""
  best: dict[int, int] = {}
  for row, pair in sorted(enumerate(pairs), key=lambda item: ranks[item[0]]):
    best.setdefault(copy_keys.of("pairs", pair), row)
  left = set(best.values())
  bands = [one.bands for one in near_copies.sketch(pairs)]
  while True:
    first: dict[int, int] = {}
    for row in sorted(left, key=lambda row: ranks[row]):
      for band in bands[row]:
        first.setdefault(band, row)
    originals = {
      row: {
        first[band]
        for band in bands[row]
        if first[band] != row
        and all(map(_similar, pairs[row], pairs[first[band]]))
      }
      for row in left
    }
    near = {row for row, found in originals.items() if found}
    gone = {row for row in near if originals[row] - near}
    if not gone:
      return left
    left -= gone


@settings(
  max_examples=6,
  deadline=None,
  suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(_PAIRS)
def test_what_stays_is_what_loops_keep(
  engine, tmp_path, pairs: list[tuple[str, str]]
) -> None:
  how = copy_flags.Settings(near_duplicates=_THRESHOLD)
  _, ranks = _table(tmp_path / "plain", pairs)
  left = _plain(pairs, ranks)
  found = _chosen(engine, tmp_path / "found", pairs, how)
  assert {pairs[row] for row in found} == {pairs[row] for row in left}
  # Each that went, but for exact copies, has a near one that stays.
  keys = {copy_keys.of("pairs", pairs[row]) for row in found}
  for pair in pairs:
    assert copy_keys.of("pairs", pair) in keys or any(
      all(map(_similar, pair, pairs[row])) for row in found
    )
  # What is left is left again, in whatever order it comes.
  again = [pairs[row] for row in sorted(found, reverse=True)]
  assert len(_chosen(engine, tmp_path / "again", again, how)) == len(again)


def test_made_near_copies_are_found(engine, tmp_path) -> None:
  words, draw = [f"v{n}" for n in range(3_000)], random.Random(0)
  pairs = []
  for _ in range(250):
    query, document = draw.sample(words, 12), draw.sample(words, 60)
    # 11 of 13 words and 55 of 65: 0.846 each.
    near = [*query[1:], "new"], document[5:] + [f"new{n}" for n in range(5)]
    # Another question about the same text is no copy.
    other = draw.sample(words, 12)
    for texts in ((query, document), near, (other, document)):
      pairs.append(tuple(" ".join(text) for text in texts))
  how = copy_flags.Settings(near_duplicates=0.8)
  left = _chosen(engine, tmp_path / "made", pairs, how)
  kept = [[3 * n + part in left for part in range(3)] for n in range(250)]
  assert all(other for _, _, other in kept)
  assert all(one or near for one, near, _ in kept)
  found = sum(not (one and near) for one, near, _ in kept)
  assert found >= 0.98 * len(kept), found


def test_a_first_data_set_and_the_smallest_bytes_come_first() -> None:
  one, other = copy_keys.rank(0, -1), copy_keys.rank(0, 1)
  assert other < one < copy_keys.rank(1, 0) < copy_keys.rank(511, -1) < 2**63
  assert copy_keys.of("scored", ("a", "b", 1.0)) == copy_keys.of(
    "pairs", ("A", " b")
  )
  assert copy_keys.of("pairs", ("b", "a")) != copy_keys.of("pairs", ("a", "b"))


def test_texts_without_spaces_are_compared_by_two_letters() -> None:
  long = "机器学习是人工智能的一个分支它研究如何让计算机从数据中学习"
  one, near, far, signs, other = near_copies.sketch(
    [
      (long,),
      (long + "吗",),
      ("天气很好我们去公园散步吧好不好呢",),
      ("+ -",),
      ("?!",),
    ]
  )
  assert len(set(one.words[0]) & set(near.words[0])) == len(one.words[0])
  assert not set(one.words[0]) & set(far.words[0])
  assert set(one.bands) & set(near.bands)
  assert signs.words != other.words and len(signs.words[0]) == 1


def _some(first: int, last: int) -> Iterator[tuple[tuple[str, str], str]]:
  """Records for a part."""
  for number in range(first, last):
    yield (f"query {number}", f"document {number}" * (number % 5)), "here"


def test_parts_are_kept_and_done_once(tmp_path) -> None:
  how = ruled.Settings(rules.Rules())
  parts = [ruled.Part(f"p{n}", _some, (n, n + 10), "pairs") for n in (0, 10)]
  with pool.start(1) as running:
    check_parts(parts, tmp_path, how, running)


def check_parts(
  parts: list[ruled.Part],
  folder: pathlib.Path,
  how: ruled.Settings,
  running: pool.Pool,
) -> None:
  """Does parts, once and again."""
  done = ruled.run(parts, folder, how, running)
  assert ruled.total(done.counts) == {"read": 20, "empty": 4}
  assert unique.rows_of_parts(done.paths, 2).tolist() == [8, 8]
  stamps = [path.stat().st_mtime_ns for path in done.paths]
  again = ruled.run(parts, folder, how, running)
  assert [path.stat().st_mtime_ns for path in again.paths] == stamps
  other = ruled.Settings(rules.Rules(min_chars=9))
  assert ruled.run(parts, folder, other, running).paths != done.paths
  assert {origin for _, origin in ruled.rows(done.paths)} == {"here"}
