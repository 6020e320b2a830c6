"""Measures what a checkpoint costs while a model trains.

    python -m tools.bench.save --data=../shared/data

Two take the same steps from the weights of --model (by default
all-MiniLM-L6-v2, out of a development package) on real batches of --size pairs,
as tools.bench.train has them: one saves its state every --every steps, with the
`Checkpoints` that training has, into a folder below --out, and one does not.
They alternate stretch by stretch, --steps in all, --rounds times, and who
begins changes. A stretch of the one that saves begins with the save and ends
when it is committed, so that none of its work is left to the other. Start it as
launch/venv.sh says (tune_environment), on a machine that does nothing else.

The memory is what the process has at its peak in a few steps with a save,
beyond what it has in them without one; that of the host, where the state is
copied to before it is written.

The last line is JSON:

    save_overhead             what saves add to the time of the steps, as a
                              fraction: the median over stretches
    save_overhead_quartiles   its quartiles
    peak_over_state           memory that is added at the peak, over the bytes
                              of the state: the median of --rounds; null where
                              the system does not tell
    state_mib                 parameters, moments and counters
    save_blocks_s             until a step can follow: the median
    save_takes_s              until it is committed: the median
    step_s                    of a step without: the median
"""

import pathlib
import tempfile
import time
from typing import Any

from absl import flags
import jax
import numpy as np

from data import program
from data import tokens
from embeddings import checkpoint
from embeddings import pretrained
from tools.bench import machine
from tools.bench import minilm
from tools.bench import mix
from tools.bench import our_trainer
from tools.bench import peak_memory

_MEMORY_STEPS = 3  # of a save at whose peak memory is looked at


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("data", "", "A folder of real pairs (pairs.jsonl.gz).")
  flags.DEFINE_string("model", "", "A sentence-transformers folder.")
  flags.DEFINE_string("out", "", "Where it saves; a temporary folder if empty.")
  count = flags.DEFINE_integer
  count("size", 64, "Pairs a batch.", lower_bound=2)
  count("batches", 4, "Different batches.", lower_bound=1)
  count("steps", 100, "Steps of a round, of either.", lower_bound=1)
  count("every", 20, "Steps between two saves.", lower_bound=1)
  count("rounds", 3, "Times that all is measured.", lower_bound=1)
  count("pairs", 4_096, "Most pairs of each file; 0 for all.", lower_bound=0)
  count("max_length", 128, "Most tokens a text.", lower_bound=2)


class Saving:
  """A trainer that saves, or not, and how long it took.

  Args:
    trainer: takes the steps.
    folder: where its state is saved; it need not exist.
    batches: how many the trainer has.

  Attributes:
    blocked, took: seconds that each save held the steps up, and in all.
  """

  def __init__(
    self, trainer: our_trainer.OurTrainer, folder: pathlib.Path, batches: int
  ):
    self._trainer, self._batches = trainer, batches
    self._checkpoints = checkpoint.Checkpoints(folder, keep=2)
    self.blocked: list[float] = []
    self.took: list[float] = []

  def stretch(self, steps: int, *, save: bool) -> float:
    """Seconds for so many steps, and for a save if there is one."""
    began = time.perf_counter()
    if save:
      self._checkpoints.save(self._trainer.state, {"seconds": 0.0})
      self.blocked.append(time.perf_counter() - began)
    saved = not save
    for step in range(steps):
      self._trainer.training(step % self._batches)
      before = self._checkpoints.latest
      self._checkpoints.commit_finished()
      if not saved and self._checkpoints.latest != before:
        self.took.append(time.perf_counter() - began)
        saved = True
    self._checkpoints.wait()
    if not saved:
      self.took.append(time.perf_counter() - began)
    return time.perf_counter() - began

  def close(self) -> None:
    """Ends the threads that save."""
    self._checkpoints.close()


