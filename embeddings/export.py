"""A model as a sentence-transformers folder, for everybody else.

    README.md  modules.json  config.json  model.safetensors  tokenizer.json ...
    config_sentence_transformers.json  sentence_bert_config.json
    1_Pooling/config.json  2_Normalize/

Two towers become one folder with a Router, or two folders. What is written
appears whole or not at all; no optimiser state is restored.
"""

import os
import pathlib
import shutil
from collections.abc import Callable

import jax

from data import atomic
from embeddings import checkpoint
from embeddings import description as description_lib
from embeddings import model_card
from embeddings import modules
from embeddings import towers
from embeddings import weights
from embeddings import workdir as workdir_lib
from embeddings.encoders.names import table

DTYPES = ("float32", "float16", "bfloat16")


def to_sentence_transformers(
  workdir: workdir_lib.Workdir,
  out: str | os.PathLike[str],
  *,
  dtype: str = "float32",
  split_towers: bool = False,
  results: dict[str, float] | None = None,
  licence: str = "",
  check: Callable[[pathlib.Path], None] = lambda folder: None,
) -> int:
  """Writes the newest checkpoint of a run as a sentence-transformers model.

  Args:
    workdir: of the run.
    out: the folder to write; a model that is there is replaced.
    dtype: of the weights, one of DTYPES.
    split_towers: whether two towers become the folders `query` and `document`
      within `out`, and not a Router.
    results: of evaluations, for the model card; by default the run's last.
    licence: of the model, for its card.
    check: is called with the finished folder before it takes its place.

  Returns:
    The step that was exported.

  Raises:
    program.BadInput: if the run has no checkpoint.
  """
  about = workdir.model()
  shapes = jax.eval_shape(towers.Model(about.config).init, jax.random.key(0))
  params, step = checkpoint.restore_params(workdir.checkpoints, shapes)
  params = jax.device_get(params)
  card = model_card.render(workdir, step=step, results=results, licence=licence)
  with atomic.folder(out) as folder:
    if split_towers:
      for side in about.config.sides:
        alone = _one_tower(about, side)
        (folder / side).mkdir()
        write(folder / side, alone, towers.tower_of(params, side), dtype)
        (folder / side / "README.md").write_text(card, encoding="utf-8")
    else:
      write(folder, about, params, dtype)
    (folder / "README.md").write_text(card, encoding="utf-8")
    check(folder)
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
  """
  encoders = modules.write(folder, about.config, params, dtype)
  for side, where in encoders.items():
    none = description_lib.Carried({}, {})
    carried = about.carried.get(side, none)
    tower = towers.tower_of(params, side)
    _write_encoder(where, about.config, carried, tower, dtype)
    for path in about.tokenizer.iterdir():
      shutil.copy(path, where / path.name)
    modules.write_json(
      where / modules.ENCODER_SETTINGS,
      {"max_seq_length": about.max_length, "do_lower_case": False},
    )
  modules.write_settings(
    folder, about.prompts, about.default_prompt, about.config.similarity
  )


def _write_encoder(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  carried: description_lib.Carried,
  params: towers.Params,
  dtype: str,
) -> None:
  """What transformers loads: config.json and model.safetensors."""
  family = table.FAMILIES[config.encoder.family]
  content = {
    **(carried.config or family.content(config.encoder)),
    "architectures": [family.architecture],
    "dtype": dtype,
  }
  content.pop("torch_dtype", None)  # what transformers 4 calls dtype
  modules.write_json(folder / "config.json", content)
  tensors = weights.tensors_of(params, config.encoder)
  weights.write(
    folder / weights.FILE,
    {name: weights.cast(tensor, dtype) for name, tensor in tensors.items()}
    # Carried weights are as they came.
    | (carried.tensors or weights.placeholders(config.encoder)),
  )


def _one_tower(
  about: description_lib.Description, side: str
) -> description_lib.Description:
  """One tower of two as a model of its own."""
  carried = about.carried.get(side, description_lib.Carried({}, {}))
  config = about.config.replace(towers="shared")
  return about.replace(config=config, carried={"": carried})
