"""A full disk costs nothing that was complete."""

import json
import shutil
import subprocess

import pytest

from embeddings import committed
from tests import programs
from tests.launch import test_resume


@pytest.fixture
def small_disk(tmp_path):
  """A folder on a disk of its own, and what sets the size of that."""
  folder = tmp_path / "disk"
  folder.mkdir()

  def mount(*options):
    made = subprocess.run(
      ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)],
      capture_output=True,
      text=True,
      check=False,
    )
    return made.stderr if made.returncode else ""

  if not shutil.which("mount") or mount("size=1200k"):
    pytest.skip("a disk of its own can be mounted by root alone")
  yield folder, lambda size: mount("remount", f"size={size}")
  subprocess.run(["umount", str(folder)], check=True)


def full_disk(ended):
  """What is said of a full disk, after the line that says how far it got."""
  assert ended.code == 74, ended
  assert ended.out == ""
  *progress, line = ended.err.splitlines()
  assert all(programs.is_progress(text) for text in progress), progress
  assert line.startswith("train.py: no space left on the disk (")
  assert line.endswith("free some space and run the same command again")
  return line


def test_no_room_for_a_checkpoint(run_program, corpus, trained, small_disk):
  folder, resize = small_disk
  more = ("--config.batch.pack_shards=2", "--config.save.keep=9")
  command = programs.train_command(corpus, folder / "run", *more)
  line = full_disk(run_program(*command))
  assert "a checkpoint needs " in line
  saved = sorted((folder / "run" / "checkpoints").iterdir())
  assert saved
  assert all((path / committed.MANIFEST).exists() for path in saved)
  assert resize("20m") == ""
  ended = run_program(*command)
  assert ended.code == 0, ended
  assert f"going on from step {saved[-1].name}\n" in ended.err
  test_resume.assert_same_run(trained, folder / "run")


def test_no_room_for_anything(run_program, corpus, small_disk):
  folder, resize = small_disk
  assert resize("16k") == ""
  more = ("--config.save.every=12", "--config.eval.tasks=")
  command = programs.train_command(corpus, folder / "run", *more)
  full_disk(run_program(*command))
  assert resize("20m") == ""
  assert run_program(*command).result["step"] == 12


@pytest.mark.long
def test_no_room_for_a_line(run_program, corpus, trained, small_disk):
  # All but a page is taken when the run goes on to write its lines.
  folder, resize = small_disk
  workdir = test_resume.rewound(trained, folder / "run")
  assert resize("20m") == ""
  page = 4096
  free = shutil.disk_usage(folder).free
  (folder / "ballast").write_bytes(b"\0" * (free - page))
  before = (workdir / "metrics.jsonl").read_text()
  more = ("--config.batch.pack_shards=2", "--config.log.every=1")
  command = programs.train_command(corpus, workdir, *more)
  full_disk(run_program(*command))
  after = (workdir / "metrics.jsonl").read_text()
  kept = [text for text in before.splitlines() if json.loads(text)["step"] <= 9]
  assert after.splitlines()[:9] == kept
  (folder / "ballast").unlink()
  assert run_program(*command).code == 0
  test_resume.assert_same_run(trained, workdir)
