"""A run starts from a run, a folder or two of them, and from what fits."""

import json
import shutil
import types

import jax
import numpy as np
import pytest

from data import program
from data import tokens
from embeddings import pretrained
from embeddings import towers
from embeddings import weights
from embeddings import workdir as workdir_lib
from tests import programs
from tests.embeddings import torch_models

TWO = towers.Projection(8, "gelu")


def same(one, other):
  """Compares parameters."""
  jax.tree.map(np.testing.assert_array_equal, dict(one), dict(other))


@pytest.fixture
def other_folder(bert_folder, tmp_path):
  """The small BERT with other weights, and a prompt."""
  folder = tmp_path / "other"
  torch_models.sentence_transformer(
    folder, bert_folder, max_length=40, prompts={"document": "code: "}
  )
  path = folder / weights.FILE
  tensors = {k: v + 1 for k, v in weights.read(folder).items()}
  weights.write(path, tensors)
  return folder


def test_a_run_gives_its_newest_checkpoint(make_run):
  run = make_run(steps=(3, 5))
  found = pretrained.load(str(run.workdir.path))
  assert found.description == run.workdir.model()
  same(found.params, run.params[5])
  with pytest.raises(program.BadInput, match="no whole checkpoint"):
    pretrained.load(str(make_run(steps=(), name="empty").workdir.path))


def test_two_models_become_two_towers(bert_folder, other_folder):
  query, document = (
    pretrained.load(str(folder)) for folder in (bert_folder, other_folder)
  )
  found = pretrained.load(f"{bert_folder},{other_folder}")
  about = found.description
  assert about.config == query.description.config.replace(towers="two")
  assert about.tokenizer == bert_folder
  assert about.max_length == 64
  assert about.prompts == {"document": "code: "}
  for side, one in (("query", query), ("document", document)):
    same(towers.tower_of(found.params, side), one.params)
    same(about.carried[side].tensors, one.description.carried[""].tensors)
  assert found.params.keys() == {
    f"{side}/{name}" for side in towers.SIDES for name in query.params
  }


def test_two_models_must_be_alike(bert_folder, other_folder, tmp_path):
  torch_models.sentence_transformer(
    tmp_path / "cls", bert_folder, pooling="cls"
  )
  path = other_folder / tokens.FILE
  content = json.loads(path.read_text())
  for name, message in (
    (tmp_path / "cls", "names models of two kinds"),
    (f"{bert_folder},{bert_folder}", "names models of two kinds"),
    (tmp_path / "none", "is neither a folder nor"),
    (other_folder, "with tokenizers of their own; wanted one"),
  ):
    path.write_text(json.dumps({**content, "normalizer": None}))
    with pytest.raises(program.BadInput, match=message):
      pretrained.load(f"{bert_folder},{name}")
  # How a tokenizer pads and cuts makes no difference.
  path.write_text(json.dumps({**content, "truncation": None, "padding": None}))
  assert pretrained.load(f"{bert_folder},{other_folder}")


def test_one_tower_becomes_both(bert_folder):
  found = pretrained.load(str(bert_folder))
  config = found.description.config.replace(towers="two", pooling="cls")
  fitted = pretrained.fit(found, config)
  assert fitted.description.config == config
  assert fitted.description.carried.keys() == set(towers.SIDES)
  for side in towers.SIDES:
    same(towers.tower_of(fitted.params, side), found.params)
    tensors = fitted.description.carried[side].tensors
    same(tensors, found.description.carried[""].tensors)
  model = towers.Model(config)
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  assert shapes.keys() == fitted.params.keys()
  back = config.replace(towers="shared")
  with pytest.raises(program.BadInput, match="is 'shared' and .* has two tow"):
    pretrained.fit(fitted, back)


@pytest.mark.parametrize("sides", ["shared", "two"])
def test_another_projection_begins_anew(make_run, sides):
  run = make_run(projection=TWO, towers=sides)
  found = pretrained.load(str(run.workdir.path))
  config = found.description.config
  same(pretrained.fit(found, config.replace(truncate=4)).params, run.params[5])
  for projection in (None, towers.Projection(9, "gelu")):
    fitted = pretrained.fit(found, config.replace(projection=projection))
    left = found.params.keys() - fitted.params.keys()
    start = [f"{side}/" for side in towers.SIDES] if sides == "two" else [""]
    assert left == {f"{name}projection" for name in start}


def test_what_is_kept_is_what_was_found(bert_folder, other_folder, tmp_path):
  found = pretrained.load(f"{bert_folder},{other_folder}")
  out = tmp_path / "kept"
  out.mkdir()  # a folder with nothing in it is in nobody's way
  pretrained.keep(found, out, "python -m a")
  again = pretrained.load(str(out))
  assert again.description.replace(
    tokenizer=bert_folder, carried={}
  ) == found.description.replace(carried={})
  same(again.params, found.params)
  for side, carried in found.description.carried.items():
    assert again.description.carried[side].config == carried.config
    same(again.description.carried[side].tensors, carried.tensors)
  workdir = workdir_lib.Workdir(out)
  assert not workdir.begun and workdir.command() == "python -m a"
  pretrained.keep(pretrained.load(str(bert_folder)), out)  # takes its place
  assert pretrained.load(str(out)).description.config.towers == "shared"
  assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "other"]


def test_what_is_no_model_stays(bert_folder, make_run, tmp_path):
  run = make_run()
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "thesis.txt").write_text("dear to me")
  (tmp_path / "file").write_text("dear to me")
  copy = shutil.copytree(bert_folder, tmp_path / "folder")
  found = pretrained.load(str(bert_folder))
  before = programs.contents(tmp_path)
  for name in (run.workdir.path, tmp_path / "mine", tmp_path / "file", copy):
    with pytest.raises(program.BadInput, match="holds no model that was impor"):
      pretrained.keep(found, name)
  assert programs.contents(tmp_path) == before


def test_a_model_that_cannot_be_kept_leaves_nothing(
  bert_folder, tmp_path, monkeypatch
):
  monkeypatch.setattr(
    pretrained.checkpoint.shutil,
    "disk_usage",
    lambda _: types.SimpleNamespace(free=2**19),
  )
  found = pretrained.load(str(bert_folder))
  with pytest.raises(OSError, match="a checkpoint needs .* MiB are free"):
    pretrained.keep(found, tmp_path / "kept")
  assert not list(tmp_path.iterdir())
