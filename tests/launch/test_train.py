"""What `launch.train` leaves behind, and what it says of wrong input."""

import contextlib
import json
import re
import shutil

import pytest

from data import manifest
from data import records
from embeddings import committed
from embeddings import encode
from embeddings.evals import table
from tests import conftest
from tests import programs
from tests.data import raw_set


@contextlib.contextmanager
def away(*folders):
  """Hides folders from whoever should not need them."""
  hidden = [folder.with_name(f"{folder.name}.away") for folder in folders]
  for folder, name in zip(folders, hidden, strict=True):
    folder.rename(name)
  try:
    yield
  finally:
    for folder, name in zip(folders, hidden, strict=True):
      name.rename(folder)


def test_the_workdir_is_whole_on_its_own(corpus, trained, tmp_path):
  shutil.copytree(corpus / "dev", tmp_path / "dev")
  moved = shutil.copytree(trained, tmp_path / "elsewhere")
  printed = json.loads(
    (trained.parent / "printed").read_text().splitlines()[-1]
  )
  assert printed.items() >= {"workdir": str(trained), "step": 12}.items()
  assert printed["pairs"] == 12 * 32
  assert len((moved / "metrics.jsonl").read_text().splitlines()) == 12
  last = (moved / "evals.jsonl").read_text().splitlines()[-1]
  assert printed.items() >= json.loads(last).items()
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
  with away(corpus, trained):
    encoder = encode.load(str(moved))
    found = table.run(
      lambda texts, side: encoder.encode(texts, side=side),
      encoder.model.config.similarity,
      [("dev", table.read(tmp_path / "dev"))],
    )
  for name, value in found.items():
    assert value == pytest.approx(printed[name], abs=0.02), name


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
  ("--config.loss.name=triple", "the loss 'triple' is not known"),
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
  assert "has no model.safetensors, only pytorch_model.bin; load" in line


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
  content = bytearray(shard.read_bytes())
  content[200:2000:40] = bytes(45)  # among the records, which come first
  shard.write_bytes(content)
  ended = run_program(
    *programs.train_command(
      corpus, tmp_path / "run", f"--config.data.train={folder}"
    )
  )
  assert ended.code == 2, ended
  assert "Traceback" not in ended.err
  *progress, line = ended.err.splitlines()
  assert all(programs.is_progress(text) for text in progress), progress
  assert line.startswith("train.py: record ")
  assert f" of {shard} cannot be read" in line


def test_a_bad_record_is_skipped_and_counted_if_told(
  run_program, corpus, tmp_path
):
  good = [json.dumps(pair).encode() for pair in conftest.pairs(40)]
  raw_set.write(tmp_path / "code", [*good, b'["one text"]'])
  ended = run_program(
    *programs.train_command(corpus, tmp_path / "run"),
    f"--config.data.train={tmp_path / 'code'}",
    "--config.input.on_bad_record=skip",
  )
  assert ended.code == 0, ended
  assert ended.result["skipped_records"] == 1
  assert "skipped: record 40 of " in ended.err


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


def test_divergence_is_final_and_keeps_what_was_good(
  run_program, corpus, tmp_path
):
  workdir = tmp_path / "run"
  more = ("--config.optim.learning_rate=1e30", "--config.optim.clip_norm=0")
  more += ("--config.optim.warmup_steps=8", "--config.save.every=1")
  ended = run_program(*programs.train_command(corpus, workdir, *more))
  assert ended.code == 3, ended
  assert "the loss of step" in ended.err.splitlines()[-1]
  assert "Traceback" not in ended.err
  saved = sorted((workdir / "checkpoints").iterdir())
  assert saved
  assert all((path / committed.MANIFEST).exists() for path in saved)
  # It would not help to start it again.
  again = run_program(*programs.train_command(corpus, workdir, *more))
  assert again.code == 3
  kept, said = "are kept: lower --config.optim", again.err.splitlines()[-1]
  assert kept in said and kept in ended.err.splitlines()[-1]
  (step,) = re.findall(r"the loss of step (\d+)", said)
  assert f"the loss of step {step} " in ended.err
