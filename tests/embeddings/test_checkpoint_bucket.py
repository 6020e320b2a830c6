"""Checkpoints in a bucket, by the libraries' own drivers, are as those here."""

import jax
import pytest

from data import program
from embeddings import checkpoint
from embeddings import committed
from tests import bucket as bucket_lib
from tests.embeddings import saving_host

SHAPES = {"w": {"b": jax.ShapeDtypeStruct(saving_host.SHAPE, "float32")}}


def open_at(folder):
  return checkpoint.Checkpoints(folder, keep=2)


def largest(bucket, folder):
  """The object that holds most of a step's numbers."""
  return max(bucket.below(folder), key=lambda n: len(bucket.objects[n].content))


@pytest.mark.long
def test_a_run_goes_on_in_a_bucket(bucket, capsys):
  folder = f"{bucket.folder()}/checkpoints"
  assert committed.newest(folder) == 0
  checkpoints = open_at(folder)
  for step in (1, 2, 3):
    checkpoints.save(saving_host.state(step, ["data"]), {"step": step})
  checkpoints.close()
  assert committed.steps(committed.place(folder)) == [2, 3]
  # What is in the bucket is all there is of it, and it is all in the manifest.
  assert committed.fault(committed.place(f"{folder}/3")) == ""
  start = f"{folder}/3/".removeprefix(f"gs://{bucket_lib.NAME}/")
  there = {name.removeprefix(start) for name in bucket.below(f"{folder}/3")}
  assert there - {committed.MANIFEST} == set(
    committed.files(committed.place(f"{folder}/3"))
  )
  # One flipped byte, and the step before it counts.
  name = largest(bucket, f"{folder}/3/params")
  content = bytearray(bucket.objects[name].content)
  content[len(content) // 2] ^= 1
  bucket.write(name, bytes(content))
  found, step = checkpoint.restore_params(folder, SHAPES)
  assert step == 2
  assert (found["w"]["b"] == saving_host.numbers(2, 0)).all()
  with pytest.raises(program.BadInput, match="no whole checkpoint 3"):
    checkpoint.restore_params(folder, SHAPES, 3)
  capsys.readouterr()
  checkpoints = open_at(folder)
  said = capsys.readouterr().err
  assert "checkpoint 3 is not whole (params/" in said
  assert f"it is set aside in {folder}_torn/3" in said
  assert bucket.below(f"{folder}/3") == []
  assert len(bucket.below(f"{folder}_torn/3")) == len(there)
  assert checkpoints.latest == 2
  state, meta = checkpoints.restore(2, saving_host.state(0, [None, "data"]))
  assert meta == {"step": 2} and saving_host.is_of(2, state)
  checkpoints.save(saving_host.state(3), {"step": 3})
  checkpoints.close()
  assert committed.newest(folder) == 3