def main() -> None:
  """Measures time and memory and prints a table."""
  given = flags.FLAGS
  program.require(given.data, "data", "../shared/data")
  with tempfile.TemporaryDirectory(
    prefix="gigapair-", dir=given.out or None
  ) as out:
    trainer = _trainer(given, pathlib.Path(out))
    state_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(trainer.state))
    saving = Saving(trainer, pathlib.Path(out) / "saved", given.batches)
    for save in (False, True):  # a round that does not count
      saving.stretch(min(given.every, given.batches), save=save)
    saving.blocked, saving.took = [], []
    seconds = _seconds(saving, given)
    times = list(saving.blocked), list(saving.took)
    added = [_added(saving) for _ in range(given.rounds)]
    saving.close()
  _report(times, seconds, added, state_bytes, given.every)


def _trainer(
  given: flags.FlagValues, out: pathlib.Path
) -> our_trainer.OurTrainer:
  """The training step, compiled for the batches."""
  found = pretrained.load(str(given.model or minilm.folder("model")))
  tokenizer = tokens.Tokenizer(
    found.description.tokenizer, max_length=given.max_length
  )
  mixture = mix.open_mixture(given.data, out / "data", given.pairs)
  work = mix.make(
    mixture,
    tokenizer,
    size=given.size,
    count=given.batches,
    datasets_per_batch=str(min(2, len(mixture.names))),
  )
  print(
    f"{given.size} pairs a batch, at most {given.max_length} tokens\n"
    f"{machine.device()}, {machine.cores()} cores, {machine.versions()}",
    flush=True,
  )
  return our_trainer.OurTrainer(found, work.packed, 0.0)


def _seconds(
  saving: Saving, given: flags.FlagValues
) -> np.ndarray:  # [stretches, 2]
  """Seconds of each stretch, without a save and with one."""
  stretches = given.rounds * max(given.steps // given.every, 1)
  found = np.zeros((stretches, 2))
  with program.progress(stretches, unit="stretches", label="save") as progress:
    for i in range(stretches):
      for save in (i % 2 == 1, i % 2 == 0):
        found[i, int(save)] = saving.stretch(given.every, save=save)
      progress.advance()
  return found


def _added(saving: Saving) -> int | None:
  """Bytes that a save adds to the peak of a few steps."""
  without, added = (
    peak_memory.of_host(lambda s=save: saving.stretch(_MEMORY_STEPS, save=s))
    for save in (False, True)
  )
  return None if without is None or added is None else added - without


def _report(
  times: tuple[list[float], list[float]],
  seconds: np.ndarray,
  added: list[int | None],
  state_bytes: int,
  every: int,
) -> None:
  """Prints a table and the last line.

  Args:
    times: seconds that each save of the stretches blocked, and took.
    seconds: of each stretch, without a save and with one, [stretches, 2].
    added: bytes at the peak, for each look at it.
    state_bytes: of the state.
    every: steps of a stretch.
  """
  blocked, took = times
  ratio = seconds[:, 1] / seconds[:, 0] - 1
  low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75)).tolist()
  known = [value for value in added if value is not None]
  peak = float(np.median(known)) / state_bytes if known else None
  result: dict[str, Any] = {
    "save_overhead": middle,
    "save_overhead_quartiles": [low, high],
    "peak_over_state": peak,
    "state_mib": state_bytes / 2**20,
    "save_blocks_s": float(np.median(blocked)),
    "save_takes_s": float(np.median(took)),
    "step_s": float(np.median(seconds[:, 0])) / every,
  }
  print(f"{'':16}{f'{every} steps, s':>16}{'a save, s':>12}{'blocks, s':>12}")
  print(f"{'without':16}{np.median(seconds[:, 0]):16.2f}{'-':>12}{'-':>12}")
  print(
    f"{'with a save':16}{np.median(seconds[:, 1]):16.2f}"
    f"{result['save_takes_s']:12.2f}{result['save_blocks_s']:12.3f}"
  )
  memory = "unknown" if peak is None else f"{peak:.2f} times that"
  print(
    f"{middle:.1%} more time ({low:.1%} to {high:.1%}); the state is "
    f"{result['state_mib']:.1f} MiB, and the peak rises by {memory}",
    flush=True,
  )
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
