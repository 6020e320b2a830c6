"""A teacher that runs alongside teaches what its precomputed vectors do."""

import jax
import numpy as np
import pytest

from embeddings import partition
from launch import run as run_lib
from tests.launch import mixed

NAME = "taught"
LEARNING = {
  "pairs": "vector_mse",
  "triplets": [
    {"name": "margin_mse", "teacher": "vectors"},
    {"name": "kl", "teacher": "vectors", "temperature": 0.1},
    {
      "name": "in_batch",
      "filter": "absolute",
      "filter_margin": 0.02,
      "guide": "teacher",
    },
  ],
}

HELD_OUT = {"pairs": LEARNING["pairs"]}


@pytest.fixture(scope="module")
def settings(trained, corpus, run_program, tmp_path_factory):
  """Of runs on data sets that have the vectors of a trained model."""
  folder = mixed.write(tmp_path_factory.mktemp("taught"))
  mixed.mix(folder, "train", LEARNING)
  ended = run_program(
    "tools.teach",
    f"--model={trained}",
    f"--data={folder / 'train.json'}",
    f"--name={NAME}",
    "--dtype=float32",
  )
  assert ended.code == 0, ended
  return mixed.settings(folder, corpus / "words") | {
    "optim.groups": "",
    "eval.heldout": mixed.mix(folder, "heldout", HELD_OUT),
  }


def first_losses(settings):
  """The losses of the first batch, without dropout, and what is held out."""
  run = run_lib.assemble(mixed.config(settings))
  params = jax.device_get(run.initial_state().params)
  batch = partition.put_batch(
    run.input.batches()[0], run.mesh, run.layout.pack_shards
  )
  found = jax.jit(run.objective)(params, batch, None, run.teacher)
  held_out = run.evaluation.held_out.losses(params, run.evaluation.teacher)
  return jax.device_get(found), held_out


def test_alongside_and_beforehand_are_one(settings, trained):
  alongside, held_out = first_losses(
    settings | {"teacher.init": str(trained)}
  )  # fmt: skip
  beforehand, also_held_out = first_losses(settings | {"teacher.vectors": NAME})
  assert alongside.details.keys() == {
    f"loss/{name}" for name in ("vector_mse", "margin_mse", "kl", "in_batch")
  }
  for name, value in alongside.details.items():
    assert value > 1e-4, name
    np.testing.assert_allclose(
      beforehand.details[name], value, rtol=1e-5, atol=1e-7, err_msg=name
    )
  assert held_out.keys() == set(HELD_OUT)
  assert also_held_out == pytest.approx(held_out, rel=1e-5)


def test_a_moved_teacher_is_the_same(settings):
  run = run_lib.assemble(mixed.config(settings | {"teacher.vectors": NAME}))
  stamps = run.input.fingerprint["teacher"]
  assert [stamp["dtype"] for stamp in stamps] == ["float32", "float32"]
  assert not any("teacher" in stamp for stamp in stamps)
