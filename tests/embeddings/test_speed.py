"""Shares and speeds are of one and the same time."""

import time

import pytest

from embeddings import speed as speed_lib


def test_all_are_of_the_same_time():
  speed = speed_lib.Speed(16, peak=1e9)
  for tokens in (100, 150, 110):
    speed.add(tokens, 2e6)
  time.sleep(0.02)
  speed.waited(0.015)
  found = speed.found()
  seconds = 3 * 16 / found["pairs_per_s"]
  assert seconds >= 0.02
  # All steps count, not the last alone.
  assert found["tokens_per_s"] * seconds == pytest.approx(360)
  assert found["data_wait_share"] * seconds == pytest.approx(0.015)
  assert found["mfu"] * seconds == pytest.approx(6e6 / 1e9)
  speed.begin()
  assert set(speed.found().values()) == {0.0}


def test_rest_is_left_out():
  start = time.monotonic()
  speed = speed_lib.Speed(1)
  with speed.resting():
    time.sleep(0.1)
  speed.add(1, 1.0)
  seconds = 1 / speed.found()["pairs_per_s"]
  assert seconds < time.monotonic() - start - 0.1


def test_a_line_is_short():
  speed = speed_lib.Speed(1, peak=None)
  speed.add(1, 1.0)
  assert speed.line().endswith(" pairs/s")
  speed.waited(1e6)
  assert speed.line().endswith(" pairs/s, 100% of the time waits for data")
  speed = speed_lib.Speed(1, peak=1e3)
  speed.add(1, 1.0)
  assert ", MFU " in speed.line()


def test_without_a_peak_there_is_no_mfu():
  assert "mfu" not in speed_lib.Speed(1).found()
