"""How sure the difference of two models is: the paired bootstrap.

    intervals = bootstrap.compare(first_outcome, second_outcome)
    intervals["ndcg_at_10"].low     # of the 95 % of resamples in the middle

Items (queries, pairs, texts) are drawn with replacement, the same for both
models, and both are measured on them; what that gives a thousand times over is
how the difference would vary over tasks like this one (Efron & Tibshirani 1993,
percentile intervals; paired, as in Koehn 2004, "Statistical significance tests
for machine translation evaluation").
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from embeddings.evals import task as task_lib


class Interval(NamedTuple):
  """The difference of two models in one measure, the first less the second.

  Attributes:
    value: on all items.
    low: the difference that 2.5 % of the resamples stay below; None, as the
      others, where no sample can be measured.
    high: that which 2.5 % of them exceed.
    better: the share of resamples in which the first model's measure is larger.

  Resamples that a measure is not defined on (nan) do not count.
  """

  value: float
  low: float | None = None
  high: float | None = None
  better: float | None = None


def compare(
  first: task_lib.Outcome,
  second: task_lib.Outcome,
  measures: Sequence[str] = (),
  *,
  resamples: int = 1_000,
  seed: int = 0,
  level: float = 0.95,
) -> dict[str, Interval]:
  """Intervals for the difference of two models on one task.

  Args:
    first: what a model did on a task.
    second: what another did on the same.
    measures: names of them; all that both outcomes have, unless told.
    resamples: how many samples are drawn.
    seed: of the draws; the same gives the same intervals.
    level: the share of resamples between low and high.

  Returns:
    By measure, in the order of `measures`.
  """
  assert first.items == second.items, (first.items, second.items)
  ours, theirs = first.measure(), second.measure()
  names = [name for name in measures or ours if name in theirs]
  found = {name: Interval(ours[name] - theirs[name]) for name in names}
  if not first.items:
    return found
  drawn = np.array(
    [
      _differences(names, first.measure(chosen), second.measure(chosen))
      for chosen in draws(first.items, resamples, seed)
    ]
  )
  return {
    name: _interval(found[name].value, differences, level)
    for name, differences in zip(names, drawn.T, strict=True)
  }


def _interval(
  value: float,
  drawn: np.ndarray,  # [R]
  level: float,
) -> Interval:
  """What the resamples say of a difference."""
  drawn = drawn[~np.isnan(drawn)]
  if not len(drawn):
    return Interval(value)
  tails = 100 * (1 - level) / 2
  low, high = np.percentile(drawn, [tails, 100 - tails])
  return Interval(value, float(low), float(high), float((drawn > 0).mean()))


def draws(items: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
  """The items of each resample, int64 [items], with replacement.

  They come from the bits of Philox, which no version of numpy changes.
  """
  bits = np.random.Philox(seed)
  for _ in range(resamples):
    yield (bits.random_raw(items) % np.uint64(items)).astype(np.int64)


def _differences(
  names: list[str], first: dict[str, float], second: dict[str, float]
) -> list[float]:
  """First less second of each measure."""
  return [first[name] - second[name] for name in names]
