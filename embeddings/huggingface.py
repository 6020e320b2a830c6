"""Encoders from Hugging Face: a folder or a hub id, to a model.

    found = huggingface.load("sentence-transformers/all-MiniLM-L6-v2")
    model = towers.Model(found.description.config)

A sentence-transformers folder brings its pooling, projection, normalisation,
prompts, similarity and maximum length with it. Weights are read from
safetensors, without torch. Hub ids go through huggingface_hub and its cache:
what is there once needs no network (see `hub`).
"""

import json
import pathlib
from typing import Any

import jax

from data import program
from data import tokens
from embeddings import description
from embeddings import hub
from embeddings import modules
from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import table

_LOWERCASE = "do_lower_case"


def load(name: str) -> description.Pretrained:
  """Loads a folder, or a hub id through huggingface_hub and its cache.

  Args:
    name: a folder with config.json and safetensors, or a hub id.

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
    _check_case(stack.encoder)
  stack, encoder = _same(stacks, encoders, name)
  config = towers.ModelConfig(
    encoder=encoder,
    pooling=stack.pooling,
    projection=stack.projection,
    truncate=settings.truncate,
    normalise=stack.normalise,
    similarity=settings.similarity,
    towers="shared" if "" in stacks else "two",
  )
  found = description.Pretrained(
    description.Description(
      config,
      max(_max_length(one.encoder, encoder) for one in stacks.values()),
      stack.encoder,
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
  return hub.download(name)


def _encoder_config(
  content: dict[str, Any], name: str
) -> config_lib.EncoderConfig:
  """Our config out of config.json's content."""
  family = table.FAMILIES.get(content.get("model_type", ""))
  if family is None:
    raise config_lib.UnknownKind(
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
  check_tokenizers([stack.encoder for stack in stacks.values()], name)
  side = next(iter(stacks))
  return stacks[side], encoders[side]


def check_tokenizers(folders: list[pathlib.Path], name: str) -> None:
  """Raises BadInput unless towers cut texts alike: batches hold tokens once."""
  kinds = []
  for folder in dict.fromkeys(folders):
    content = json.loads(tokens.read(folder))
    for setting in ("padding", "truncation"):  # which we set ourselves
      content.pop(setting, None)
    kinds.append(content)
  if any(kind != kinds[0] for kind in kinds):
    raise program.BadInput(
      f"{name} has towers with tokenizers of their own; wanted one tokenizer "
      "for both"
    )


def _check_case(folder: pathlib.Path) -> None:
  """Raises BadInput where texts are to be lower-cased before the tokenizer."""
  if not modules.read_encoder_settings(folder).get(_LOWERCASE):
    return
  outer = json.loads(tokens.read(folder)).get("normalizer") or {}
  for step in outer.get("normalizers", [outer]):
    if step.get("type") == "Lowercase" or step.get("lowercase"):
      return
  raise config_lib.UnknownKind(
    f"{folder} asks for {_LOWERCASE} and its tokenizer does not do that; save "
    "it with sentence-transformers 6, whose tokenizer.json then does, or set "
    f"{_LOWERCASE} to false in {modules.ENCODER_SETTINGS}"
  )


def _max_length(folder: pathlib.Path, encoder: config_lib.EncoderConfig) -> int:
  """The longest text that a Transformer module takes, in tokens."""
  length = modules.read_encoder_settings(folder).get("max_seq_length")
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
