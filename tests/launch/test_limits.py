"""Every number of a config has limits, and a wrong one is named."""

import math

import pytest

from data import program
from launch import limits
from launch.configs import default


def number_keys(tree, path=""):
  """The dotted keys of the numbers in a config, booleans left out."""
  for key, value in tree.items():
    if isinstance(value, dict):
      yield from number_keys(value, f"{path}{key}.")
    elif isinstance(value, int | float) and not isinstance(value, bool):
      yield f"{path}{key}"


KEYS = sorted(number_keys(default.get_config().to_dict()))


def changed(key, value):
  """The default config with one other value."""
  config = default.get_config()
  with config.ignore_type():
    config.update_from_flattened_dict({key: value})
  return config


def test_each_number_has_limits():
  assert sorted(limits.LIMITS) == KEYS
  limits.check(default.get_config())


@pytest.mark.parametrize("key", KEYS)
def test_a_number_is_in_its_limits(key):
  least, below = limits.LIMITS[key]
  limits.check(changed(key, least))
  wrong = [least - 1, -math.inf, math.nan, below]
  for value in wrong:
    with pytest.raises(program.BadInput) as error:
      limits.check(changed(key, value))
    said = str(error.value)
    assert said.startswith(f"config.{key} is {value}"), said
    assert f"; wanted {least:,} or more" in said
    assert said.endswith(f"; change --config.{key}")


@pytest.mark.parametrize("fraction", [0, 1.5, -0.1, math.nan, "half"])
def test_rows_are_fractions(fraction):
  with pytest.raises(program.BadInput, match=r"config.batch.ladder has "):
    limits.check(changed("batch.ladder", (0.5, fraction)))


@pytest.mark.parametrize("ladder", [(), (1,), (0.5, 1e-9)])
def test_a_ladder_may_be_short(ladder):
  limits.check(changed("batch.ladder", ladder))


BEST = {"save.best": "dev.ndcg@10", "save.every": 30, "eval.every": 60}


@pytest.mark.parametrize(
  ("changes", "said"),
  [
    ({}, "is 'dev.ndcg@10' and nothing is evaluated; give --config.eval.tasks"),
    (
      {"eval.tasks": "dev", "eval.every": 40},
      "is 40; wanted a multiple of config.save.every, 30: set --config.eval.e",
    ),
  ],
)
def test_the_best_is_among_steps_that_are_evaluated_and_saved(changes, said):
  config = default.get_config()
  config.update_from_flattened_dict(BEST | changes)
  with pytest.raises(program.BadInput) as error:
    limits.check(config)
  assert said in str(error.value)
  config.update_from_flattened_dict(BEST | {"eval.heldout": "dev"})
  limits.check(config)
