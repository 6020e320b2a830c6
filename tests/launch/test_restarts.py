"""When a run is started again, over tables of ends."""

import itertools

import hypothesis
from hypothesis import strategies as st
import pytest

from launch import restarts


@pytest.mark.parametrize(
  ("codes", "code"),
  [
    ([0, 0, 0], 0),
    ([0, 2], 2),
    ([0, 3], 3),
    ([75, 75], 75),
    # A signal is as shells have it, and what came first counts...
    ([-9, -15], 137),
    ([1, -15, 75], 1),
    # ... unless it is final: the others went down with it.
    ([1, 2, -15], 2),
    ([-9, 3], 3),
  ],
)
def test_the_code_of_a_pod(codes, code):
  assert restarts.code_of(codes) == code


@pytest.mark.parametrize("code", [0, 2, 3])
def test_final_codes_end_it(code):
  rule = restarts.Restarts()
  assert rule.after([75, 75], 0).code is None
  assert rule.after([0, code], 5) == restarts.Verdict(code)


@pytest.mark.parametrize(
  ("steps", "waits"),
  [
    # Three that name nothing new end it, with a longer wait before the last.
    ([0, 0, 0], [1, 2]),
    ([5, 5, 5, 5], [1, 1, 2]),
    # One that got on counts anew, wherever it began.
    ([0, 0, 5, 5, 5, 9, 9, 12], [1, 2, 1, 1, 2, 1, 1, 1]),
    # One that fell back (a torn checkpoint) has not brought it on.
    ([10, 5, 10, 0], [1, 1, 2]),
    ([10, 5, 15, 15, 15, 15], [1, 1, 1, 1, 2]),
  ],
)
def test_starts_that_bring_no_step_end_it(steps, waits):
  rule = restarts.Restarts()
  verdicts = [rule.after([1, -9], step) for step in steps]
  assert [v.wait_s for v in verdicts if v.code is None] == waits
  if len(waits) < len(steps):
    assert verdicts[-1].code == 1
    assert verdicts[-1].why == "3 starts in a row brought no step"
  assert rule.count == len(waits)


def test_it_is_started_again_so_often_and_no_more():
  rule = restarts.Restarts(most=2)
  for step in (1, 2):
    assert rule.after([-9], step).code is None
  verdict = rule.after([-9], 3)
  assert (verdict.code, verdict.why) == (137, "it was started again 2 times")
  assert restarts.Restarts(most=0).after([1], 7).code == 1


@hypothesis.given(st.lists(st.integers(0, 4), max_size=30))
def test_the_rule_is_what_the_page_says(steps):
  """Against the rule in other words: look back over all starts each time."""
  rule = restarts.Restarts()
  for count in range(1, len(steps) + 1):
    best = list(itertools.accumulate(steps[:count], max, initial=0))
    last = [new > old for old, new in itertools.pairwise(best)][-3:]
    verdict = rule.after([1], steps[count - 1])
    assert (verdict.code is not None) == (last == [False] * 3)
    if verdict.code is not None:
      return
    assert verdict.wait_s == (2 if last[-2:] == [False] * 2 else 1)


@pytest.mark.parametrize(
  ("line", "step"),
  [
    ("starting at step 0", 0),
    ("going on from step 40", 40),
    ("saved step 1000", 1_000),
    ("saving step 7", 0),
    ("step 7: loss 1.5", 0),
    ("preempted: step 7 is saved", 0),
  ],
)
def test_the_step_that_a_line_names(line, step):
  assert restarts.step_of(line) == step
