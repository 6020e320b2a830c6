"""Tests of data/hash_order.py."""

import pathlib
import random
import tempfile
import tracemalloc

import hypothesis
import pytest
import xxhash
from hypothesis import strategies

from data import hash_order
from tests.data import open_files

RECORDS = [b"record %d" % i * (i % 9) for i in range(5000)]


def wanted(found: list[bytes]) -> list[bytes]:
  """The records in their order, by the plain way."""
  return sorted(found, key=lambda r: (xxhash.xxh3_64_intdigest(r), r))


def sort(
  folder: pathlib.Path, found: list[bytes], run_bytes: int, most_runs: int
) -> list[bytes]:
  """Sorts records, and looks that no file is left."""
  order = hash_order.HashOrder(folder, run_bytes=run_bytes, most_runs=most_runs)
  for record in found:
    order.add(record)
  result = list(order.sorted())
  assert list(folder.iterdir()) == []
  return result


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(
  strategies.lists(strategies.binary(max_size=20)),
  strategies.integers(1, 1000),
  strategies.integers(2, 5),
)
def test_any_runs_give_one_order(
  found: list[bytes], run_bytes: int, most_runs: int
) -> None:
  with tempfile.TemporaryDirectory() as folder:
    result = sort(pathlib.Path(folder), found, run_bytes, most_runs)
  assert result == wanted(found)


def test_few_records_never_touch_the_disk(tmp_path: pathlib.Path) -> None:
  assert sort(tmp_path, [], 1, 2) == []
  order = hash_order.HashOrder(tmp_path / "nowhere")
  for record in RECORDS:
    order.add(record)
  assert list(order.sorted()) == wanted(RECORDS)


def test_few_files_are_open_at_once(tmp_path: pathlib.Path) -> None:
  order = hash_order.HashOrder(tmp_path, run_bytes=1000, most_runs=6)
  with open_files.limited(7):  # Six are read and one is written.
    for record in RECORDS:
      order.add(record)
    assert len(list(tmp_path.iterdir())) > 6 * 6  # Merged more than once.
    found = list(order.sorted())
  assert found == wanted(RECORDS)
  assert list(tmp_path.iterdir()) == []


def test_more_files_could_not_be_opened(tmp_path: pathlib.Path) -> None:
  order = hash_order.HashOrder(tmp_path, run_bytes=1000, most_runs=7)
  with open_files.limited(7), pytest.raises(OSError, match="Too many open"):
    for record in RECORDS:
      order.add(record)
    list(order.sorted())


def test_memory_is_bounded(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.setattr(hash_order, "_BUFFER_BYTES", 4096)
  draw = random.Random(0)
  order = hash_order.HashOrder(tmp_path, run_bytes=2**18, most_runs=4)
  tracemalloc.start()
  for _ in range(20_000):
    order.add(draw.randbytes(200))
  count = sum(1 for _ in order.sorted())
  peak = tracemalloc.get_traced_memory()[1]
  tracemalloc.stop()
  assert count == 20_000
  assert peak < 2 * 2**18  # of 4 MB
