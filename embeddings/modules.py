"""The modules of a sentence-transformers folder, read and written.

    modules.json                       Transformer, Pooling, Dense, Normalize
    config_sentence_transformers.json  prompts, similarity
    1_Pooling/config.json  2_Dense/...  3_Normalize

Two towers are one Router module with those of each route in folders of its
own. Files are written so that sentence-transformers 3 to 6 read them.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from data import program
from embeddings import description
from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib

ENCODER_SETTINGS = "sentence_bert_config.json"

# By what else sentence-transformers knows that file.
_SETTINGS = (
  ENCODER_SETTINGS,
  *(
    f"sentence_{family}_config.json"
    for family in ("roberta", "distilbert", "albert", "xlm-roberta")
  ),
)
_MODULES = "sentence_transformers.models"
_POOLINGS = {  # in the words of sentence-transformers 6, and of those before
  "cls": ("cls", "pooling_mode_cls_token"),
  "max": ("max", "pooling_mode_max_tokens"),
  "mean": ("mean", "pooling_mode_mean_tokens"),
  "weighted_mean": ("weightedmean", "pooling_mode_weightedmean_tokens"),
  "last": ("lasttoken", "pooling_mode_lasttoken"),
}
_ACTIVATIONS = {
  "identity": "torch.nn.modules.linear.Identity",
  "tanh": "torch.nn.modules.activation.Tanh",
  "relu": "torch.nn.modules.activation.ReLU",
  "gelu": "torch.nn.modules.activation.GELU",
  "silu": "torch.nn.modules.activation.SiLU",
  "sigmoid": "torch.nn.modules.activation.Sigmoid",
}


class Stack(NamedTuple):
  """The modules of one tower, the Transformer's settings aside."""

  encoder: pathlib.Path  # the folder of the Transformer
  pooling: str = "mean"
  projection: towers.Projection | None = None
  params: towers.Params | None = None  # of the projection
  normalise: bool = False


class Settings(NamedTuple):
  """What a folder says of the whole model."""

  prompts: dict[str, str]
  default_prompt: str
  similarity: str
  truncate: int


def read(folder: pathlib.Path) -> dict[str, Stack]:
  """The modules of a folder, by side; "" where there is one tower.

  A plain Hugging Face encoder gets mean pooling and normalised vectors.

  Raises:
    program.BadInput: names what is there and is not done here.
  """
  listed = folder / "modules.json"
  if not listed.exists():
    return {"": Stack(folder, normalise=True)}
  modules = [
    (module["type"].rpartition(".")[2], folder / module["path"])
    for module in read_json(listed)
  ]
  if modules and modules[0][0] == "Router":
    return _read_router(modules[0][1], modules[1:])
  return {"": _read_stack(modules, listed)}


def read_settings(folder: pathlib.Path) -> Settings:
  """Prompts, similarity and truncation; what is not said has no effect."""
  content = read_json(folder / "config_sentence_transformers.json", {})
  similarity = content.get("similarity_fn_name") or "cosine"
  if similarity not in ("cosine", "dot"):
    raise config_lib.UnknownKind(
      f"{folder} compares vectors by {similarity!r}; wanted 'cosine' or 'dot'"
    )
  return Settings(
    {k: v for k, v in (content.get("prompts") or {}).items() if v is not None},
    content.get("default_prompt_name") or "",
    similarity,
    content.get("truncate_dim") or 0,
  )


def read_encoder_settings(folder: pathlib.Path) -> dict[str, Any]:
  """What a Transformer module's folder says of texts, {} if nothing."""
  for name in _SETTINGS:
    if (folder / name).exists():
      return read_json(folder / name)
  return {}


