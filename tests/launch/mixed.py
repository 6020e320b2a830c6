"""A mixture of data sets of every kind, each with losses of its own."""

import json
import pathlib
from typing import Any

import ml_collections

from data import records
from launch.configs import quickstart_smoke
from tests import conftest

RECORDS, SIZE, SHARDS = 40, 16, 8

# A record: of a (documentation, code) pair, another, and the number of it.
KINDS = {
  "pairs": lambda one, other, i: one,
  "triplets": lambda one, other, i: (*one, other[1]),
  "scored": lambda one, other, i: (*one, i % 5 / 4),
  "grouped": lambda one, other, i: (*one, f"group {i // 2}"),
  "texts": lambda one, other, i: one[:1],
}
LOSSES: dict[str, Any] = {
  "pairs": {"name": "in_batch", "max_scale": 20.5},
  "triplets": [
    {"name": "in_batch", "scale": 10, "symmetric": False},
    {"name": "triplet", "margin": 1, "weight": 0.5},
  ],
  "scored": "cosent",
  "grouped": {
    "name": "in_batch",
    "positives": "group",
    "symmetric": False,
  },
  "texts": {"name": "in_batch", "max_scale": 20.5},
}
# What a run calls them.
NAMES = {
  "pairs": {"in_batch"},
  "triplets": {"in_batch_2", "triplet"},
  "scored": {"cosent"},
  "grouped": {"in_batch_3"},
  "texts": {"in_batch"},
}


def write(folder: pathlib.Path) -> pathlib.Path:
  """Writes the data sets, and the mixtures `train` and `heldout`, there."""
  pairs = conftest.pairs(2 * RECORDS)
  for kind, record in KINDS.items():
    made = [
      record(pairs[i], pairs[RECORDS + i], i) for i in range(RECORDS)
    ]  # fmt: skip
    columns = [f"column {number}" for number in range(len(made[0]))]
    with records.Writer(
      folder / kind, name=kind, kind=kind, columns=columns
    ) as writer:
      for one in made:
        writer.write(one)
  mix(folder, "train", LOSSES)
  mix(folder, "heldout", {kind: LOSSES[kind] for kind in ("pairs", "scored")})
  return folder


def mix(folder: pathlib.Path, name: str, losses: dict[str, Any]) -> str:
  """Writes a mixture file; a data set with "" has the config's loss.

  Returns:
    Its path.
  """
  entries = [
    {"folder": kind, "negatives": int(kind == "triplets")}
    | ({"loss": loss} if loss else {})
    for kind, loss in losses.items()
  ]
  path = folder / f"{name}.json"
  path.write_text(json.dumps(entries), encoding="utf-8")
  return str(path)


def settings(folder: pathlib.Path, words: pathlib.Path) -> dict[str, Any]:
  """What the config of a run on that mixture says beside the smoke config."""
  return {
    "data.train": str(folder / "train.json"),
    "data.tokenizer": str(words),
    "data.datasets_per_batch": "2",
    "model.encoder.dropout": 0.1,
    "model.encoder.attention_dropout": 0.1,
    "optim.groups": "encoder/inputs=0,loss/=20",
    "batch.size": SIZE,
    "batch.pack_shards": SHARDS,
    "batch.ladder": (1,),
    "eval.heldout": str(folder / "heldout.json"),
    "eval.heldout_batches": 1,
  }


def config(settings: dict[str, Any]) -> ml_collections.ConfigDict:
  """The smoke config with these settings, as the program has it."""
  found = quickstart_smoke.get_config()
  found.update_from_flattened_dict(settings)
  return found.lock()


def command(
  settings: dict[str, Any], workdir: pathlib.Path, *more: str
) -> list[str]:
  """`launch.train` of the smoke config with these settings."""
  return [
    "launch.train",
    "--config=launch/configs/quickstart_smoke.py",
    f"--workdir={workdir}",
    *(f"--config.{key}={value}" for key, value in settings.items()),
    *more,
  ]


def lines(path: pathlib.Path) -> list[dict[str, Any]]:
  """The lines of metrics.jsonl or evals.jsonl, but for times and speeds."""
  found = [json.loads(line) for line in path.read_text().splitlines()]
  times = ("seconds", "pairs_per_s", "tokens_per_s", "data_wait_share")
  for one in found:  # `pytest.approx` takes no dict in a dict
    epochs = one.pop("epochs", {})
    one |= {f"epochs/{name}": value for name, value in epochs.items()}
  return [{k: v for k, v in one.items() if k not in times} for one in found]
