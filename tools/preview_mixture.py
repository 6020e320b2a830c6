"""Shows what a mixture will draw, before a step is trained.

    python -m tools.preview_mixture --config=launch/configs/all_minilm_l6.py \\
      --config.data.train=data_config.json --steps=540000 --out=runs/preview

For each data set: its records, weight and share, how many pairs the steps draw
and how often they see it; and which data sets fill the first batches. It is
the schedule that training follows, so the counts are exact. Data sets that are
not there yet may stand in a mixture file with their `lines`, as in the file of
the 2021 project. --out gets the same as preview.json and preview.png; the last
line is JSON.
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

from absl import flags
from ml_collections import config_flags

from data import atomic
from data import mixture
from data import options
from data import program
from data import schedule as schedule_lib
from tools import preview_plot


HEAD = (
  f"{'records':>13}  {'weight':>8}  {'share':>8}  {'pairs':>13}  {'epochs':>9}"
)


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  config_flags.DEFINE_config_file(
    "config", None, "The config, a Python file; see launch/configs."
  )
  flags.DEFINE_integer(
    "steps", 0, "Batches to look at; 0 for the config's.", lower_bound=0
  )
  flags.DEFINE_integer(
    "batches", 5, "How many of the first batches to show.", lower_bound=0
  )
  flags.DEFINE_string("out", "runs/preview", "Folder for the JSON and the PNG.")


def main() -> None:
  """Reads the mixture, and shows what its schedule draws."""
  given = flags.FLAGS
  program.require(given.config, "config", "launch/configs/default.py")
  config = given.config
  steps = given.steps or config.optim.steps
  planned = mixture.plan(
    config.data.train,
    root=config.data.root,
    temperature=config.data.temperature,
    defaults=options.of_settings(config.data.to_dict()),
  )
  schedule = schedule_lib.of_mixture(
    planned,
    batch_size=config.batch.size,
    datasets_per_batch=config.data.datasets_per_batch,
    seed=config.seed,
    run_length=config.data.run_length,
  )
  if schedule.batches is not None and steps > schedule.batches:
    program.note_line(
      f"every data set has left the mixture after {schedule.batches:,} batches"
    )
    steps = schedule.batches
  rows = preview(planned, schedule, steps)
  first = [
    make_up(planned, schedule, step)
    for step in range(min(given.batches, steps))
  ]
  _print(rows, first)
  out = pathlib.Path(given.out)
  content = {
    "steps": steps,
    "data_sets": [dataclasses.asdict(row) for row in rows],
    "batches": first,
  }
  atomic.write_text(out / "preview.json", json.dumps(content, indent=2) + "\n")
  preview_plot.write(out / "preview.png", rows, steps)
  program.print_result(
    {
      "data_sets": len(rows),
      "records": sum(row.records for row in rows),
      "steps": steps,
      "pairs": sum(row.pairs for row in rows),
      "least_epochs": round(min(row.epochs for row in rows), 4),
      "most_epochs": round(max(row.epochs for row in rows), 4),
      "json": str(out / "preview.json"),
      "png": str(out / "preview.png"),
    }
  )


def preview(
  planned: mixture.Mixture, schedule: schedule_lib.Schedule, steps: int
) -> list[preview_plot.Row]:
  """A row for each data set, the largest share first."""
  pairs = schedule.drawn(steps)
  rows = [
    preview_plot.Row(
      name=entry.name,
      records=entry.records,
      weight=entry.weight,
      share=int(pairs[i]) / max(int(pairs.sum()), 1),
      pairs=int(pairs[i]),
      epochs=int(pairs[i]) / entry.records,
      leaves=_before(schedule.leaves(i), steps),
      slots=schedule.most_slots(i),
    )
    for i, entry in enumerate(planned.entries)
  ]
  return sorted(rows, key=lambda row: -row.share)


def _before(step: int | None, steps: int) -> int | None:
  """A step, if it is one of these."""
  return step if step is not None and step < steps else None


def make_up(
  planned: mixture.Mixture, schedule: schedule_lib.Schedule, step: int
) -> dict[str, int]:
  """How many pairs of a batch are of each data set."""
  found: dict[str, int] = {}
  for index in schedule.slots(step)[0].tolist():
    name = planned.names[index]
    found[name] = found.get(name, 0) + schedule.slot
  return found


def _print(
  rows: Sequence[preview_plot.Row], first: Sequence[dict[str, int]]
) -> None:
  """The table, what is unusual, and the first batches."""
  width = max(len(row.name) for row in rows)
  print(f"{'data set':{width}}  {HEAD}")
  for row in rows:
    print(
      f"{row.name:{width}}  {row.records:13,}  {row.weight:8g}  "
      f"{row.share:8.4%}  {row.pairs:13,}  {row.epochs:9.3f}"
    )
  for row in rows:
    if row.slots > 1:
      print(f"{row.name} fills up to {row.slots} slots of a batch")
    if row.leaves is not None:
      print(f"{row.name} leaves at step {row.leaves:,}, at its max_epochs")
  for step, pairs in enumerate(first):
    parts = ", ".join(f"{count} {name}" for name, count in pairs.items())
    print(f"batch {step}: {parts}")


if __name__ == "__main__":
  define_flags()
  program.run(main)