def write(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  params: towers.Params,
  dtype: str,
) -> dict[str, pathlib.Path]:
  """Writes the modules of a model, its encoders' files aside.

  Args:
    folder: the model's.
    config: of the model.
    params: its parameters, on the host.
    dtype: of the weights.

  Returns:
    By side, the folder that the encoder's files go to.
  """
  if config.towers == "shared":
    names = _write_stack(folder, config, params, dtype, "")
    listed = [
      {"idx": i, "name": str(i), "path": name, "type": f"{_MODULES}.{kind}"}
      for i, (name, kind) in enumerate(names)
    ]
    write_json(folder / "modules.json", listed)
    return {"": folder}
  types, structure, encoders = {}, {}, {}
  for side in config.sides:
    tower = towers.tower_of(params, side)
    names = _write_stack(folder, config, tower, dtype, side)
    types.update({name: f"{_MODULES}.{kind}" for name, kind in names})
    structure[side] = [name for name, _ in names]
    encoders[side] = folder / names[0][0]
  listed = {"idx": 0, "name": "0", "path": "", "type": f"{_MODULES}.Router"}
  write_json(folder / "modules.json", [listed])
  write_json(
    folder / "router_config.json",
    {
      "types": types,
      "structure": structure,
      "parameters": {"default_route": "document", "allow_empty_key": True},
    },
  )
  return encoders


def write_settings(
  folder: pathlib.Path,
  prompts: Mapping[str, str],
  default_prompt: str,
  similarity: str,
) -> None:
  """Writes what is said of the whole model.

  The prompt of each side stands under the name that sentence-transformers
  looks for first, so that it takes the one that we take: without it, there is
  an empty one.
  """
  by_side = {}
  for side, names in description.SIDE_PROMPTS.items():
    found = [prompts[n] for n in (*names, default_prompt) if n in prompts]
    if found and found[0]:
      by_side[side] = found[0]
  write_json(
    folder / "config_sentence_transformers.json",
    {
      "prompts": {**by_side, **prompts},
      "default_prompt_name": default_prompt or None,
      "similarity_fn_name": similarity,
    },
  )


def _write_stack(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  params: towers.Params,
  dtype: str,
  side: str,
) -> list[tuple[str, str]]:
  """Writes the modules of one tower; the name and kind of each."""
  kinds = ["Transformer", "Pooling"]
  if config.projection or config.truncate:
    kinds.append("Dense")
  if config.normalise:
    kinds.append("Normalize")
  before = f"{side}_" if side else ""
  names = [f"{before}{i}_{kind}" for i, kind in enumerate(kinds)]
  if not side:
    names[0] = ""  # the encoder's files are the folder's own
  for name in names:
    (folder / name).mkdir(exist_ok=True)
  _write_pooling(folder / names[1], config)
  if "Dense" in kinds:
    _write_dense(folder / names[2], config, params, dtype)
  if config.normalise and side:  # a Router's modules must have a config
    write_json(folder / names[-1] / "config.json", {})
  return list(zip(names, kinds, strict=True))


def _write_pooling(folder: pathlib.Path, config: towers.ModelConfig) -> None:
  """Writes a Pooling module."""
  flags = {
    flag: mode == config.pooling for mode, (_, flag) in _POOLINGS.items()
  }
  width = {"word_embedding_dimension": config.encoder.width}
  write_json(folder / "config.json", {**width, **flags})


def _write_dense(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  params: towers.Params,
  dtype: str,
) -> None:
  """Writes a Dense module: the projection, or what cuts vectors off."""
  projection = config.projection or towers.Projection(0, "identity", False)
  width = config.encoder.width
  values = params.get("projection", {"w": np.eye(width, dtype=np.float32)})
  tensors = {"linear.weight": np.asarray(values["w"]).T[: config.width]}
  if projection.biases:
    tensors["linear.bias"] = np.asarray(values["b"])[: config.width]
  weights.write(
    folder / weights.FILE,
    {name: weights.cast(value, dtype) for name, value in tensors.items()},
  )
  write_json(
    folder / "config.json",
    {
      "in_features": width,
      "out_features": config.width,
      "bias": projection.biases,
      "activation_function": _ACTIVATIONS[projection.activation],
    },
  )


