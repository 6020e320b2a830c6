"""The benchmark of the contrastive loss, on few pairs and no claim of speed."""

import numpy as np
import pytest

from embeddings import partition
from embeddings.losses import blockwise
from tests import programs
from tools.bench import losses

SMALL = ("--sizes=16", "--sizes_alone=32", "--width=12", "--rounds=1")
OVER = {
  f"{ratio}_{what}{end}"
  for ratio in (
    "blockwise_over_dense",
    "cached_over_blockwise",
    "ring_over_gather",
  )
  for what in ("time", "peak")
  for end in ("", "_symmetric")
}
KEYS = {"peak_over_vectors", "time_growth", "memory_growth", "rows", *OVER}


def bench(run_program, *given):
  return run_program("tools.bench.loss", *SMALL, *given)


def rows_of(result):
  return [
    (row["direction"], row["name"], row["size"]) for row in result["rows"]
  ]


@pytest.mark.long
def test_it_sets_three_side_by_side(run_program):
  ended = bench(run_program)
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == KEYS
  assert rows_of(result) == [
    *(
      (direction, name, 16)
      for direction in ("one-way", "symmetric")
      for name in ("dense", "blockwise", "cached")
    ),
    ("one-way", "blockwise", 32),
  ]
  assert all(row["seconds"] > 0 for row in result["rows"])
  spread = {key for key in OVER if key.startswith("ring")}  # of one device
  assert all(result[key] is None for key in spread)
  assert all(result[key] > 0 for key in OVER - spread if "time" in key)
  assert len(ended.out.splitlines()) == 2 + len(result["rows"]) + 1


@pytest.mark.long
def test_ours_may_stand_alone(run_program):
  ended = bench(run_program, "--against=nothing", "--sizes_alone=16")
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == KEYS
  assert {name for _, name, _ in rows_of(result)} == {"dense", "blockwise"}
  missing = {key for key, value in result.items() if value is None}
  assert {key for key in OVER if "cached" in key} <= missing
  assert {"time_growth", "memory_growth"} <= missing  # one size says nothing
  assert result["blockwise_over_dense_time"] > 0


@pytest.mark.parametrize("symmetric", [False, True])
def test_all_ways_are_one_loss(symmetric):
  given = losses.vectors(24, 16)
  np.testing.assert_allclose(np.linalg.norm(given, axis=-1), 1, rtol=1e-6)
  # In blocks that do not come out even, and with two calls.
  cached = losses.Cached(given, symmetric, rows=7)
  ways = [
    losses.dense(given, symmetric),
    losses.block_by_block(given, symmetric),
    cached,
  ]
  for way in ways:
    way.loss(0)
    way.loss(0)
  logits = losses.SCALE * given[0].astype(float) @ given[1].T
  rows, columns = (
    np.log(np.exp(logits).sum(axis)) - np.diagonal(logits) for axis in (1, 0)
  )
  value = (rows.mean() + columns.mean()) / 2 if symmetric else rows.mean()
  for way in ways:
    assert way.value == pytest.approx(value, rel=1e-5), way.name
    np.testing.assert_allclose(
      way.gradient, ways[0].gradient, atol=1e-5, err_msg=way.name
    )


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ("--sizes=1", "--sizes=1; wanted whole numbers of 2 or more"),
    ("--sizes_alone=x", "--sizes_alone=x; wanted whole numbers"),
    ("--against=us", "should be one of <sentence_transformers|nothing>"),
  ],
)
def test_wrong_flags_are_one_line(run_program, given, message):
  assert message in programs.bad_input(bench(run_program, given))


def test_a_ring_and_a_gather_are_one_loss():
  given = losses.vectors(24, 16)
  mesh = partition.make_mesh()
  assert mesh.size == 8
  ways = [
    losses.block_by_block(given, False, blockwise.Spread(mesh, exchange, 2))
    for exchange in blockwise.EXCHANGES
  ]
  ways.append(losses.dense(given, False))
  for way in ways:
    way.loss(0)
  for way in ways:
    assert way.value == pytest.approx(ways[-1].value, rel=1e-6)
    np.testing.assert_allclose(way.gradient, ways[-1].gradient, atol=1e-6)
