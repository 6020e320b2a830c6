"""A config says which model is trained, and what it starts from."""

import json
import shutil
import signal

import ml_collections
import numpy as np
import pytest

from data import program
from data import tokens
from embeddings import encode
from embeddings import workdir as workdir_lib
from launch import models
from launch import run as run_lib
from launch.configs import default
from tests import programs

TWO_TOWERS = {
  "model.towers": "two",
  "model.pooling": "weighted_mean",
  "model.normalise": False,
  "model.projection.width": 8,
  "model.truncate": 6,
}


def config(**changes):
  """The `model` of the default config with other values, dots as `__`."""
  found = default.get_config()
  with found.ignore_type():
    found.update_from_flattened_dict(changes)
  return found.model


def flags(changes):
  """The same as flags of launch.train."""
  return [f"--config.{key}={value}" for key, value in changes.items()]


def test_what_is_not_chosen_is_the_plainest(tokenizer_folder):
  about, params = models.start(config(), str(tokenizer_folder), 0)
  assert params == {}
  assert about.max_length == 512  # the longest that the encoder takes
  found = about.config
  assert (found.pooling, found.normalise, found.similarity) == (
    "mean",
    True,
    "cosine",
  )
  assert (found.towers, found.projection, found.truncate) == ("shared", None, 0)


def test_dot_products_want_vectors_of_their_own_length(tokenizer_folder):
  chosen = {"model.similarity": "dot"}
  about, _ = models.start(config(**chosen), str(tokenizer_folder), 0)
  assert not about.config.normalise
  chosen["model.normalise"] = True
  about, _ = models.start(config(**chosen), str(tokenizer_folder), 0)
  assert about.config.normalise


def test_a_family_has_its_own_shape(tokenizer_folder):
  chosen = {"model.encoder.family": "modernbert", "model.encoder.layers": 4}
  about, _ = models.start(config(**chosen), str(tokenizer_folder), 64)
  encoder = about.config.encoder
  assert (encoder.family, encoder.layers) == ("modernbert", 4)
  assert encoder.rotary and encoder.gated and not encoder.biases
  words = tokens.Tokenizer(tokenizer_folder, max_length=8)
  assert encoder.vocab_size == words.vocab_size


def test_what_is_chosen_goes_before_what_was_found(trained):
  before, params = models.start(config(**{"model.init": str(trained)}), "", 0)
  assert before.max_length == 64 and before.config.pooling == "mean"
  chosen = {"model.init": str(trained), "model.encoder.dropout": 0.25}
  about, found = models.start(config(**chosen, **TWO_TOWERS), "", 32)
  assert (about.max_length, about.config.width) == (32, 6)
  assert about.config.encoder == before.config.encoder.replace(dropout=0.25)
  assert about.config.pooling == "weighted_mean"
  assert not about.config.normalise
  assert {name.split("/")[0] for name in found} == {"query", "document"}
  for name, values in params.items():
    assert found[f"query/{name}"] is found[f"document/{name}"]
    assert found[f"query/{name}"].keys() == values.keys()


WRONG = [
  ({"model.pooling": "median"}, "pooling 'median' is not known; wanted one"),
  ({"model.towers": "three"}, "towers 'three' is not known; wanted one of sh"),
  ({"model.similarity": "l2"}, "similarity 'l2' is not known"),
  ({"model.remat": "some"}, "remat 'some' is not known; wanted one of none"),
  ({"model.truncate": 257}, "256 numbers cannot be cut to 257; wanted 0"),
  (
    {"model.projection.width": 9, "model.projection.activation": "sin"},
    "projection activation 'sin' is not known",
  ),
  (
    {"model.encoder.family": "t5"},
    "encoder.family is 't5'; wanted one of bert",
  ),
]


@pytest.mark.parametrize(("chosen", "message"), WRONG)
def test_a_wrong_choice_is_named(tokenizer_folder, chosen, message):
  with pytest.raises(program.BadInput, match=message):
    models.start(config(**chosen), str(tokenizer_folder), 64)


@pytest.mark.long
def test_two_towers_are_trained_from_one_and_apart(
  run_program, corpus, trained, tmp_path
):
  given = [
    *programs.train_command(corpus, tmp_path / "run"),
    f"--config.model.init={trained}",
    "--config.model.encoder.dropout=0.1",
    *flags(TWO_TOWERS),
    "--config.optim.steps=3",
    "--config.save.every=2",
  ]
  ended = run_program(*given)
  assert ended.code == 0, ended
  lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
  assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]
  encoder = encode.load(str(tmp_path / "run"))
  assert encoder.width == 6
  texts = ["read the file", "def merge(tree):"]
  query, document, plain = (
    encoder.encode(texts, side=side) for side in ("query", "document", "")
  )
  assert np.abs(query - document).max() > 1e-4
  np.testing.assert_array_equal(document, plain)
  first = encode.load(str(tmp_path / "run"), untrained=True)
  np.testing.assert_array_equal(
    first.encode(texts, side="query"), first.encode(texts, side="document")
  )
  # Vectors have lengths of their own, and are compared by their angle.
  assert np.ptp(np.linalg.norm(query, axis=1)) > 1e-4
  ready = encoder.comparable(texts, "query")
  np.testing.assert_allclose(np.linalg.norm(ready, axis=1), 1, rtol=1e-6)


@pytest.mark.long
def test_a_run_goes_on_without_what_it_began_from(
  run_program, corpus, trained, tmp_path
):
  gone, words = tmp_path / "gone", tmp_path / "words"
  shutil.copytree(trained, gone)
  shutil.copytree(corpus / "words", words)
  given = [
    *programs.train_command(corpus, tmp_path / "run"),
    f"--config.model.init={gone}",
    f"--config.data.tokenizer={words}",
    "--config.save.every=1",
    "--config.batch.pack_shards=8",  # for the devices of this process
  ]
  ended = run_program("tests.launch.killed", "between_saves", *given)
  assert ended.code == -signal.SIGKILL, ended
  shutil.rmtree(gone)
  shutil.rmtree(words)

  workdir = workdir_lib.Workdir(tmp_path / "run")
  before = ml_collections.ConfigDict(workdir.config())
  run = run_lib.assemble(before.lock(), workdir)
  # To begin, and not go on, it takes the model that is gone.
  with pytest.raises(program.BadInput, match=f"'{gone}' is neither a folder"):
    run.initial_state()
  other = ml_collections.ConfigDict(workdir.config())
  other.model.init = str(trained)
  run = run_lib.assemble(other.lock(), workdir)
  with pytest.raises(program.BadInput, match="holds a run with model.init='"):
    workdir.begin(other.to_dict(), run.input.fingerprint, run.about)
  workdir._lock.close()  # as if this process had ended

  ended = run_program(*given)
  assert ended.code == 0, ended
  assert "going on from step" in ended.err
  assert f"config.data.tokenizer={words} is not there; the run" in ended.err