def _read_router(
  folder: pathlib.Path, after: list[tuple[str, pathlib.Path]]
) -> dict[str, Stack]:
  """The towers of a Router, each followed by the modules after it."""
  path = folder / "router_config.json"
  content = read_json(path)
  routes = content.get("structure", {})
  if set(routes) != set(towers.SIDES):
    raise config_lib.UnknownKind(
      f"{path} has routes {', '.join(routes)}; wanted "
      f"{' and '.join(towers.SIDES)}"
    )
  found = {}
  for side in towers.SIDES:
    modules = [
      (content["types"][name].rpartition(".")[2], folder / name)
      for name in routes[side]
    ]
    found[side] = _read_stack(modules + after, path)
  return found


def _read_stack(
  modules: list[tuple[str, pathlib.Path]], source: pathlib.Path
) -> Stack:
  """A tower out of its modules, which must come in the usual order."""
  kinds = [kind for kind, _ in modules]
  usual = ["Transformer", "Pooling", "Dense", "Normalize"]
  if (
    kinds != [kind for kind in usual if kind in kinds] or kinds[:2] != usual[:2]
  ):
    raise config_lib.UnknownKind(
      f"{source} has modules {', '.join(kinds)}; wanted Transformer, Pooling, "
      "then at most one Dense, then at most one Normalize"
    )
  folders = dict(modules)
  path = folders["Pooling"] / "config.json"
  stack = Stack(
    folders["Transformer"],
    pooling=_pooling(read_json(path), path),
    normalise="Normalize" in kinds,
  )
  if "Dense" not in kinds:
    return stack
  projection, params = _read_dense(folders["Dense"])
  return stack._replace(projection=projection, params=params)


def _read_dense(
  folder: pathlib.Path,
) -> tuple[towers.Projection, towers.Params]:
  """The projection that a Dense module is, and its parameters."""
  path = folder / "config.json"
  content = read_json(path)
  names = {name: ours for ours, name in _ACTIVATIONS.items()}
  asked = content.get("activation_function", _ACTIVATIONS["tanh"])
  reads = content.get("module_input_name") or "sentence_embedding"
  if (
    asked not in names
    or content.get("use_residual")
    or reads != (content.get("module_output_name") or "sentence_embedding")
  ):
    raise config_lib.UnknownKind(
      f"{path} asks for {asked} on {reads}"
      f"{' with a residual' if content.get('use_residual') else ''}; wanted "
      f"sentence_embedding and one of {', '.join(names)}"
    )
  biases = content.get("bias", True)
  tensors = weights.read(folder)
  wanted = ["linear.weight", "linear.bias"][: 1 + biases]
  if sorted(tensors) != sorted(wanted):
    raise program.BadInput(
      f"{folder} has the weights {', '.join(sorted(tensors))}; wanted "
      f"{' and '.join(wanted)}, as its config.json says"
    )
  values = {"w": np.asarray(tensors["linear.weight"], np.float32).T.copy()}
  if biases:
    values["b"] = np.asarray(tensors["linear.bias"], np.float32)
  projection = towers.Projection(values["w"].shape[1], names[asked], biases)
  return projection, {"projection": values}


def _pooling(content: dict[str, Any], path: pathlib.Path) -> str:
  """The pooling that a Pooling module asks for, in its old or new words."""
  chosen = content.get("pooling_mode")
  if chosen is None:
    on = [
      key
      for key, value in content.items()
      if key.startswith("pooling_mode_") and value
    ]
    flags = {flag: name for name, flag in _POOLINGS.values()}
    chosen = flags.get(on[0], on[0]) if len(on) == 1 else on
  if not content.get("include_prompt", True):
    chosen = f"{chosen} without the prompt"
  names = {name: ours for ours, (name, _) in _POOLINGS.items()}
  if chosen not in list(names):
    raise config_lib.UnknownKind(
      f"{path} asks for pooling {chosen}; wanted one of {', '.join(names)}"
    )
  return names[chosen]


def read_json(path: pathlib.Path, default: Any = None) -> Any:
  """A JSON file's content, or `default` where there is one and no file."""
  if default is not None and not path.exists():
    return default
  try:
    return json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise program.BadInput(f"{path} cannot be read ({error})") from error


def write_json(path: pathlib.Path, content: Any) -> None:
  """Writes JSON as a person would read it."""
  path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
