"""A run in a bucket is the run that it would be in a folder."""

import json
import signal

import jax
import numpy as np
import pytest

from embeddings import encode
from embeddings import workdir as workdir_lib
from tests import programs

EXACT = ("step", "loss", "gradient_norm", "learning_rate")


def command(corpus, place, *more):
  """Trains on two pack shards, as `trained` was."""
  shards = "--config.batch.pack_shards=2"
  return programs.train_command(corpus, place, shards, *more)


def lines(workdir, name):
  """The numbers of a run that are the same each time."""
  return [
    {key: value for key, value in line.items() if key in EXACT or "." in key}
    for line in workdir.results(name)
  ]


@pytest.mark.long
def test_killed_in_a_bucket_is_as_unbroken_in_a_folder(
  run_program, corpus, trained, bucket, tmp_path
):
  place = bucket.folder()
  env = programs.environment() | bucket.environment()
  ended = run_program(
    *("tests.launch.killed", "in_a_save"), *command(corpus, place), env=env
  )
  assert ended.code == -signal.SIGKILL, ended
  again = command(corpus, place, "--config.save.every=100")
  ended = run_program(*again, env=env)
  assert ended.code == 0, ended
  assert "going on from step 6\n" in ended.err
  assert ended.result["workdir"] == place
  there, here = workdir_lib.Workdir(place), workdir_lib.Workdir(trained)
  for name in ("metrics.jsonl", "evals.jsonl"):
    assert lines(there, name) == lines(here, name)
  assert there.fingerprint() == here.fingerprint()
  assert f"{place.partition('tests/')[2]}/lock" not in bucket.objects
  # It is whole on its own: loaded, exported, and what another begins with.
  found, wanted = encode.load(place), encode.load(str(trained))
  jax.tree.map(np.testing.assert_array_equal, found.params, wanted.params)
  out = tmp_path / "model"
  ended = run_program(
    "tools.to_sentence_transformers", f"--workdir={place}", f"--out={out}"
  )
  assert ended.code == 0 and ended.result["step"] == 12, ended
  assert json.loads((out / "modules.json").read_text())
