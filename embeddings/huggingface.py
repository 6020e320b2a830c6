"""Encoders from Hugging Face: a folder or a hub id, to config and parameters.

    found = huggingface.load("sentence-transformers/all-MiniLM-L6-v2")
    model = towers.Model(found.config)

A sentence-transformers folder brings its pooling, normalisation, prompts and
maximum length with it. Weights are read from safetensors, without torch.
"""

import json
import pathlib
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import huggingface_hub
import jax
import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from data import program
from embeddings import towers
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import bert

FAMILIES: dict[str, ModuleType] = {bert.MODEL_TYPE: bert}
WEIGHTS = "model.safetensors"

_FILES = ["*.json", "*.txt", "*.safetensors", "*/config.json"]
POOLING_FLAGS = {
  "mean": "pooling_mode_mean_tokens",
  "cls": "pooling_mode_cls_token",
}


class Pretrained(NamedTuple):
  """A model as it was found."""

  config: towers.ModelConfig
  params: towers.Params
  folder: pathlib.Path  # holds the tokenizer
  max_length: int
  prompts: dict[str, str]
  default_prompt: str  # its name, "" for none


def load(name: str, *, dtype: str = "float32") -> Pretrained:
  """Loads a folder, or a hub id through huggingface_hub and its cache.

  Args:
    name: a folder with config.json and model.safetensors, or a hub id.
    dtype: of the computation.

  Returns:
    The model's config, parameters (float32) and what stands beside them.

  Raises:
    program.BadInput: if there is no such model, its family is not known, or a
      weight is missing, left over or of another shape.
  """
  folder = _find(name)
  content = _read_json(folder / "config.json")
  family = FAMILIES.get(content.get("model_type", ""))
  if family is None:
    raise program.BadInput(
      f"{name} is of family {content.get('model_type')!r}; wanted one of "
      f"{', '.join(FAMILIES)}"
    )
  encoder = _encoder_config(content, family, name)
  stack = _Stack(folder)
  config = towers.ModelConfig(encoder, stack.pooling, stack.normalise, dtype)
  params = params_of(_read_weights(folder, name), encoder)
  _check_shapes(params, config, name)
  length = min(stack.max_length or encoder.max_positions, encoder.max_positions)
  return Pretrained(
    config, params, folder, length, stack.prompts, stack.default_prompt
  )


def params_of(
  tensors: Mapping[str, np.ndarray], config: config_lib.EncoderConfig
) -> towers.Params:
  """Our parameters out of tensors under Hugging Face's names.

  Raises:
    program.BadInput: names tensors that are missing or that nothing takes.
  """
  family = FAMILIES[config.family]
  tensors = {
    name.removeprefix(family.PREFIX): value for name, value in tensors.items()
  }
  left = {
    name
    for name in tensors
    if not any(re.search(pattern, name) for pattern in family.IGNORED)
  }
  params: dict[str, dict[str, np.ndarray]] = {}
  for entry, names in _tensor_names(config):
    missing = [name for name in names if name not in tensors]
    if missing:
      raise program.BadInput(
        f"the weights have no {missing[0]}; wanted those of a "
        f"{family.ARCHITECTURE} with {config.layers} layers"
      )
    left -= set(names)
    values = [np.asarray(tensors[name], np.float32) for name in names]
    values = [value.T if entry.transposed else value for value in values]
    stacked = "{layer}" in entry.tensor
    params.setdefault(f"encoder/{entry.module}", {})[entry.parameter] = (
      np.ascontiguousarray(np.stack(values) if stacked else values[0])
    )
  if left:
    raise program.BadInput(
      f"the weights have {sorted(left)[0]} and {len(left) - 1} more that a "
      f"{family.ARCHITECTURE} has no use for; is config.json that of the model?"
    )
  return params


def tensors_of(
  params: towers.Params, config: config_lib.EncoderConfig
) -> dict[str, np.ndarray]:
  """Tensors under Hugging Face's names out of our parameters."""
  tensors = {}
  for entry, names in _tensor_names(config):
    value = np.asarray(params[f"encoder/{entry.module}"][entry.parameter])
    values = value if "{layer}" in entry.tensor else value[None]
    for name, one in zip(names, values, strict=True):
      tensors[name] = np.ascontiguousarray(one.T if entry.transposed else one)
  return tensors


def config_json(config: config_lib.EncoderConfig) -> dict[str, Any]:
  """The content of config.json for an encoder of ours."""
  family = FAMILIES[config.family]
  return {
    "architectures": [family.ARCHITECTURE],
    "model_type": family.MODEL_TYPE,
    "dtype": "float32",
    **family.FIXED,
    **{theirs: getattr(config, ours) for ours, theirs in family.CONFIG.items()},
  }


