"""Training reads from texts, caches and worker processes, and changes them."""

import json
import shutil

import pytest

from tests import programs


def losses(workdir):
  """The loss of each step."""
  lines = (workdir / "metrics.jsonl").read_text().splitlines()
  return [json.loads(line)["loss"] for line in lines]


@pytest.mark.long
def test_a_cache_and_workers_train_the_same_model(
  run_program, corpus, trained, tmp_path
):
  code = shutil.copytree(corpus / "code", tmp_path / "code")
  given = (f"--data={code}", f"--tokenizer={corpus / 'words'}")
  ended = run_program("data.pretokenize", *given, "--max_length=64")
  assert ended.code == 0, ended
  assert ended.result["records"] == 100
  again = run_program("data.pretokenize", *given, "--max_length=64")
  assert "is whole already" in again.err
  settings = ("tokens=cache", "workers=1", "threads=1")
  ended = run_program(
    *programs.train_command(corpus, tmp_path / "run"),
    f"--config.data.train={code}",
    "--config.batch.pack_shards=2",
    *(f"--config.input.{setting}" for setting in settings),
  )
  assert ended.code == 0, ended
  assert losses(tmp_path / "run") == losses(trained)


def test_padded_batches_train(run_program, corpus, trained, tmp_path):
  ended = run_program(
    *programs.train_command(
      corpus,
      tmp_path / "run",
      "--config.batch.packing=padded",
      "--config.batch.pack_shards=2",
    )
  )
  assert ended.code == 0, ended
  assert losses(tmp_path / "run") == pytest.approx(losses(trained), rel=1e-4)


def test_another_mixture_is_refused_unless_told(
  run_program, corpus, trained, tmp_path
):
  workdir = shutil.copytree(trained, tmp_path / "run")
  shutil.rmtree(workdir / "checkpoints" / "12")
  code = shutil.copytree(corpus / "code", tmp_path / "code")
  file = tmp_path / "two.json"
  file.write_text(
    json.dumps([{"name": "code", "folder": str(code), "swap": 0.5}])
  )
  command = programs.train_command(
    corpus,
    workdir,
    "--config.batch.pack_shards=2",
    f"--config.data.train={file}",
  )
  line = programs.bad_input(run_program(*command))
  assert "data.code.options.swap=0.0, and this one has 0.5" in line
  assert "--config.input.changed_data=go_on" in line

  ended = run_program(*command, "--config.input.changed_data=go_on")
  assert ended.code == 0, ended
  assert "from step 9 on with another mixture: data.code.options.swap" in (
    ended.err
  )
  before, after = losses(trained), losses(workdir)
  assert before[:9] == after[:9] and len(after) == 12
  assert not set(before[9:]) & set(after[9:])
