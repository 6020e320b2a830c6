"""What `launch.train` leaves behind, and what it says of wrong input."""

import json
import shutil

import numpy as np
import pytest

from data import manifest
from data import records
from embeddings import checkpoint
from embeddings import encode
from tests import programs


def test_the_workdir_is_whole_on_its_own(corpus, trained, tmp_path):
  # Elsewhere, and nothing beside it.
  moved = shutil.copytree(trained, tmp_path / "elsewhere")
  printed = json.loads(
    (trained.parent / "printed").read_text().splitlines()[-1]
  )
  assert printed["step"] == 12
  assert 0 <= printed["dev.mrr_at_10"] <= 1
  names = {path.name for path in moved.iterdir()}
  assert names >= {
    "checkpoints",
    "config.json",
    "evals.jsonl",
    "metrics.jsonl",
    "model.json",
    "tensorboard",
    "tokenizer",
  }
  vectors = encode.load(str(moved)).encode(
    ["read the file", "def read(x): ..."]
  )
  np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_check_says_what_would_be_done_and_does_nothing(
  run_program, corpus, tmp_path
):
  workdir = tmp_path / "run"
  ended = run_program(*programs.train_command(corpus, workdir, "--check"))
  assert ended.code == 0, ended
  assert ended.result["pairs"] == 100
  assert ended.result["parameters"] > 1_000
  assert ended.result["state_bytes_per_device"] > 3 * 4 * 1_000
  assert ended.result["estimated_seconds"] >= 0
  for word in ("data      code: 100 pairs", "shape     tokens (1,", "mesh"):
    assert word in ended.out
  assert not workdir.exists()


# A flag, and what the one line must say.
WRONG = [
  ("--config.data.train=/nowhere", "/nowhere is not a data set"),
  ("--config.data.train=", "mixture is empty"),
  ("--config.data.tokenizer=/nowhere", "has no tokenizer.json"),
  ("--config.eval.tasks=/nowhere", "/nowhere is not an evaluation folder"),
  ("--config.batch.sizes=3", "no such config key: 'sizes'"),
  ("--config.batch.size=many", "'many'"),
  ("--config.batch.size=0", "config.batch.size is 0; wanted 1 or more"),
  ("--config.batch.size=101", "has 100 records and its slot"),
  ("--config.batch.pack_shards=5", "batch.size is 32 and batch.pack_shards 5"),
  ("--config.batch.max_length=65", "max_length is 65 and the encoder takes"),
  ("--config.data.datasets_per_batch=2", "datasets_per_batch is 2"),
  ("--config.optim.name=adam", "optimiser 'adam'"),
  ("--config.optim.learning_rate=nan", "config.optim.learning_rate is nan"),
  ("--config.optim.warmup_steps=12", "fewer warm-up steps than steps"),
  ("--config.loss.name=triplet", "config.loss.name is 'triplet'"),
  ("--config.model.pooling=sum", "pooling 'sum'"),
  ("--config.model.encoder.heads=3", "width 32 cannot have 3 heads"),
  ("--config.model.encoder.activation=tanh", "activation 'tanh'"),
  ("--config.mesh.data=3", "wants 3 devices and there are 1"),
  ("--wrkdir=x", "Unknown command line flag 'wrkdir'"),
]


@pytest.mark.parametrize(("flag", "message"), WRONG, ids=lambda v: v[:40])
def test_wrong_input_is_one_line(run_program, corpus, tmp_path, flag, message):
  workdir = tmp_path / "run"
  ended = run_program(*programs.train_command(corpus, workdir, flag))
  assert message in programs.bad_input(ended)
  assert not workdir.exists()


def test_a_batch_that_the_mesh_does_not_divide(run_program, corpus, tmp_path):
  ended = run_program(
    *programs.train_command(corpus, tmp_path / "run"),
    env=programs.environment(devices=8),
  )
  assert "over 8 devices" in programs.bad_input(ended)


def test_an_encoder_without_weights(run_program, corpus, tmp_path, minilm):
  folder = tmp_path / "model"
  folder.mkdir()
  shutil.copy(minilm / "config.json", folder)
  (folder / "pytorch_model.bin").write_bytes(b"")
  ended = run_program(
    *programs.train_command(
      corpus, tmp_path / "run", f"--config.model.init={folder}"
    )
  )
  line = programs.bad_input(ended)
  assert "has no model.safetensors (only pytorch_model.bin)" in line


