"""Tests of data/seen.py."""

import random

from data import seen


def test_it_says_what_a_set_says() -> None:
  draw, table, known = random.Random(0), seen.Seen(), set()
  # 20,000 draws of 12,000 values: repeats, and several growths of the table.
  values = [draw.getrandbits(64) for _ in range(12_000)]
  for key in draw.choices(values, k=20_000):
    assert table.add(key) == (key not in known)
    known.add(key)
  assert len(table) == len(known)


def test_hashes_that_meet_in_one_slot_stay_apart() -> None:
  table = seen.Seen()
  keys = [i << 40 for i in range(1, 2000)]  # All of them want slot 0.
  assert all(table.add(key) for key in keys)
  assert not any(table.add(key) for key in keys)


def test_a_hash_of_zero_is_a_hash() -> None:
  table = seen.Seen()
  assert table.add(0)
  assert not table.add(0)
