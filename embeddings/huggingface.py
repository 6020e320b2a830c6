"""Encoders from Hugging Face: a folder or a hub id, to a model.

    found = huggingface.load("sentence-transformers/all-MiniLM-L6-v2")
    model = towers.Model(found.description.config)

A sentence-transformers folder brings its pooling, projection, normalisation,
prompts, similarity and maximum length with it. Weights are read from
safetensors, without torch. Hub ids go through huggingface_hub and its cache:
what is there once needs no network.
"""

import pathlib
from typing import Any

import huggingface_hub
import jax

from data import program
from embeddings import description
from embeddings import modules
from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import table

_FILES = ["*.json", "*.txt", "*.safetensors", "*/*.json", "*/*.safetensors"]
_FILES += ["*/*.txt"]


def load(name: str, *, dtype: str = "float32") -> description.Pretrained:
  """Loads a folder, or a hub id through huggingface_hub and its cache.

  Args:
    name: a folder with config.json and safetensors, or a hub id.
    dtype: of the computation.

  Returns:
    The model's description and parameters (float32).

  Raises:
    program.BadInput: if there is no such model, its family is not known, or a
      weight is missing, left over or of another shape.
  """
  folder = _find(name)
  stacks = modules.read(folder)
  settings = modules.read_settings(folder)
  encoders, params, carried = {}, {}, {}
  for side, stack in stacks.items():
    content = modules.read_json(stack.encoder / "config.json")
    encoders[side] = _encoder_config(content, name)
    found = weights.params_of(weights.read(stack.encoder), encoders[side])
    params[side] = {**found.params, **(stack.params or {})}
    carried[side] = description.Carried(content, found.carried)
  first = _same(stacks, encoders, name)
  config = towers.ModelConfig(
    encoder=first[1],
    pooling=first[0].pooling,
    projection=first[0].projection,
    truncate=settings.truncate,
    normalise=first[0].normalise,
    similarity=settings.similarity,
    towers="shared" if "" in stacks else "two",
    dtype=dtype,
  )
  found = description.Pretrained(
    description.Description(
      config,
      _max_length(first[0].encoder, first[1]),
      first[0].encoder,
      settings.prompts,
      settings.default_prompt,
      carried,
    ),
    towers.join(params),
  )
  _check_shapes(found, name)
  return found


def _find(name: str) -> pathlib.Path:
  """The folder of a model, downloaded if it is on the hub."""
  folder = pathlib.Path(name)
  if folder.is_dir():
    if not any((folder / n).exists() for n in ("config.json", "modules.json")):
      raise program.BadInput(
        f"{folder} has no config.json; give the folder of a Hugging Face or "
        "sentence-transformers model"
      )
    return folder
  try:
    found = huggingface_hub.snapshot_download(name, allow_patterns=_FILES)
  except (OSError, ValueError) as error:
    reason = " ".join(str(error).split())[:150]
    raise program.BadInput(
      f"{name!r} is neither a folder nor a model that the hub gives "
      f"({type(error).__name__}: {reason}); give a folder or check the id"
    ) from error
  return pathlib.Path(found)


def _encoder_config(
  content: dict[str, Any], name: str
) -> config_lib.EncoderConfig:
  """Our config out of config.json's content."""
  family = table.FAMILIES.get(content.get("model_type", ""))
  if family is None:
    raise program.BadInput(
      f"{name} is of family {content.get('model_type')!r}; wanted one of "
      f"{', '.join(table.FAMILIES)}"
    )
  return family.encoder(content, name)


def _same(
  stacks: dict[str, modules.Stack],
  encoders: dict[str, config_lib.EncoderConfig],
  name: str,
) -> tuple[modules.Stack, config_lib.EncoderConfig]:
  """What towers have in common, which must be all but the parameters."""
  kinds = {
    side: (stack._replace(encoder=pathlib.Path(), params=None), encoders[side])
    for side, stack in stacks.items()
  }
  first, *others = kinds.values()
  if any(other != first for other in others):
    raise program.BadInput(
      f"{name} has towers of two kinds, {first} and {others[0]}; wanted towers "
      "that differ in their weights alone"
    )
  side = next(iter(stacks))
  return stacks[side], encoders[side]


def _max_length(folder: pathlib.Path, encoder: config_lib.EncoderConfig) -> int:
  """The longest text that a Transformer module takes, in tokens."""
  length = modules.read_json(folder / modules.ENCODER_SETTINGS, {}).get(
    "max_seq_length"
  )
  if length is None:
    tokenizer = modules.read_json(folder / "tokenizer_config.json", {})
    length = tokenizer.get("model_max_length")
  return min(length or encoder.max_positions, encoder.max_positions)


def _check_shapes(found: description.Pretrained, name: str) -> None:
  """Raises BadInput where a weight is not as large as config.json says."""
  model = towers.Model(found.description.config)
  wanted = jax.eval_shape(model.init, jax.random.key(0))
  for module, values in wanted.items():
    for parameter, value in values.items():
      shape = found.params[module][parameter].shape
      if shape != value.shape:
        raise program.BadInput(
          f"{name} has {module}/{parameter} of shape {shape}, and its "
          f"config.json says {value.shape}; is that the config of this model?"
        )
