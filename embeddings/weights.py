"""Parameters as tensors under Hugging Face's names, and back; safetensors."""

import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from data import program
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import entry as entry_lib
from embeddings.encoders.names import table

FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"

Tensors = Mapping[str, np.ndarray]


class Weights(NamedTuple):
  """What the weights of an encoder hold."""

  params: towers.Params  # float32, under "encoder/"
  carried: dict[str, np.ndarray]  # what no vector depends on, as it came


def read(folder: pathlib.Path) -> dict[str, np.ndarray]:
  """All tensors of a folder, out of one safetensors file or several.

  Raises:
    program.BadInput: if there are none, or they cannot be read.
  """
  tensors: dict[str, np.ndarray] = {}
  for name in _files(folder):
    try:
      tensors.update(safetensors_numpy.load_file(folder / name))
    except (OSError, safetensors.SafetensorError) as error:
      raise program.BadInput(
        f"{folder / name} cannot be read ({error}); get the model again"
      ) from error
  return tensors


def _files(folder: pathlib.Path) -> list[str]:
  """The safetensors files of a folder; one of all tensors goes first."""
  if (folder / FILE).exists():
    return [FILE]
  if (folder / INDEX).exists():
    try:
      content = json.loads((folder / INDEX).read_text(encoding="utf-8"))
      return sorted(set(content["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise program.BadInput(
        f"{folder / INDEX} cannot be read ({error!r}); get the model again"
      ) from error
  others = sorted(p.name for p in folder.glob("*.bin"))
  remedy = (
    f", only {others[0]}; load the model with the library that wrote it and "
    "save it again, which writes one"
    if others
    else "; give the folder of another model"
  )
  raise program.BadInput(f"{folder} has no {FILE}{remedy}")


def write(path: pathlib.Path, tensors: Tensors) -> None:
  """Writes a safetensors file that transformers reads."""
  path.touch()  # others may read it, where safetensors lets the owner alone
  mode = path.stat().st_mode
  safetensors_numpy.save_file(dict(tensors), path, metadata={"format": "pt"})
  path.chmod(mode)


def cast(tensor: np.ndarray, dtype: str) -> np.ndarray:
  """A tensor as it is written: contiguous, "float16" or "bfloat16" if asked.

  Raises:
    program.BadInput: if a number is too large for float16.
  """
  if dtype == "float16":
    largest = np.abs(tensor).max(initial=0)
    if largest > np.finfo(np.float16).max:
      raise program.BadInput(
        f"a weight is {largest:.1e} and float16 ends at 6.6e+04; export as "
        "bfloat16 or float32"
      )
  return np.ascontiguousarray(tensor.astype(jnp.dtype(dtype), copy=False))


def params_of(tensors: Tensors, config: config_lib.EncoderConfig) -> Weights:
  """Our parameters out of tensors under Hugging Face's names.

  Every tensor is a parameter, is carried along, or is on the family's list of
  those that are left behind.

  Raises:
    program.BadInput: names tensors that are missing or that nothing takes.
  """
  family = table.FAMILIES[config.family]
  tensors = {
    name.removeprefix(family.prefix): value for name, value in tensors.items()
  }
  left = {name for name in tensors if not _matches(name, family.ignored)}
  carried = {
    name: tensors[name] for name in left if _matches(name, family.carried)
  }
  left -= carried.keys()
  params: dict[str, dict[str, np.ndarray]] = {}
  for entry in family.tensors:
    names = entry.tensors(config.layers)
    missing = [name for name in names if name not in tensors]
    if missing:
      raise program.BadInput(
        f"the weights have no {missing[0]}; wanted those of a "
        f"{family.architecture} with {config.layers} layers"
      )
    left -= set(names)
    try:
      value = _joined([tensors[name] for name in names], entry, config)
    except ValueError as error:
      raise program.BadInput(
        f"the weights have {names[-1]} of shape {tensors[names[-1]].shape}, "
        f"which is none of a {family.architecture}'s ({error}); is config.json "
        "that of the model?"
      ) from error
    params.setdefault(f"encoder/{entry.module}", {})[entry.parameter] = value
  if left:
    raise program.BadInput(
      f"the weights have {sorted(left)[0]} and {len(left) - 1} more that a "
      f"{family.architecture} has no use for; is config.json that of the model?"
    )
  return Weights(params, carried)


def tensors_of(
  params: towers.Params, config: config_lib.EncoderConfig
) -> dict[str, np.ndarray]:
  """Tensors under Hugging Face's names out of an encoder's parameters."""
  parts: dict[str, list[np.ndarray]] = {}
  for entry in table.FAMILIES[config.family].tensors:
    value = np.asarray(params[f"encoder/{entry.module}"][entry.parameter])
    values = value[entry.first_layer :] if entry.stacked else value[None]
    for name, one in zip(entry.tensors(config.layers), values, strict=True):
      parts.setdefault(name, []).append(one.T if entry.transposed else one)
  return {
    name: np.concatenate(joined) if joined[1:] else joined[0]
    for name, joined in parts.items()
  }


def placeholders(
  config: config_lib.EncoderConfig,
) -> dict[str, np.ndarray]:
  """Zeros for what transformers looks for in every model of the family.

  No vector depends on them; without them it warns of missing weights.
  """
  return {
    name: np.zeros([getattr(config, side) for side in sides], np.float32)
    for name, sides in table.FAMILIES[config.family].missing.items()
  }


def _matches(name: str, patterns: Sequence[str]) -> bool:
  """Whether one of the patterns is found in a name."""
  return any(re.search(pattern, name) for pattern in patterns)


def _joined(
  values: list[np.ndarray],
  entry: entry_lib.Entry,
  config: config_lib.EncoderConfig,
) -> np.ndarray:
  """One parameter, float32, out of its tensors."""
  values = [
    np.split(np.asarray(value, np.float32), entry.parts)[entry.part]
    for value in values
  ]
  values = [value.T if entry.transposed else value for value in values]
  if not entry.stacked:
    return np.ascontiguousarray(values[0])
  # Layers that have no norm and would not use one get a scale of ones.
  absent = [np.ones(config.width, np.float32)] * (config.layers - len(values))
  return np.stack([*absent, *values])
