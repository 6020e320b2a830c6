"""The numbers that a config may hold; the rest is checked where it is used.

So are those of losses, which know what they may be.
"""

import math
from typing import Any

from data import program
from launch import chunks

# From a key to the least that it may be and what it must stay below.
LIMITS: dict[str, tuple[float, float]] = {
  "seed": (0, 2**31),
  "model.projection.width": (0, math.inf),
  "model.truncate": (0, math.inf),
  "model.encoder.width": (1, math.inf),
  "model.encoder.layers": (1, math.inf),
  "model.encoder.heads": (1, math.inf),
  "model.encoder.mlp_width": (1, math.inf),
  "model.encoder.max_positions": (2, math.inf),
  "model.encoder.dropout": (0, 1),
  "model.encoder.attention_dropout": (0, 1),
  "model.encoder.init_range": (0, math.inf),
  "loss.weight": (0, math.inf),
  "data.temperature": (0, math.inf),
  "data.max_epochs": (0, math.inf),
  "data.swap": (0, math.inf),  # 1 is one; data/options.py refuses what is more
  "data.negatives": (0, math.inf),
  "data.run_length": (1, math.inf),
  "optim.learning_rate": (0, math.inf),
  "optim.warmup_steps": (0, math.inf),
  "optim.steps": (1, math.inf),
  "optim.weight_decay": (0, math.inf),
  "optim.eps": (1e-30, math.inf),
  "optim.clip_norm": (0, math.inf),
  "optim.accumulate": (1, math.inf),
  "optim.ema": (0, 1),
  "batch.size": (1, math.inf),
  "batch.max_length": (0, math.inf),
  "batch.pack_shards": (1, math.inf),
  "batch.shapes": (1, math.inf),
  "mesh.data": (-1, math.inf),
  "mesh.fsdp": (1, math.inf),
  "mesh.tensor": (1, math.inf),
  "input.threads": (0, math.inf),
  "input.workers": (0, math.inf),
  "input.ahead": (0, math.inf),
  "input.max_bad_records": (0, math.inf),
  "save.every": (1, math.inf),
  "save.keep": (1, math.inf),
  "save.keep_every": (0, math.inf),
  "hosts.grace_s": (0, math.inf),
  "hosts.gone_s": (1, math.inf),
  "hosts.hang_s": (1, math.inf),
  "eval.every": (0, math.inf),
  "eval.heldout_batches": (1, math.inf),
  "log.every": (1, math.inf),
  "log.spike": (0, math.inf),
}


def check(config: Any) -> None:
  """Checks a config's numbers; a key that it does not have has no limit.

  Raises:
    program.BadInput: names the first key whose number is out of its limits.
  """
  numbers = dict(_numbers(config.to_dict()))
  for key, (least, below) in LIMITS.items():
    # Written so that a nan, which compares with nothing, is refused.
    if key in numbers and not least <= numbers[key] < below:
      most = f" and below {below:,}" if below < math.inf else ""
      raise program.BadInput(
        f"config.{key} is {numbers[key]}; wanted {least:,} or more{most}; "
        f"change --config.{key}"
      )
  for fraction in config.batch.ladder:
    if not (isinstance(fraction, int | float) and 0 < fraction <= 1):
      raise program.BadInput(
        f"config.batch.ladder has {fraction!r}; wanted fractions above 0 and "
        "at most 1, as in --config.batch.ladder='(0.8, 0.5)'"
      )
  chunks.parse(config.batch.get("chunk_rows", "0"))
  if config.save.get("best"):
    _check_best(config.save, config.eval)


def _check_best(save: Any, evaluated: Any) -> None:
  """Raises BadInput if steps that are saved have no results to choose by."""
  if not (evaluated.tasks or evaluated.heldout):
    raise program.BadInput(
      f"config.save.best is {save.best!r} and nothing is evaluated; give "
      "--config.eval.tasks or --config.eval.heldout, or leave it out"
    )
  if evaluated.every % save.every:
    raise program.BadInput(
      f"config.save.best wants evaluations of steps that are saved, and "
      f"config.eval.every is {evaluated.every}; wanted a multiple of "
      f"config.save.every, {save.every}: set --config.eval.every={save.every}"
    )


def _numbers(tree: dict[str, Any], path: str = "") -> list[tuple[str, float]]:
  """The path and value of each number in a tree of plain values."""
  found = []
  for key, value in tree.items():
    if isinstance(value, dict):
      found += _numbers(value, f"{path}{key}.")
    elif isinstance(value, int | float):
      found.append((f"{path}{key}", value))
  return found