class _Stack:
  """What sentence-transformers' modules say; its defaults where none do."""

  def __init__(self, folder: pathlib.Path):
    self.pooling, self.normalise = "mean", True
    self.max_length: int | None = None
    self.prompts: dict[str, str] = {}
    self.default_prompt = ""
    modules = folder / "modules.json"
    if not modules.exists():
      return
    self.normalise = False
    for module in _read_json(modules):
      kind = module["type"].rpartition(".")[2]
      if kind == "Pooling":
        path = folder / module["path"] / "config.json"
        self.pooling = _pooling(_read_json(path), path)
      elif kind == "Normalize":
        self.normalise = True
      elif kind != "Transformer":
        raise program.BadInput(
          f"{modules} has a module of type {kind}; wanted Transformer, Pooling "
          "and Normalize alone"
        )
    length = _read_json(folder / "sentence_bert_config.json", {})
    self.max_length = length.get("max_seq_length")
    if self.max_length is None:
      tokenizer = _read_json(folder / "tokenizer_config.json", {})
      self.max_length = tokenizer.get("model_max_length")
    about = _read_json(folder / "config_sentence_transformers.json", {})
    self.prompts = dict(about.get("prompts") or {})
    self.default_prompt = about.get("default_prompt_name") or ""


def _find(name: str) -> pathlib.Path:
  """The folder of a model, downloaded if it is on the hub."""
  folder = pathlib.Path(name)
  if folder.is_dir():
    if not (folder / "config.json").exists():
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
  content: dict[str, Any], family: ModuleType, name: str
) -> config_lib.EncoderConfig:
  """Our config out of theirs; dropout is a choice of training, not kept."""
  missing = [key for key in family.CONFIG.values() if key not in content]
  if missing:
    raise program.BadInput(f"config.json of {name} has no {missing[0]!r}")
  fields = {ours: content[theirs] for ours, theirs in family.CONFIG.items()}
  fields.update(dropout=0.0, attention_dropout=0.0)
  return config_lib.EncoderConfig(family=family.MODEL_TYPE, **fields)


def _read_weights(folder: pathlib.Path, name: str) -> dict[str, np.ndarray]:
  """All tensors of a folder."""
  if not (folder / WEIGHTS).exists():
    others = sorted(p.name for p in folder.glob("*.bin"))
    raise program.BadInput(
      f"{name} has no {WEIGHTS}"
      + (f" (only {others[0]})" if others else "")
      + "; save the model as safetensors, or give another folder"
    )
  try:
    return safetensors_numpy.load_file(folder / WEIGHTS)
  except safetensors.SafetensorError as error:
    raise program.BadInput(
      f"{folder / WEIGHTS} cannot be read ({error}); get the model again"
    ) from error


def _check_shapes(
  params: towers.Params, config: towers.ModelConfig, name: str
) -> None:
  """Raises BadInput where a weight is not as large as config.json says."""
  wanted = jax.eval_shape(towers.Model(config).init, jax.random.key(0))
  for module, values in wanted.items():
    for parameter, value in values.items():
      shape = params[module][parameter].shape
      if shape != value.shape:
        raise program.BadInput(
          f"{name} has {module}/{parameter} of shape {shape}, and its "
          f"config.json says {value.shape}; is that the config of this model?"
        )


def _tensor_names(
  config: config_lib.EncoderConfig,
) -> list[tuple[Any, list[str]]]:
  """Each entry of the family's table, with the names it stands for."""
  return [
    (
      entry,
      [entry.tensor.format(layer=layer) for layer in range(config.layers)]
      if "{layer}" in entry.tensor
      else [entry.tensor],
    )
    for entry in FAMILIES[config.family].TENSORS
  ]


def _pooling(content: dict[str, Any], path: pathlib.Path) -> str:
  """The pooling that a Pooling module asks for, in its old or new words."""
  chosen = content.get("pooling_mode")
  if chosen is None:
    on = [
      key
      for key, value in content.items()
      if key.startswith("pooling_mode_") and value
    ]
    names = {flag: mode for mode, flag in POOLING_FLAGS.items()}
    chosen = names.get(on[0], on[0]) if len(on) == 1 else on
  if not content.get("include_prompt", True):
    chosen = f"{chosen} without the prompt"
  if chosen not in list(POOLING_FLAGS):
    raise program.BadInput(
      f"{path} asks for pooling {chosen}; wanted one of "
      f"{', '.join(POOLING_FLAGS)}"
    )
  return chosen


def _read_json(path: pathlib.Path, default: Any = None) -> Any:
  """A JSON file's content, or `default` where there is one and no file."""
  if default is not None and not path.exists():
    return default
  try:
    return json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise program.BadInput(f"{path} cannot be read ({error})") from error
