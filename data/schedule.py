"""Which records stand in batch number `step`: a pure function, no state.

A batch has k slots of B / k pairs, each filled by one data set. data/block.py
says which; there, each block of batches holds exact shares. A data set that
may be seen a number of epochs at most leaves the mixture at the last border of
a block before it would be seen more often, and the rest keep their
proportions: the blocks between two such borders are a phase.

Inside a data set, draws follow each other in time; each epoch is a keyed
permutation of its records. Nothing here knows of hosts, devices or threads.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data import block as block_lib
from data import mixture as mixture_lib
from data import permutation
from data import program

VERSION = 1

# A data set is cut into at least so many runs, or neighbours would be partners
# too often.
_LEAST_RUNS = 1_024


class Draw(NamedTuple):
  """The pairs of one batch, slot by slot."""

  data_set: np.ndarray  # int32 [B], index into the mixture
  record: np.ndarray  # int64 [B], index into the data set
  epoch: np.ndarray  # int64 [B], of the data set, from 0


class Phase(NamedTuple):
  """Blocks with the same weights."""

  start: int  # the first batch
  blocks: int | None  # how many; None for no end
  first_block: int  # blocks before
  weights: tuple[int, ...]  # 0 for a data set that has left
  drawn: np.ndarray  # int64, slots that each data set has filled before


def slots_of_a_batch(text: str, sets: int, batch_size: int) -> int:
  """k, of what a config says.

  Args:
    text: a whole number; "all", for each pair a slot of its own, so that every
      batch holds all data sets in proportion; or nothing, for 2, or 1 where
      there is one data set.
    sets: data sets in the mixture.
    batch_size: B.

  Raises:
    program.BadInput: for anything else, and for more slots than data sets.
  """
  if text == "all":
    return batch_size
  if not text:
    return min(2, sets)
  if not text.isdecimal() or not 1 <= int(text) <= sets:
    raise program.BadInput(
      f"datasets_per_batch is {text} and the mixture has {sets} data set(s); "
      f"wanted 1 to {sets}, or all: set config.data.datasets_per_batch"
    )
  return int(text)


class Schedule:
  """The order of training for data sets of given sizes and weights.

  Args:
    names: of the data sets, for messages.
    sizes: records in each data set.
    weights: whole numbers, as `shares.integer_weights` gives them.
    batch_size: B, pairs in a global batch.
    slots: k, slots in a batch.
    seed: another seed is another order.
    max_epochs: how often each data set may be seen, at most; inf for no limit.
    run_length: how many neighbours on disk are drawn together.

  Attributes:
    sizes: records in each data set, int64.
    slot: pairs in a slot, B / k.
    phases: the blocks with the same weights; most mixtures have one phase.

  Raises:
    program.BadInput: if k does not divide B, a data set is smaller than a
      slot, or may be seen less often than one block asks for.
  """

  def __init__(
    self,
    names: Sequence[str],
    sizes: Sequence[int],
    weights: Sequence[int],
    *,
    batch_size: int,
    slots: int,
    seed: int,
    max_epochs: Sequence[float] | None = None,
    run_length: int = 1,
  ):
    if batch_size % slots:
      raise program.BadInput(
        f"the batch of {batch_size} pairs cannot be shared by "
        f"datasets_per_batch={slots}; make batch.size a multiple of it"
      )
    self.slot = batch_size // slots
    for name, size in zip(names, sizes, strict=True):
      if size < self.slot:
        raise program.BadInput(
          f"data set {name!r} has {size} records and its slot in a batch takes "
          f"{self.slot}; lower --config.batch.size to {size * slots} or raise "
          "datasets_per_batch"
        )
    self.sizes = np.asarray(sizes, np.int64)
    self._k, self._seed = slots, seed
    self._seeds = np.array([seed], np.uint64)
    self._run_lengths = np.clip(self.sizes // _LEAST_RUNS, 1, run_length)
    most = np.full(len(sizes), math.inf) if max_epochs is None else max_epochs
    self._most_slots = np.floor(np.asarray(most) * self.sizes / self.slot)
    self.phases = self._phases(names, tuple(weights))

  @property
  def batches(self) -> int | None:
    """How many batches there are; None where there is no end."""
    last = self.phases[-1]
    if last.blocks is None:
      return None
    return last.start + last.blocks * sum(last.weights)

  def batch(self, step: int) -> Draw:
    """The pairs of batch number `step`, 0 or more."""
    sets, draws = self.slots(step)
    data_set = np.repeat(sets, self.slot)
    first = np.repeat(draws * self.slot, self.slot)
    places = first + np.tile(np.arange(self.slot), self._k)
    epoch, place = np.divmod(places, self.sizes[data_set])
    record = permutation.permute_runs(
      place,
      self.sizes[data_set],
      permutation.mix_arrays(self._seeds, 1, data_set, epoch),
      self._run_lengths[data_set],
    )
    return Draw(data_set.astype(np.int32), record, epoch)

  def slots(self, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The data set of each slot of a batch, and that data set's draw.

    Returns:
      int64 [k] each; draws of a data set are counted from the first batch on.
    """
    phase, block, number, time = self._locate(step)
    sets, draws = block.slots(time)
    shares = self._k * np.asarray(phase.weights, np.int64)[sets]
    return sets, phase.drawn[sets] + number * shares + draws

  def drawn(self, step: int) -> np.ndarray:
    """Pairs that each data set has given before batch `step`: int64."""
    if step == self.batches:
      last = self.phases[-1]
      shares = self._k * np.asarray(last.weights, np.int64)
      return (last.drawn + (last.blocks or 0) * shares) * self.slot
    phase, block, number, time = self._locate(step)
    shares = self._k * np.asarray(phase.weights, np.int64)
    return (phase.drawn + number * shares + block.before(time)) * self.slot

  def most_slots(self, index: int) -> int:
    """How many slots of one batch a data set fills, at most."""
    return max(
      -(-self._k * phase.weights[index] // sum(phase.weights))
      for phase in self.phases
    )

  def leaves(self, index: int) -> int | None:
    """The batch before which a data set leaves; None if it stays."""
    staying = [phase for phase in self.phases if phase.weights[index]]
    if staying[-1] is self.phases[-1]:
      return self.batches
    return self.phases[len(staying)].start

  def _locate(self, step: int) -> tuple[Phase, block_lib.Block, int, int]:
    """The phase of a batch, its block and that block's number, and the time."""
    assert self.batches is None or step < self.batches, (step, self.batches)
    phase = next(p for p in reversed(self.phases) if p.start <= step)
    number, time = divmod(step - phase.start, sum(phase.weights))
    block = block_lib.block(
      phase.weights, self._k, self._seed, phase.first_block + number
    )
    return phase, block, number, time

  def _phases(
    self, names: Sequence[str], weights: tuple[int, ...]
  ) -> list[Phase]:
    """The blocks up to each border at which a data set leaves."""
    phases: list[Phase] = []
    start, first_block = 0, 0
    drawn = np.zeros(len(weights), np.int64)
    while any(weights):
      shares = self._k * np.asarray(weights, np.int64)
      in_mixture = shares > 0
      allowed = np.full(len(weights), math.inf)
      left = self._most_slots[in_mixture] - drawn[in_mixture]
      allowed[in_mixture] = np.floor(left / shares[in_mixture])
      fewest = allowed.min()
      if math.isinf(fewest):
        return [*phases, Phase(start, None, first_block, weights, drawn)]
      if not phases and not fewest:
        self._refuse_cap(names, int(allowed.argmin()), weights)
      blocks = int(fewest)
      if blocks:
        phases.append(Phase(start, blocks, first_block, weights, drawn))
        drawn = drawn + blocks * shares
        start, first_block = start + blocks * sum(weights), first_block + blocks
      staying = [
        w * (a > fewest) for w, a in zip(weights, allowed, strict=True)
      ]
      divisor = math.gcd(*staying) or 1
      weights = tuple(int(weight) // divisor for weight in staying)
    return phases

  def _refuse_cap(
    self, names: Sequence[str], index: int, weights: tuple[int, ...]
  ) -> None:
    """Raises BadInput for a data set that may not even fill one block."""
    needed = self._k * weights[index] * self.slot
    size = int(self.sizes[index])
    raise program.BadInput(
      f"data set {names[index]!r} gives {needed:,} pairs to the first "
      f"{sum(weights):,} batches, after which shares come out exactly, and its "
      f"max_epochs allows {int(self._most_slots[index]) * self.slot:,}; wanted "
      f"max_epochs of {needed / size:.2f} or more, a lower weight, or weights "
      "that are smaller whole numbers"
    )


def of_mixture(
  mixture: mixture_lib.Mixture,
  *,
  batch_size: int,
  datasets_per_batch: str,
  seed: int,
  run_length: int = 1,
) -> Schedule:
  """The order of training for a mixture; see `Schedule` for the arguments."""
  return Schedule(
    mixture.names,
    mixture.sizes,
    mixture.weights,
    batch_size=batch_size,
    slots=slots_of_a_batch(datasets_per_batch, len(mixture.names), batch_size),
    seed=seed,
    max_epochs=[o.max_epochs or math.inf for o in mixture.options],
    run_length=run_length,
  )
