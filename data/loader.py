"""From a step number to a packed batch, and the grain data set of them.

    mixture -> schedule(step) -> records -> token ids -> shards -> rows

`Batches` maps a step to a `Batch` by random access; `iterate` lets grain run
it in threads or worker processes, ahead of training. The state of the input is
the step alone: a run that is resumed begins to iterate there, on as many hosts
as there are then.
"""

from collections.abc import Iterator, Sequence

import grain
import numpy as np

from data import assemble
from data import batch as batch_lib
from data import choose
from data import drawn
from data import gather
from data import layout as layout_lib
from data import mixture as mixture_lib
from data import permutation
from data import program
from data import schedule
from data import shapes
from data import worker


class Batches:
  """The batches of a run, by random access.

  Args:
    mixture: data sets, weights and options.
    source: gives the tokens of their records.
    layout: the batches' shapes.
    datasets_per_batch: see `schedule.slots_of_a_batch`.
    seed: of the order.
    steps: of the whole run.
    since: the step at which this mixture took the place of another; its
      schedule begins there.
    run_length: how many neighbours on disk are drawn together.
    shards: the pack shards that this host fills; all of them if None.
    objective: the objective of each data set's pairs, in the mixture's order;
      0 for all if None.

  Attributes:
    schedule: which records stand in a batch.
    drawn: what steps have seen of the data sets.

  Raises:
    program.BadInput: for a schedule that cannot be, or that ends too early.
  """

  def __init__(
    self,
    mixture: mixture_lib.Mixture,
    source: gather.Source,
    layout: layout_lib.Layout,
    *,
    datasets_per_batch: str,
    seed: int,
    steps: int,
    since: int = 0,
    run_length: int = 1,
    shards: Sequence[int] | None = None,
    objective: Sequence[int] | None = None,
  ):
    given = objective or [0] * len(mixture.entries)
    assert len(given) == len(mixture.entries), (objective, mixture.names)
    self._objective = np.array(given, np.int32)
    self._source, self._layout, self._shards = source, layout, shards
    self._steps, self._since = steps, since
    # A mixture that began later has an order of its own.
    seed = permutation.mix(seed, since) if since else seed
    self._chooser = choose.Chooser(mixture.options, layout.columns, seed)
    self.schedule = schedule.of_mixture(
      mixture,
      batch_size=layout.size,
      datasets_per_batch=datasets_per_batch,
      seed=seed,
      run_length=run_length,
    )
    self.drawn = drawn.Drawn(mixture.names, self.schedule, since)
    last = self.schedule.batches
    if last is not None and steps - since > last:
      raise program.BadInput(
        f"every data set has left the mixture after {last:,} batches, at its "
        f"max_epochs, and the run has {steps - since:,}; lower "
        f"--config.optim.steps to {since + last} or raise max_epochs"
      )

  def __len__(self) -> int:
    return self._steps

  def choose_shapes(self, count: int) -> layout_lib.Layout:
    """The layout with `count` shapes that waste least on these batches."""
    return shapes.choose(
      self._layout,
      count,
      schedule=self.schedule,
      source=self._source,
      chooser=self._chooser,
      steps=self._steps - self._since,
    )

  def draw(self, step: int) -> schedule.Draw:
    """Which records stand in the batch of a step."""
    assert step >= self._since, (step, self._since)
    return self.schedule.batch(step - self._since)

  def tokens(self, step: int) -> tuple[np.ndarray, batch_lib.Tokens]:
    """The data set of each pair of a step, int32 [B], and their tokens."""
    draw = self.draw(step)
    return draw.data_set, self._source.read(draw, self._chooser)

  def __getitem__(self, index: int) -> batch_lib.Batch:
    data_set, tokens = self.tokens(index)
    return assemble.assemble(
      tokens, data_set, self._layout, self._shards, self._objective
    )


def data_set(
  batches: Batches, start: int, *, threads: int, ahead: int, workers: int = 0
) -> grain.IterDataset[batch_lib.Batch]:
  """Batches from step `start` on, as grain's data set; see `iterate`."""
  options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=ahead)
  found = grain.MapDataset.source(batches)[start:].to_iter_dataset(options)
  if workers:
    found = found.mp_prefetch(
      grain.MultiprocessingOptions(
        workers, per_worker_buffer_size=max(ahead, 1)
      ),
      worker.serve,
    )
  return found


def iterate(
  batches: Batches, start: int, *, threads: int, ahead: int, workers: int = 0
) -> Iterator[batch_lib.Batch]:
  """Batches from step `start` on, read ahead of their use.

  Args:
    batches: the run's batches.
    start: the first step.
    threads: that prepare batches side by side, in each process.
    ahead: batches that may wait ready, in each process.
    workers: processes that prepare batches; 0 for this one's threads alone.

  Returns:
    An iterator that ends with the run's last step.
  """
  return iter(
    data_set(batches, start, threads=threads, ahead=ahead, workers=workers)
  )
