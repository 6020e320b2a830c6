"""Models and runs in folders."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from embeddings import checkpoint
from embeddings import description
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings import workdir as workdir_lib
from tests.embeddings import tiny


@pytest.fixture(scope="session")
def bert_folder(
  tokenizer_folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
  """A small random BERT as transformers saves it, with its tokenizer."""
  from tests.embeddings import torch_models  # Here: torch takes its time.

  folder = tmp_path_factory.mktemp("bert") / "bert"
  torch_models.bert(folder, tokenizer_folder)
  return folder


COMMAND = "python -m launch.train --config=mine.py --workdir=runs/mine"


class Run(NamedTuple):
  """A workdir as training leaves it, and what is in it."""

  workdir: workdir_lib.Workdir
  model: towers.Model
  params: dict[int, towers.Params]  # by step; those of 0 are in no checkpoint


def run_config(init: str = "") -> dict[str, Any]:
  """The config of such a run, as plain values."""
  return {
    "seed": 0,
    "model": {"init": init, "pooling": "mean"},
    "loss": {"name": "in_batch", "scale": 20.0, "symmetric": True},
    "data": {"train": "runs/code", "datasets_per_batch": 1, "negatives": 0},
    "optim": {"name": "adamw", "learning_rate": 3e-4, "steps": 5},
    "batch": {"size": 16, "max_length": 24, "pack_shards": 1},
    "save": {"every": 2, "keep": 2},
    "eval": {"tasks": "", "every": 0},
    "log": {"every": 1},
  }


def fingerprint() -> dict[str, Any]:
  """What the order of such a run depends on."""
  data = {
    "code": {
      "weight": 3,
      "records": 12_345,
      "source": "a | b",
      "licence": "Apache-2.0",
      "shards": ["c0ffee"],
    },
    "faq": {
      "weight": 1,
      "records": 67,
      "source": "",
      "licence": "",
      "shards": ["beef"],
    },
  }
  return {"versions": [1, 1, 1], "tokenizer": "abc", "data": data}


@pytest.fixture
def make_run(
  tmp_path: pathlib.Path, tokenizer_folder: pathlib.Path
) -> Callable[..., Run]:
  """Makes a run of a small model that seems to have trained."""

  def make(
    steps: Sequence[int] = (5,),
    *,
    init: str = "",
    name: str = "run",
    **changes: Any,
  ) -> Run:
    config = towers.ModelConfig(tiny.encoder_config(), **changes)
    model = towers.Model(config)
    workdir = workdir_lib.Workdir(tmp_path / name)
    about = description.Description(config, 24, tokenizer_folder)
    workdir.begin(run_config(init), fingerprint(), about, COMMAND)
    state = step_lib.init(
      tiny.objective(model),
      optimizer.make(optimizer.OptimizerConfig(name="sgd")),
      seed=0,
      mesh=partition.make_mesh(devices=jax.devices()[:1]),
      params=model.init(jax.random.key(0)),
    )
    params = {0: jax.device_get(state.params)}
    checkpoints = checkpoint.Checkpoints(workdir.checkpoints, keep=2)
    for step in steps:
      params[step] = tiny.noisy(params[0], seed=step)
      now = state._replace(
        step=jnp.int32(step), params=jax.tree.map(jnp.asarray, params[step])
      )
      checkpoints.save(now, {"step": step, "seconds": 1.0})
    checkpoints.close()
    return Run(workdir, model, params)

  return make
