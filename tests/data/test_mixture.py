"""Weights become whole numbers, and wrong ones are named."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from data import mixture
from data import program


def test_opens_folders_with_weights(write_pairs):
  code, faq = write_pairs(20, "code"), write_pairs(30, "faq")
  opened = mixture.open_mixture(f"{code}=3,{faq}")
  assert opened.names == ("code", "faq")
  assert opened.weights == (3, 1)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=50))
def test_weights_keep_their_proportions(weights):
  names = [str(i) for i in range(len(weights))]
  whole = mixture.integer_weights(weights, names)
  total, whole_total = math.fsum(weights), sum(whole)
  assert whole_total <= mixture.MAX_TOTAL_WEIGHT
  for weight, number in zip(weights, whole, strict=True):
    assert number / whole_total == pytest.approx(
      weight / total, abs=1 / mixture.MAX_TOTAL_WEIGHT
    )


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "much"])
def test_wrong_weights_are_named(write_pairs, weight):
  with pytest.raises(program.BadInput, match=r"weight"):
    mixture.open_mixture(f"{write_pairs()}={weight}")


def test_a_weight_that_rounds_to_nothing_is_an_error():
  with pytest.raises(program.BadInput, match=r"'b' is less than 1 in 65,536"):
    mixture.integer_weights([1.0, 1e-9], "ab")


def test_names_stand_once(write_pairs):
  folder = write_pairs()
  with pytest.raises(program.BadInput, match=r"'code' stands twice"):
    mixture.open_mixture(f"{folder},{folder}")


def test_an_empty_mixture_is_named():
  with pytest.raises(program.BadInput, match=r"mixture is empty"):
    mixture.open_mixture(" , ")
