"""A trained model as a sentence-transformers folder, for everybody else.

    README.md  modules.json  config.json  model.safetensors  tokenizer.json ...
    config_sentence_transformers.json  sentence_bert_config.json
    1_Pooling/config.json  2_Normalize/

The folder appears whole or not at all, and restores no optimiser state.
"""

import json
import os
import pathlib
import shutil
from typing import Any

import jax
import numpy as np
from safetensors import numpy as safetensors_numpy

from data import atomic
from embeddings import checkpoint
from embeddings import huggingface
from embeddings import model_card
from embeddings import towers
from embeddings import workdir as workdir_lib

_MODULES = "sentence_transformers.models"


def to_sentence_transformers(
  workdir: workdir_lib.Workdir,
  out: str | os.PathLike[str],
  *,
  results: dict[str, float] | None = None,
) -> int:
  """Writes the newest checkpoint of a run as a sentence-transformers model.

  Args:
    workdir: of the run.
    out: the folder to write; a model that is there is replaced.
    results: of evaluations, for the model card; by default the run's last.

  Returns:
    The step that was exported.

  Raises:
    program.BadInput: if the run has no checkpoint.
  """
  config, max_length = workdir.model()
  shapes = jax.eval_shape(towers.Model(config).init, jax.random.key(0))
  params, step = checkpoint.restore_params(workdir.checkpoints, shapes)
  tensors = huggingface.tensors_of(jax.device_get(params), config.encoder)
  with atomic.folder(out) as folder:
    _write_encoder(folder, config, tensors)
    _write_modules(folder, config, max_length)
    for path in workdir.tokenizer.iterdir():
      shutil.copy(path, folder / path.name)
    card = model_card.render(workdir, config, step=step, results=results)
    (folder / "README.md").write_text(card, encoding="utf-8")
  return step


def _write_encoder(
  folder: pathlib.Path,
  config: towers.ModelConfig,
  tensors: dict[str, np.ndarray],
) -> None:
  """What transformers loads: config.json and model.safetensors."""
  _write_json(folder / "config.json", huggingface.config_json(config.encoder))
  unused = {
    name: np.zeros([getattr(config.encoder, side) for side in sides], "float32")
    for name, sides in huggingface.FAMILIES[
      config.encoder.family
    ].UNUSED.items()
  }
  safetensors_numpy.save_file(
    {**unused, **tensors},
    folder / huggingface.WEIGHTS,
    metadata={"format": "pt"},
  )


def _write_modules(
  folder: pathlib.Path, config: towers.ModelConfig, max_length: int
) -> None:
  """What sentence-transformers loads: the modules and their settings."""
  kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
  if config.normalise:
    kinds.append(("2_Normalize", "Normalize"))
  modules = [
    {"idx": i, "name": str(i), "path": path, "type": f"{_MODULES}.{kind}"}
    for i, (path, kind) in enumerate(kinds)
  ]
  _write_json(folder / "modules.json", modules)
  for path, _ in kinds[1:]:
    (folder / path).mkdir()
  _write_json(
    folder / "1_Pooling" / "config.json",
    {
      "word_embedding_dimension": config.encoder.width,
      **{
        flag: mode == config.pooling
        for mode, flag in huggingface.POOLING_FLAGS.items()
      },
    },
  )
  _write_json(
    folder / "sentence_bert_config.json",
    {"max_seq_length": max_length, "do_lower_case": False},
  )
  _write_json(
    folder / "config_sentence_transformers.json",
    {
      "prompts": {},
      "default_prompt_name": None,
      "similarity_fn_name": "cosine",
    },
  )


def _write_json(path: pathlib.Path, content: Any) -> None:
  """Writes JSON as a person would read it."""
  path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
