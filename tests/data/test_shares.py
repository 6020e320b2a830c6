"""Weights become whole numbers in the same proportion."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from data import program
from data import shares


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=50))
def test_weights_keep_their_proportions(weights):
  names = [str(i) for i in range(len(weights))]
  whole = shares.integer_weights(weights, names)
  total, whole_total = math.fsum(weights), sum(whole)
  assert whole_total <= shares.MAX_TOTAL_WEIGHT
  for weight, number in zip(weights, whole, strict=True):
    assert number / whole_total == pytest.approx(
      weight / total, abs=1 / shares.MAX_TOTAL_WEIGHT
    )


def test_a_weight_that_rounds_to_nothing_is_an_error():
  with pytest.raises(program.BadInput, match=r"'b' is less than 1 in 65,536"):
    shares.integer_weights([1.0, 1e-9], "ab")


@pytest.mark.parametrize("weight", [0, -2, math.nan, math.inf])
def test_a_weight_that_is_none_is_named(weight):
  with pytest.raises(program.BadInput, match=f"'b' has weight {weight}"):
    shares.integer_weights([1, weight], "ab")


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=9))
def test_temperature_lies_between_even_and_by_size(sizes):
  weights = [1.0] * len(sizes)
  assert shares.tempered(weights, sizes, 0) == weights
  assert shares.tempered(weights, sizes, 1) == pytest.approx(sizes)
  warm = shares.tempered(weights, sizes, 4)
  assert max(warm) / min(warm) == pytest.approx(
    (max(sizes) / min(sizes)) ** 0.25
  )
