"""Configs are what they say."""

import importlib
import pathlib
from typing import NamedTuple

from absl import flags
from ml_collections import config_flags
import pytest

from data import program
from embeddings import optimizer
from launch import recipes
from launch.configs import all_minilm_l6
from launch.configs import default
from launch.configs import smoke

NOT_CONFIGS = ("__init__", "smoke")
CONFIGS = sorted(
  path
  for path in pathlib.Path(default.__file__).parent.glob("*.py")
  if path.stem not in NOT_CONFIGS
)

# What a smoke variant has of its own; all else is the recipe's.
SMALL = {
  "model.init",
  "model.dtype",
  *(
    f"model.encoder.{key}"
    for key in (
      *("family", "width", "layers", "heads", "mlp_width"),
      *("max_positions", "init_range"),
    )
  ),
  "model.projection.width",
  "optim.learning_rate",
  "optim.warmup_steps",
  "optim.steps",
  "batch.size",
  "batch.max_length",
  "batch.pack_shards",
  "batch.shapes",
  *(f"{key}.every" for key in ("save", "eval", "log")),
}


class Published(NamedTuple):
  """What papers and model cards say of a recipe."""

  init: str
  family: str
  steps: int
  pairs: int
  tokens: int
  rate: float
  warmup: int
  compared: str  # pooling, similarity and scale


COSINE_20 = "mean cosine 20"
PUBLISHED = {
  "all_minilm_l6": Published(
    *("nreimers/MiniLM-L6-H384-uncased", "bert"),
    *(540_000, 1_024, 128, 2e-5, 500, COSINE_20),
  ),
  "all_distilroberta": Published(
    *("distilbert/distilroberta-base", "roberta"),
    *(920_000, 512, 128, 2e-5, 500, COSINE_20),
  ),
  "all_mpnet_base": Published(
    *("microsoft/mpnet-base", "mpnet"),
    *(100_000, 1_024, 128, 2e-5, 500, COSINE_20),
  ),
  "all_roberta_large_v3": Published(
    *("FacebookAI/roberta-large", "roberta"),
    *(400_000, 256, 128, 2e-5, 500, COSINE_20),
  ),
  "conversational": Published(
    *("microsoft/mpnet-base", "mpnet"),
    *(540_000, 1_024, 128, 2e-5, 500, COSINE_20),
  ),
  "multi_qa": Published(
    *("microsoft/mpnet-base", "mpnet"),
    *(200_000, 1_024, 250, 2e-5, 500, "cls dot 1"),
  ),
  "dpr_nq": Published(
    *("google-bert/bert-base-uncased", "bert"),
    *(18_400, 128, 256, 2e-5, 1_237, "cls dot 1"),
  ),
  "simcse_unsup": Published(
    *("google-bert/bert-base-uncased", "bert"),
    *(15_625, 64, 32, 3e-5, 0, "cls cosine 20"),
  ),
  "multilingual_distill": Published(
    *("FacebookAI/xlm-roberta-base", "xlm-roberta"),
    *(156_250, 32, 128, 2e-5, 10_000, "mean cosine None"),
  ),
}


def keys(tree, path=""):
  """The dotted keys of a config, and their values."""
  found = {}
  for key, value in tree.items():
    if isinstance(value, dict):
      found |= keys(value, f"{path}{key}.")
    else:
      found[f"{path}{key}"] = value
  return found


def parsed(text):
  """The config that --config=TEXT gives a program."""
  values = flags.FlagValues()
  config_flags.DEFINE_config_file("config", flag_values=values)
  values(["program", f"--config={text}"])
  return values.config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_has_the_keys_that_there_are(path):
  config = parsed(path)
  assert config.is_locked
  config = config.to_dict()
  assert keys(config).keys() == keys(default.get_config().to_dict()).keys()
  assert optimizer.OptimizerConfig(**config["optim"])
  # Its docstring is its command.
  module = importlib.import_module(f"launch.configs.{path.stem}")
  assert path.stem in module.__doc__ or "launch/quickstart.sh" in module.__doc__


def test_there_are_recipes_of_all_that_is_published():
  assert recipes.SOURCES.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_is_as_published(name):
  wanted = PUBLISHED[name]
  config = parsed(f"launch/configs/{name}.py")
  scale = config.loss.scale if config.loss.name == "in_batch" else None
  compared = f"{config.model.pooling} {config.model.similarity} "
  found = Published(
    init=config.model.init,
    family=parsed(f"launch/configs/{name}.py:smoke").model.encoder.family,
    steps=config.optim.steps,
    pairs=config.batch.size,
    tokens=config.batch.max_length,
    rate=config.optim.learning_rate,
    warmup=config.optim.warmup_steps,
    compared=compared + (str(scale) if scale is None else f"{scale:g}"),
  )
  assert found == wanted
  rates = (config.model.encoder.dropout, config.model.encoder.attention_dropout)
  assert rates == (0.1, 0.1)
  assert config.optim.decay == "linear"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_smoke_variant_is_the_recipe_made_small(name):
  config = parsed(f"launch/configs/{name}.py:{smoke.NAME}")
  assert config.is_locked
  recipe = keys(parsed(f"launch/configs/{name}.py").to_dict())
  small = keys(config.to_dict())
  assert small.keys() == recipe.keys()
  changed = {key for key in small if small[key] != recipe[key]}
  assert (
    {"model.init", "model.encoder.width", "optim.steps"} <= changed <= SMALL
  )
  assert config.model.init == ""
  assert (config.model.dtype, config.batch.pack_shards) == ("float32", 1)
  assert optimizer.OptimizerConfig(**config.optim.to_dict())


def test_another_variant_is_one_clear_error(run_program):
  with pytest.raises(program.BadInput, match="no variant 'tiny'"):
    all_minilm_l6.get_config("tiny")
  ended = run_program(
    "launch.train", "--config=launch/configs/dpr_nq.py:tiny", "--workdir=none"
  )
  assert ended.code == 2, ended
  assert ended.err.count("\n") == 1, ended.err
  assert "no variant 'tiny'; wanted none, or 'smoke'" in ended.err


def test_the_recipe_of_2021_warms_up_and_falls_to_nothing():
  config = all_minilm_l6.get_config()
  rate = optimizer.learning_rate(
    optimizer.OptimizerConfig(**config.optim.to_dict())
  )
  assert float(rate(0)) == 0
  assert float(rate(500)) == pytest.approx(2e-5)
  assert float(rate(500 + (540_000 - 500) // 2)) == pytest.approx(
    1e-5, rel=1e-3
  )
  assert float(rate(540_000)) == pytest.approx(0, abs=1e-12)