def test_an_empty_data_set(run_program, corpus, tmp_path):
  with records.Writer(
    tmp_path / "none", name="none", kind="pairs", columns=("a", "b")
  ):
    pass
  ended = run_program(
    *programs.train_command(
      corpus, tmp_path / "run", f"--config.data.train={tmp_path / 'none'}"
    )
  )
  assert "holds no records" in programs.bad_input(ended)


def test_a_broken_record_is_named(run_program, corpus, tmp_path):
  folder = shutil.copytree(corpus / "code", tmp_path / "code")
  shard = folder / "00000.array_record"
  shard.write_bytes(shard.read_bytes().replace(b'"read the', b"'read the"))
  ended = run_program(
    *programs.train_command(
      corpus, tmp_path / "run", f"--config.data.train={folder}"
    )
  )
  assert ended.code == 2, ended
  assert "Traceback" not in ended.err
  assert str(folder) in ended.err.splitlines()[-1]
  assert "record" in ended.err.splitlines()[-1]


def test_a_shard_cut_short_is_named(run_program, corpus, tmp_path):
  folder = shutil.copytree(corpus / "code", tmp_path / "code")
  shard = folder / "00000.array_record"
  shard.write_bytes(shard.read_bytes()[:-10])
  ended = run_program(
    *programs.train_command(
      corpus, tmp_path / "run", f"--config.data.train={folder}"
    )
  )
  wanted = manifest.read(folder).shards[0].bytes
  assert f"has {wanted - 10} bytes, wanted {wanted}" in programs.bad_input(
    ended
  )


OTHERS = [
  ("--config.model.encoder.layers=2", "model.encoder.layers=1"),
  ("--config.loss.scale=10.0", "loss.scale=20.0"),
  ("--config.data.negatives=1", "data.negatives=0"),
  ("--config.optim.learning_rate=0.1", "optim.learning_rate=0.001"),
  ("--config.batch.size=16", "batch.size=32"),
  ("--config.seed=1", "seed=0"),
]


@pytest.mark.parametrize(("flag", "message"), OTHERS, ids=lambda v: v[9:40])
def test_another_runs_workdir_is_refused(
  run_program, corpus, trained, flag, message
):
  before = programs.contents(trained)
  shards = "--config.batch.pack_shards=2"
  ended = run_program(*programs.train_command(corpus, trained, shards, flag))
  assert f"holds a run with {message}" in programs.bad_input(ended)
  assert programs.contents(trained) == before


def test_other_data_are_refused_and_moved_data_are_not(
  run_program, corpus, trained, tmp_path
):
  shards = "--config.batch.pack_shards=2"
  moved = shutil.copytree(corpus / "code", tmp_path / "moved")
  same = f"--config.data.train={moved}"
  ended = run_program(*programs.train_command(corpus, trained, shards, same))
  assert ended.code == 0, ended
  with records.Writer(
    tmp_path / "other", name="code", kind="pairs", columns=("a", "b")
  ) as writer:
    for i in range(100):
      writer.write((f"query {i}", f"document {i}"))
  other = f"--config.data.train={tmp_path / 'other'}"
  ended = run_program(*programs.train_command(corpus, trained, shards, other))
  assert "holds a run with data.code.shards" in programs.bad_input(ended)


def test_divergence_is_final_and_keeps_what_was_good(
  run_program, corpus, tmp_path
):
  workdir = tmp_path / "run"
  more = ("--config.optim.learning_rate=1e30", "--config.optim.clip_norm=0")
  more += ("--config.optim.warmup_steps=8",)
  ended = run_program(*programs.train_command(corpus, workdir, *more))
  assert ended.code == 3, ended
  assert "the loss of step" in ended.err.splitlines()[-1]
  assert "Traceback" not in ended.err
  steps = [int(path.name) for path in (workdir / "checkpoints").iterdir()]
  for step in steps:
    assert (workdir / "checkpoints" / str(step) / checkpoint.MANIFEST).exists()


def test_what_does_not_identify_a_run_may_change(
  run_program, corpus, trained, tmp_path
):
  workdir = shutil.copytree(trained, tmp_path / "run")
  shutil.rmtree(workdir / "checkpoints" / "12")
  more = (
    "--config.batch.pack_shards=2",
    "--config.mesh.fsdp=2",
    "--config.save.every=5",
    "--config.eval.every=0",
    "--config.log.every=2",
    "--config.input.threads=1",
  )
  ended = run_program(
    *programs.train_command(corpus, workdir, *more),
    env=programs.environment(devices=2),
  )
  assert ended.code == 0, ended
  assert "going on from step 9" in ended.err
