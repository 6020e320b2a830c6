"""A model as a sentence-transformers folder, for everybody else.

    README.md  modules.json  config.json  model.safetensors  tokenizer.json ...
    config_sentence_transformers.json  sentence_bert_config.json
    1_Pooling/config.json  2_Normalize/

Two towers become one folder with a Router, or two folders. What is written
appears whole or not at all; no optimiser state is restored.
"""

import os
import pathlib
from collections.abc import Callable

import jax

from data import atomic
from data import program
from data import tokens
from embeddings import checkpoint
from embeddings import description as description_lib
from embeddings import model_card
from embeddings import modules
from embeddings import towers
from embeddings import weights
from embeddings import workdir as workdir_lib
from embeddings.encoders.names import table

DTYPES = ("float32", "float16", "bfloat16")
LAYOUTS = ("router", "folders")  # of two towers

# Is called with the finished folder and the model that it should hold.
Check = Callable[[pathlib.Path, description_lib.Pretrained], None]


def to_sentence_transformers(
  workdir: workdir_lib.Workdir,
  out: str | os.PathLike[str],
  *,
  dtype: str = "float32",
  layout: str = "router",
  card: model_card.Extras = model_card.NOTHING_MORE,
  check: Check = lambda folder, found: None,
) -> int:
  """Writes the newest checkpoint of a run as a sentence-transformers model.

  Args:
    workdir: of the run.
    out: the folder to write; a model that is there is replaced.
    dtype: of the weights, one of DTYPES.
    layout: of two towers: "router" for one model, or "folders" for the models
      `query` and `document` within `out`.
    card: what the model card says beside what the run knows.
    check: is called before the folder takes its place; what it raises ends
      the export.

  Returns:
    The step that was exported.

  Raises:
    program.BadInput: if the run has no checkpoint, or one tower is to become
      two folders.
  """
  about = workdir.model()
  split = layout == "folders"
  if split and about.config.towers == "shared":
    raise program.BadInput(
      f"{workdir.place} has one tower for queries and documents, which is one "
      "folder; leave --towers=folders out"
    )
  shapes = jax.eval_shape(towers.Model(about.config).init, jax.random.key(0))
  params, step = checkpoint.restore_params(workdir.checkpoints, shapes)
  params = jax.device_get(params)
  text = model_card.render(workdir, step=step, layout=layout, extras=card)
  with atomic.folder(out) as folder:
    if split:
      for side in about.config.sides:
        (folder / side).mkdir()
        tower = towers.tower_of(params, side)
        write(folder / side, _one_tower(about, side), tower, dtype)
        (folder / side / "README.md").write_text(text, encoding="utf-8")
    else:
      write(folder, about, params, dtype)
    (folder / "README.md").write_text(text, encoding="utf-8")
    check(folder, description_lib.Pretrained(about, params))
  return step


def write(
  folder: pathlib.Path,
  about: description_lib.Description,
  params: towers.Params,
  dtype: str,
) -> None:
  """Writes all that sentence-transformers loads.

  Args:
    folder: an empty one.
    about: the model.
    params: its parameters, on the host.
    dtype: of the weights.

  Raises:
    program.BadInput: if a weight does not fit into the dtype.
  """
  config = about.config
  encoders = modules.write(folder, config, params, dtype)
  # A Router keeps its Dense modules in float32 however the encoders compute,
  # and torch multiplies no two dtypes.
  dense = config.towers == "two" and (config.projection or config.truncate)
  computed = "float32" if dense else dtype
  for side, where in encoders.items():
    none = description_lib.Carried({}, {})
    carried = about.carried.get(side, none)
    tower = towers.tower_of(params, side)
    _write_config(where, config, carried, computed)
    _write_weights(where, config, carried, tower, dtype)
    tokens.copy(about.tokenizer, where)
    modules.write_json(
      where / modules.ENCODER_SETTINGS,
      {"max_seq_length": about.max_length, "do_lower_case": False},
    )
  modules.write_settings(
    folder, about.prompts, about.default_prompt, config.similarity
  )


def _write_config(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  carried: description_lib.Carried,
  dtype: str,
) -> None:
  """config.json: the carried one but for the dtype and the class."""
  family = table.FAMILIES[config.encoder.family]
  content = {
    **(carried.config or family.content(config.encoder)),
    "architectures": [family.architecture],
    "dtype": dtype,
  }
  content.pop("torch_dtype", None)  # what transformers 4 calls dtype
  modules.write_json(folder / "config.json", content)


def _write_weights(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  carried: description_lib.Carried,
  params: towers.Params,
  dtype: str,
) -> None:
  """model.safetensors: the encoder, and what was carried, as it came."""
  tensors = weights.tensors_of(params, config.encoder)
  weights.write(
    folder / weights.FILE,
    {name: weights.cast(tensor, dtype) for name, tensor in tensors.items()}
    | (
      carried.tensors
      if carried.config
      else weights.placeholders(config.encoder)
    ),
  )


def _one_tower(
  about: description_lib.Description, side: str
) -> description_lib.Description:
  """One tower of two as a model of its own."""
  carried = about.carried.get(side, description_lib.Carried({}, {}))
  config = about.config.replace(towers="shared")
  return about.replace(config=config, carried={"": carried})
