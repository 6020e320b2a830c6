"""Intervals of differences: against numpy's own, and against the truth."""

import dataclasses

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from embeddings.evals import bootstrap
from embeddings.evals import means


def outcome(values, name="accuracy"):
  """An outcome with these values of its items."""
  return means.Means({name: np.asarray(values, np.float64)})


def two(seed, items=60):
  """The values of two models that are alike where items are hard."""
  random = np.random.default_rng(seed)
  hard = random.normal(size=items)
  return hard + random.normal(size=(2, items)) / 2


def test_it_is_what_numpy_gives_directly():
  first, second = two(0)
  found = bootstrap.compare(outcome(first), outcome(second), resamples=400)
  chosen = np.array(list(bootstrap.draws(60, 400, seed=0)))
  drawn = (first - second)[chosen].mean(1)
  assert found["accuracy"] == pytest.approx(
    (
      (first - second).mean(),
      *np.percentile(drawn, [2.5, 97.5]),
      (drawn > 0).mean(),
    )
  )


@hypothesis.settings(max_examples=20, deadline=None)
@hypothesis.given(
  st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.integers(0, 9)
)
def test_a_model_does_not_differ_from_itself(values, seed):
  one = outcome(values)
  found = bootstrap.compare(one, one, resamples=20, seed=seed)
  assert found == {"accuracy": (0.0, 0.0, 0.0, 0.0)}


def test_the_items_are_the_same_for_both():
  # Items of all sizes, each a little better: drawn apart, this would drown.
  values = np.random.default_rng(0).normal(size=40) * 100
  found = bootstrap.compare(outcome(values + 0.25), outcome(values))
  assert found["accuracy"] == pytest.approx((0.25, 0.25, 0.25, 1.0))


def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
  held = 0
  for seed in range(200):
    first, second = two(seed)
    found = bootstrap.compare(
      outcome(first), outcome(second), resamples=200, seed=seed
    )["accuracy"]
    assert found.low is not None and found.high is not None
    held += found.low <= 0 <= found.high  # the models are equally good
  assert 0.90 <= held / 200 <= 0.98


def test_the_seed_says_which_items_are_drawn():
  one, other = (outcome(values) for values in two(1))
  again = bootstrap.compare(one, other, resamples=50, seed=3)
  assert bootstrap.compare(one, other, resamples=50, seed=3) == again
  assert bootstrap.compare(one, other, resamples=50, seed=4) != again


def test_draws_are_of_all_items_alike():
  drawn = np.array(list(bootstrap.draws(7, 2_000, seed=0)))
  assert drawn.shape == (2_000, 7)
  counts = np.bincount(drawn.ravel(), minlength=7)
  np.testing.assert_allclose(counts / 2_000, 1, atol=0.1)
  # Philox's bits, which do not change with numpy.
  assert next(bootstrap.draws(7, 1, seed=0)).tolist() == [1, 2, 5, 2, 5, 3, 3]


def test_measures_are_those_asked_for_and_shared():
  one = means.Means({"a": np.ones(3), "b": np.zeros(3)})
  other = means.Means({"b": np.ones(3), "a": np.zeros(3), "c": np.ones(3)})
  assert list(bootstrap.compare(one, other, resamples=2)) == ["a", "b"]
  assert list(bootstrap.compare(one, other, ["b"], resamples=2)) == ["b"]


def test_what_has_no_items_has_no_interval():
  @dataclasses.dataclass
  class Whole:
    value: float
    items: int = 0

    def measure(self, chosen=None):
      assert chosen is None
      return {"f1": self.value}

  found = bootstrap.compare(Whole(0.75), Whole(0.5))
  assert found == {"f1": (0.25, None, None, None)}


def test_resamples_without_a_value_do_not_count():
  # The mean of items of a kind, of which a sample may have none.
  values = np.array([np.nan, np.nan, 0.5])

  class Some(means.Means):
    def measure(self, chosen=None):
      drawn = self.values["a"] if chosen is None else self.values["a"][chosen]
      there = drawn[~np.isnan(drawn)]
      return {"a": float(there.mean()) if len(there) else float("nan")}

  one, other = Some({"a": values}), Some({"a": values - 0.25})
  assert bootstrap.compare(one, other)["a"] == (0.25, 0.25, 0.25, 1.0)
