"""Tests of data/sources/reddit_ids.py."""

import hypothesis
from hypothesis import strategies

from data.sources import reddit_ids

NUMBERS = strategies.integers(0, 36**12 - 1)


@hypothesis.given(NUMBERS)
def test_keys_are_the_numbers_of_ids(number: int):
  name = reddit_ids.base_36(number)
  assert reddit_ids.key(name) == number == int(name, 36)


@hypothesis.given(strategies.text("0123456789abcxyz_-AZ", max_size=15))
def test_no_other_name_has_the_key_of_an_id(name: str):
  key = reddit_ids.key(name)
  assert -(2**63) <= key < 2**63
  assert key < 0 or reddit_ids.base_36(key) == name


def test_prefixes_are_taken_off_once():
  names = ["t1_dvedzte", "t2_id-A", "dvedzte", "t1_t1_x", "top-level"]
  bare = ["dvedzte", "id-A", "dvedzte", "t1_x", "top-level"]
  assert [reddit_ids.bare(name) for name in names] == bare


def test_bots():
  for name in ("AutoModerator", "RemindMeBot", "some_bot", "autotldr"):
    assert reddit_ids.is_bot(name)
  assert not reddit_ids.is_bot("bottle_cap")
  assert reddit_ids.is_bot("Helper", frozenset({"helper"}))


def test_threads_are_held_out_as_the_project_does():
  # (1 + md5 % 4096) / 4096 is 0.9314 and 0.4587 of these.
  assert reddit_ids.is_test("b3fj9p", 0.1)
  assert not reddit_ids.is_test("axw3k1", 0.1)
  threads = [reddit_ids.base_36(number) for number in range(4000)]
  for share in (0.0, 0.25, 1.0):
    held_out = sum(reddit_ids.is_test(thread, share) for thread in threads)
    assert abs(held_out / len(threads) - share) < 0.03


def test_a_larger_share_holds_the_same_threads_out():
  threads = [reddit_ids.base_36(number) for number in range(500)]
  few = {thread for thread in threads if reddit_ids.is_test(thread, 0.1)}
  more = {thread for thread in threads if reddit_ids.is_test(thread, 0.3)}
  assert few < more
