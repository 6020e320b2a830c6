"""What is held out has losses of its own; what does not fit is one line."""

import json
import types
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from data import program
from data import records
from embeddings import json_lines
from embeddings.evals import sts
from embeddings.losses import contrastive
from embeddings.losses import terms
from launch import evaluation
from launch import objectives
from launch import run as run_lib
from tests import conftest
from tests.launch import data_sets
from tests.launch import mixed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return mixed.write(tmp_path_factory.mktemp("kinds"))


def held_out(folder, words, losses, **more):
  """What a run holds out whose mixture is of all kinds."""
  settings = mixed.settings(folder, words) | more
  settings["eval.heldout"] = mixed.mix(folder, "other", losses)
  return run_lib.assemble(mixed.config(settings)).evaluation.held_out


def test_losses_that_are_the_same_have_what_was_learned(folder):
  learning = contrastive.InBatch(max_scale=50.0)
  known = (
    terms.Term("in_batch", learning, 1.0, (0,)),
    terms.Term("in_batch_2", learning, 0.5, (1,)),
    terms.Term("cosent", contrastive.InBatch(), 1.0, (2,)),
  )
  one = {"name": "in_batch", "max_scale": 50.0}
  mixture = data_sets.mix(
    folder,
    {"folder": "pairs", "loss": one},
    {"folder": "triplets", "loss": {**one, "weight": 0.5}},
    {"folder": "texts", "loss": {**one, "weight": 3}},
    {"folder": "scored", "loss": "cosent"},
  )
  found = objectives.find(data_sets.config().loss, mixture, known)
  named = [
    [(term.name, term.weight) for term in found.of(index)] for index in range(4)
  ]
  assert named == [
    [("in_batch", 1.0)],
    [("in_batch_2", 0.5)],
    [("in_batch", 3.0)],
    [("cosent_2", 1.0)],
  ]


WRONG = [
  # A teacher that the run has not.
  (
    {"pairs": "vector_mse"},
    "a loss of vector_mse learns from a teacher's vectors and config.teacher",
  ),
  # A kind that the loss cannot learn from.
  ({"scored": "in_batch"}, "'scored' of scored and the loss in_batch_4: it"),
]


@pytest.mark.parametrize(("losses", "message"), WRONG)
def test_what_does_not_fit_is_named(folder, tokenizer_folder, losses, message):
  with pytest.raises(program.BadInput, match=message):
    held_out(folder, tokenizer_folder, losses)


def test_a_data_set_must_have_a_pair_for_each_shard(folder, tokenizer_folder):
  few = folder / "few"
  with records.Writer(
    few, name="few", kind="pairs", columns=("query", "document")
  ) as writer:
    for pair in conftest.pairs(mixed.SHARDS - 1):
      writer.write(pair)
  with pytest.raises(
    program.BadInput, match=r"'few' of config.eval.heldout has 7 records; want"
  ):
    held_out(folder, tokenizer_folder, {"few": "in_batch"})


def test_what_was_measured_is_not_measured_again(tmp_path):
  found = {"dev.mrr_at_10": 0.5, "faq.loss": 2.25}
  line = json.dumps({"step": 6, **found})
  (tmp_path / "evals.jsonl").write_text(line + "\n")
  results = json_lines.JsonLines(tmp_path / "evals.jsonl", step=9)
  nothing: Any = None  # to measure with, so that it could not
  once = evaluation.Evaluation(nothing, [("dev", nothing)], None, None)
  assert once(6, nothing, None, results) == found
  with pytest.raises(AttributeError):
    once(9, nothing, None, results)
  none = evaluation.Evaluation(nothing, [], None, None)
  assert none(9, nothing, None, results) == {}
  results.close()


def test_a_model_that_is_no_numbers_has_diverged(folder, tokenizer_folder):
  settings = mixed.settings(folder, tokenizer_folder)
  settings["eval.heldout"] = mixed.mix(folder, "other", {"pairs": "in_batch"})
  found = run_lib.assemble(mixed.config(settings)).evaluation
  params = found.encoder.model.init(jax.random.key(0))
  state: Any = types.SimpleNamespace(
    evaluated=jax.tree.map(lambda leaf: leaf * jnp.nan, params)
  )
  pairs = sts.Sts(["a", "b"], ["c", "d"], [0.0, 1.0])
  for each, name in (
    (found._replace(held_out=None, tasks=[("alike", pairs)]), "of alike are"),
    (found, "pairs.loss is nan"),
  ):
    with pytest.raises(program.Diverged, match=f"of step 3.*{name}"):
      each(3, state, None, None)
