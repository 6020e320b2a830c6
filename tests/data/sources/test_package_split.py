"""Tests of data/sources/package_split.py."""

import collections

import hypothesis
from hypothesis import strategies
import pytest

from data import program
from data.sources import package_split

SIZES = {"big": 60, **{f"small{i}": 4 for i in range(10)}}


def assign(
  sizes: dict[str, int], documentations: list[str] | None = None, **given
) -> tuple[list[str], list[str]]:
  """The package and the split of each pair."""
  packages = [name for name, size in sizes.items() for _ in range(size)]
  if documentations is None:
    documentations = [f"text {i}" for i in range(len(packages))]
  settings = {"test_pairs": 7, "dev_pairs": 3, "max_share": 0.5} | given
  return packages, package_split.assign(
    packages, documentations, package_split.Settings(**settings)
  )


def packages_of(packages: list[str], splits: list[str]) -> dict[str, set[str]]:
  """Split -> its packages."""
  found = collections.defaultdict(set)
  for package, split in zip(packages, splits, strict=True):
    found[split].add(package)
  return found


def test_test_and_dev_get_as_many_packages_as_they_need() -> None:
  packages, splits = assign(SIZES)
  assert collections.Counter(splits) == {"test": 8, "dev": 4, "train": 88}
  found = packages_of(packages, splits)
  assert "big" in found["train"]
  assert len(found["test"]) == 2
  assert len(found["dev"]) == 1
  assert sum(map(len, found.values())) == len(SIZES)  # None is in two.


def test_the_split_is_pinned() -> None:
  # By xxh3-64 of "seed:name": what was held out once stays so.
  for seed, test, dev in (
    (0, {"small0", "small4"}, {"small9"}),
    (1, {"small0", "small5"}, {"small2"}),
  ):
    found = packages_of(*assign(SIZES, seed=seed))
    assert (found["test"], found["dev"]) == (test, dev)


def test_some_packages_are_always_trained_on() -> None:
  names = tuple(f"small{i}" for i in range(7))
  for seed in range(5):
    found = packages_of(*assign(SIZES, seed=seed, always_train=names))
    assert found["train"] == {"big", *names}


@hypothesis.given(
  strategies.lists(strategies.integers(1, 6), min_size=6, max_size=12),
  strategies.data(),
)
def test_rules_hold_for_any_packages(
  sizes: list[int], data: strategies.DataObject
) -> None:
  named = {f"p{i}": size for i, size in enumerate(sizes)}
  texts = data.draw(
    strategies.lists(
      strategies.sampled_from("abcdefghijklmnopqrstuvwxyz"),
      min_size=sum(sizes),
      max_size=sum(sizes),
    )
  )
  try:
    packages, splits = assign(named, texts, test_pairs=2, dev_pairs=1)
  except program.BadInput:
    return
  for text, split in zip(texts, splits, strict=True):
    if split in package_split.HELD_OUT:
      assert texts.count(text) == 1
  numbers = collections.Counter(splits)
  assert numbers["test"] >= 2
  assert numbers["dev"] >= 1
  assert numbers["train"] >= 1
  found = packages_of(packages, splits)
  held_out = found["test"] | found["dev"] | found["left_out"]
  assert found["train"].isdisjoint(held_out)
  assert found["test"].isdisjoint(found["dev"])


def test_a_held_out_text_that_is_not_alone_is_in_no_split() -> None:
  texts = [f"text {i}" for i in range(100)]
  _, before = assign(SIZES, texts)
  in_test, in_train = before.index("test"), before.index("train")
  texts[in_test], texts[in_train] = "The same", "the  same"
  packages, after = assign(SIZES, texts)
  assert (after[in_test], after[in_train]) == ("left_out", "train")
  # The 7 left in the two packages are enough; with one less, a third comes.
  assert collections.Counter(after)["test"] == 7
  second = before.index("test", in_test + 1)
  texts[second] = "the same"
  packages, after = assign(SIZES, texts)
  assert len(packages_of(packages, after)["test"]) == 3


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"test_pairs": 41}, "40 pairs for --test_pairs=41, .* at most 0.5 of all"),
    ({"test_pairs": 40, "dev_pairs": 1}, "0 pairs for --dev_pairs=1"),
    ({"max_share": 0.03}, "0 pairs for --test_pairs=7"),
    (
      {"max_share": 1.0, "test_pairs": 97, "dev_pairs": 0},
      "no package is left to train on",
    ),
  ],
)
def test_too_few_pairs_are_refused(given: dict, message: str) -> None:
  with pytest.raises(program.BadInput, match=message):
    assign(SIZES, **given)


def test_no_pairs_held_out_need_no_packages() -> None:
  _, splits = assign({"one": 3}, test_pairs=0, dev_pairs=0)
  assert splits == ["train"] * 3
