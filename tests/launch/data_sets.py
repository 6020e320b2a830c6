"""Small data sets of every kind, and mixtures of them."""

import json
import pathlib
from typing import Any

import ml_collections

from data import manifest
from data import mixture
from data import options
from data import records
from embeddings import towers
from launch.configs import default
from tests.embeddings import tiny

MODEL = towers.ModelConfig(tiny.encoder_config())
DROPPING = towers.ModelConfig(tiny.encoder_config(dropout=0.1))

# What a record of each kind holds beside its number.
_RECORDS = {
  "texts": ("a text {}",),
  "pairs": ("query {}", "document {}"),
  "triplets": ("query {}", "document {}", "negative {}"),
  "scored": ("a text {}", "another {}", 0.5),
  "scored_triplets": ("query {}", "document {}", "negative {}", (2.0, 1.0)),
  "grouped": ("query {}", "document {}", "a group"),
}
KINDS = tuple(_RECORDS)


def write_all(folder: pathlib.Path) -> pathlib.Path:
  """Writes a data set of each kind, by its name, below a folder."""
  for kind, values in _RECORDS.items():
    columns = [f"column {number}" for number in range(manifest.KINDS[kind])]
    with records.Writer(
      folder / kind, name=kind, kind=kind, columns=columns
    ) as writer:
      for number in range(3):
        writer.write(
          tuple(
            value.format(number) if isinstance(value, str) else value
            for value in values
          )
        )
  return folder


def mix(
  folder: pathlib.Path, *entries: dict[str, Any] | str, negatives: int = 0
) -> mixture.Mixture:
  """A mixture of data sets, each a kind or the object of a mixture file."""
  given = [
    {"folder": entry} if isinstance(entry, str) else entry for entry in entries
  ]
  path = folder / "mixture.json"
  path.write_text(json.dumps(given), encoding="utf-8")
  defaults = options.Options(negatives=negatives)
  return mixture.open_mixture(str(path), defaults=defaults)


def config(**changes: Any) -> ml_collections.ConfigDict:
  """The default config with other values of its loss."""
  found = default.get_config()
  with found.ignore_type():
    for key, value in changes.items():
      found.loss[key] = value
  return found
