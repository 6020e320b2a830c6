"""Which packages are trained on and which are held out.

Pairs of one package are alike in words and style, so a package is in one split
whole: train, dev or test. A package with a large share of all pairs is always
trained on: held out, it would starve training and make the measure one of that
package alone. The others go, in the order of a hash of their names, to test
until that has enough pairs, then to dev, and the rest to train; adding or
removing a package moves few others.

A held-out pair also needs documentation that no other pair has, in any split:
else a query would have answers that do not count as such, or that were seen in
training. A pair of a held-out package without it is in no split.
"""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import xxhash

from data import identity
from data import program

TRAIN, DEV, TEST = "train", "dev", "test"
HELD_OUT = (DEV, TEST)
SPLITS = (TRAIN, *HELD_OUT)
LEFT_OUT = "left_out"


@dataclasses.dataclass(frozen=True)
class Settings:
  """How to split.

  Attributes:
    dev_pairs: least pairs in dev; 0 for no dev.
    test_pairs: least pairs in test; 0 for no test.
    seed: another order of the packages.
    max_share: a package with more than this share of all pairs is trained on.
    always_train: packages that are, however small.
  """

  dev_pairs: int = 1000
  test_pairs: int = 1500
  seed: int = 0
  max_share: float = 0.03
  always_train: tuple[str, ...] = ()


def assign(
  packages: Sequence[str], documentations: Sequence[str], settings: Settings
) -> list[str]:
  """The split of each pair.

  Args:
    packages: the package of each of N pairs.
    documentations: the documentation of each.
    settings: how to split.

  Returns:
    N values: TRAIN, DEV, TEST, or LEFT_OUT for a pair of a held-out package
    whose documentation is not its own alone.

  Raises:
    program.BadInput: if there are too few pairs for the settings.
  """
  hashes = [identity.hash_text(text) for text in documentations]
  times = collections.Counter(hashes)
  usable = [times[text] == 1 for text in hashes]
  splits = _split_packages(
    collections.Counter(packages),
    collections.Counter(
      package for package, use in zip(packages, usable, strict=True) if use
    ),
    settings,
  )
  return [
    splits[package] if use or splits[package] == TRAIN else LEFT_OUT
    for package, use in zip(packages, usable, strict=True)
  ]


def _split_packages(
  pairs: Mapping[str, int], usable: Mapping[str, int], settings: Settings
) -> dict[str, str]:
  """The split of each package, from its pairs and those fit to be held out."""
  most = settings.max_share * sum(pairs.values())
  splits = dict.fromkeys(pairs, TRAIN)
  free = [
    package
    for package in sorted(pairs, key=lambda name: _rank(name, settings.seed))
    if pairs[package] <= most and package not in settings.always_train
  ]
  for split, wanted in ((TEST, settings.test_pairs), (DEV, settings.dev_pairs)):
    held_out = 0
    while held_out < wanted:
      if not free:
        raise program.BadInput(
          f"{held_out:,} pairs for --{split}_pairs={wanted}, in packages with "
          f"at most {settings.max_share:g} of all {sum(pairs.values()):,} "
          "pairs; lower it (0: none) or raise --max_share"
        )
      package = free.pop(0)
      splits[package] = split
      held_out += usable[package]
  if TRAIN not in splits.values():
    raise program.BadInput(
      "no package is left to train on; lower --dev_pairs and --test_pairs"
    )
  return splits


def _rank(package: str, seed: int) -> tuple[int, str]:
  """The package's place in the order in which packages are held out."""
  return xxhash.xxh3_64_intdigest(f"{seed}:{package}".encode()), package
