"""Smoke runs of the recipes, from raw files to a lower loss."""

import gzip
import importlib
import json
import math

import pytest

from data import manifest
from launch import recipes
from tests import conftest
from tests import programs
from tests.embeddings import texts as texts_lib

TRIVIA = recipes.SOURCES["dpr_nq"][0]


def write_raw(folder, records):
  """The raw folder of the recipe `dpr_nq`, with these records."""
  path = folder / TRIVIA.file
  path.parent.mkdir(parents=True)
  with gzip.open(path, "wt", encoding="utf-8") as file:
    file.writelines(json.dumps(record) + "\n" for record in records)
  return folder


def run_smoke(run_program, name, data, workdir, *more):
  """Runs a recipe's smoke run to its end."""
  # So many steps are taken that quicker ones are worth a longer compilation.
  env = programs.environment()
  slow, quick = (f"--xla_backend_optimization_level={n}" for n in (0, 1))
  return run_program(
    "launch.smoke",
    f"--config={name}",
    f"--data={data}",
    f"--workdir={workdir}",
    *more,
    env=env | {"XLA_FLAGS": env["XLA_FLAGS"].replace(slow, quick)},
  )


@pytest.fixture(scope="module")
def whole(run_program, tmp_path_factory):
  """A run of `dpr_nq` on the tests' own texts: its folders, and its end."""
  folder = tmp_path_factory.mktemp("smoke")
  pairs = conftest.pairs(150)
  others = [code for _, code in pairs[1:] + pairs[:1]]
  raw = write_raw(
    folder / "raw",
    [[*pair, other] for pair, other in zip(pairs, others, strict=True)],
  )
  more = ("--records=120",)
  ended = run_smoke(run_program, "dpr_nq", raw, folder / "runs", *more)
  return raw, folder / "runs", ended


@pytest.mark.long
def test_a_recipe_learns(whole):
  raw, workdir, ended = whole
  assert ended.code == 0, ended
  found = ended.result["dpr_nq"]
  assert found["last_loss"] < 0.7 * loss_of_guessing("dpr_nq")
  assert found["pairs"] == 120 * 32
  data_set = manifest.read(workdir / "dpr_nq" / "data" / TRIVIA.name)
  assert (data_set.records, data_set.kind) == (120, "triplets")
  assert data_set.source == str(raw / TRIVIA.file)
  model = json.loads((workdir / "dpr_nq/model/model.json").read_text())
  assert "two" in json.dumps(model) and "dot" in json.dumps(model)


@pytest.mark.long
def test_what_was_done_is_not_done_again(run_program, whole):
  raw, workdir, ended = whole
  again = run_smoke(run_program, "dpr_nq", raw, workdir, "--records=120")
  assert again.out == ended.out
  assert again.err.count("done before") == 3


@pytest.mark.long
def test_a_loss_that_does_not_fall_is_final(run_program, whole):
  raw, workdir, _ = whole
  path = workdir / "dpr_nq" / "model" / "metrics.jsonl"
  before = path.read_text()
  path.write_text("\n".join(reversed(before.splitlines())))
  ended = run_smoke(run_program, "dpr_nq", raw, workdir, "--records=120")
  path.write_text(before)
  assert ended.code == 3, ended
  assert "the loss of dpr_nq went from" in ended.err.splitlines()[-1]


@pytest.mark.parametrize(
  ("given", "message"),
  [
    (("--data=raw",), "--config is missing"),
    (("--config=dpr_nq",), "--data is missing"),
    (("--config=dpr", "--data=raw"), "--config=dpr is no recipe; wanted all"),
    (("--config=dpr_nq", "--data=raw"), f"--data has no {TRIVIA.file}"),
  ],
)
def test_wrong_input_is_one_line(run_program, tmp_path, given, message):
  ended = run_program("launch.smoke", *given, f"--workdir={tmp_path}")
  assert message in programs.bad_input(ended)


def test_a_raw_record_that_lacks_a_text_is_named(run_program, tmp_path):
  raw = write_raw(tmp_path / "raw", [["a question", "its answer"]])
  ended = run_smoke(run_program, "dpr_nq", raw, tmp_path / "runs")
  line = programs.bad_input(ended)
  assert "line 1 has 2 values, wanted 3" in line


def loss_of_guessing(name):
  """The loss of a model to which all texts of a batch are alike."""
  module = importlib.import_module(f"launch.configs.{name}")
  config = module.get_config("smoke")
  if config.loss.name != "in_batch":
    return math.inf
  return math.log(config.batch.size * (1 + config.data.negatives))


@pytest.mark.long
@pytest.mark.parametrize("name", recipes.SOURCES)
def test_every_recipe_learns_from_the_shared_data(run_program, tmp_path, name):
  if not texts_lib.SHARED.exists():
    pytest.skip(f"{texts_lib.SHARED} is not on this machine")
  ended = run_smoke(run_program, name, texts_lib.SHARED, tmp_path)
  assert ended.code == 0, ended
  found = ended.result[name]
  assert found["last_loss"] < 0.8 * found["first_loss"]
  assert found["last_loss"] < loss_of_guessing(name)
