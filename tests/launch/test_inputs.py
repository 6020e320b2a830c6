"""A run's prompts are the config's, else the model's."""

import pathlib

import ml_collections
import pytest

from embeddings import description
from embeddings import towers
from launch import inputs
from tests.embeddings import tiny

ABOUT = description.Description(
  towers.ModelConfig(tiny.encoder_config()),
  24,
  pathlib.Path("words"),
  {"query": "q: ", "passage": "p: ", "title": "t: "},
)


@pytest.mark.parametrize(
  ("given", "wanted", "sides"),
  [
    ((None, None), dict(ABOUT.prompts), ("q: ", "p: ")),
    (
      (None, "d: "),
      {"query": "q: ", "title": "t: ", "document": "d: "},
      ("q: ", "d: "),
    ),
    (("", ""), {"title": "t: ", "query": "", "document": ""}, ("", "")),
  ],
)
def test_what_the_config_gives_takes_the_models_place(given, wanted, sides):
  prompts = ml_collections.ConfigDict(
    dict(zip(towers.SIDES, given, strict=True))
  )
  about = inputs.with_prompts(ABOUT, prompts)
  assert about.prompts == wanted
  assert tuple(about.prompt(side) for side in towers.SIDES) == sides


def test_a_default_prompt_serves_both_sides():
  about = ABOUT.replace(prompts={"any": "a: "}, default_prompt="any")
  assert [about.prompt(side) for side in towers.SIDES] == ["a: ", "a: "]
