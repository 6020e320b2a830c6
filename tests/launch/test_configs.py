"""Configs are what they say."""

import importlib.util
import pathlib

import pytest

from embeddings import optimizer
from launch.configs import all_minilm_l6
from launch.configs import default

CONFIGS = sorted(
  path
  for path in pathlib.Path(default.__file__).parent.glob("*.py")
  if path.stem != "__init__"
)


def load(path):
  """The config of a file."""
  spec = importlib.util.spec_from_file_location(path.stem, path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def keys(tree, path=""):
  """The dotted keys of a config."""
  for key, value in tree.items():
    if isinstance(value, dict):
      yield from keys(value, f"{path}{key}.")
    else:
      yield f"{path}{key}"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_has_the_keys_that_there_are(path):
  module = load(path)
  config = module.get_config().to_dict()
  assert set(keys(config)) == set(keys(default.get_config().to_dict()))
  assert optimizer.OptimizerConfig(**config["optim"])
  # Its docstring is its command.
  assert path.stem in module.__doc__ or "launch/quickstart.sh" in module.__doc__


def test_the_recipe_of_2021():
  config = all_minilm_l6.get_config()
  assert config.model.init == "nreimers/MiniLM-L6-H384-uncased"
  assert config.loss.to_dict() == {
    "name": "in_batch",
    "scale": 20.0,
    "symmetric": True,
  }
  assert config.data.datasets_per_batch == "2"
  assert (config.batch.size, config.batch.max_length) == (1_024, 128)
  assert config.optim.to_dict() == {
    "name": "adamw",
    "learning_rate": 2e-5,
    "warmup_steps": 500,
    "steps": 540_000,
    "decay": "linear",
    "weight_decay": 0.0,
    "clip_norm": 1.0,
  }
  rate = optimizer.learning_rate(optimizer.OptimizerConfig(**config.optim))
  assert float(rate(0)) == 0
  assert float(rate(500)) == pytest.approx(2e-5)
  assert float(rate(500 + (540_000 - 500) // 2)) == pytest.approx(
    1e-5, rel=1e-3
  )
  assert float(rate(540_000)) == pytest.approx(0, abs=1e-12)
