"""What tools.inspect_checkpoint says of checkpoints, whole and torn."""

import math
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from embeddings import checkpoint
from embeddings import committed
from embeddings import partition
from embeddings import step as step_lib
from tools import saved_arrays

NAMES = ["opt/0.m.w.b", "params/w.a", "params/w.b"]


def state(step, **changes):
  """A state on eight devices."""
  mesh = partition.make_mesh(fsdp=2)
  spec = jax.sharding.PartitionSpec(("data", "fsdp"))
  cut = jax.sharding.NamedSharding(mesh, spec)
  params = {
    "a": jnp.arange(3, dtype=jnp.bfloat16),
    "b": jax.device_put(jnp.arange(32.0).reshape(8, 4), cut),
  }
  params |= changes
  return step_lib.State(
    jnp.int32(step), {"w": params}, ({"m": {"w": {"b": jnp.ones(2)}}},)
  )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
  """A run with steps 3 and 6, and 9 that is torn."""
  folder = tmp_path_factory.mktemp("inspected") / "run"
  checkpoints = checkpoint.Checkpoints(folder / "checkpoints", keep=3)
  checkpoints.save(state(3), {}, {"dev.mrr": 0.25})
  checkpoints.save(state(6, a=jnp.arange(3.0) + 0.5), {})
  checkpoints.close()
  shutil.copytree(folder / "checkpoints" / "6", folder / "checkpoints" / "9")
  (folder / "checkpoints" / "9" / "meta" / "metadata").unlink()
  return folder


def inspect(run_program, run, *more):
  ended = run_program("tools.inspect_checkpoint", f"--workdir={run}", *more)
  assert ended.code == 0, ended
  return ended


def test_steps_and_arrays_are_listed(run_program, run):
  ended = inspect(run_program, run, "--step=3")
  lines = ended.out.splitlines()
  assert [line.split()[0] for line in lines[:4]] == ["step", "3", "6", "9"]
  assert "whole; dev.mrr 0.25" in lines[1] and " UTC " in lines[1]
  assert "torn: meta/metadata is missing" in lines[3]
  (b,) = [line for line in lines if line.lstrip().startswith("w.b ")]
  assert b.split("  ")[2:] == [
    "w.b",
    "float32 [8, 4]",
    "(data+fsdp) of data=4 fsdp=2 tensor=1",
    "128 bytes",
  ]
  assert any("w.a  bfloat16 [3]  one device  6 bytes" in li for li in lines)
  result = ended.result
  assert [s["whole"] for s in result["steps"]] == [True, True, False]
  assert (result["step"], result["arrays"], result["bytes"]) == (3, 3, 142)


def test_two_steps_are_compared(run_program, run, tmp_path):
  ended = inspect(run_program, run, "--against_step=3")
  assert ended.result["step"] == 6
  assert ended.result["identical"] is False
  assert ended.result["different"] == ["params/w.a"]
  assert ended.result["greatest"] == 0.5
  assert "params/w.a: differs by 0.5, float32 and bfloat16" in ended.out
  shutil.copytree(run, tmp_path / "copy")
  ended = inspect(run_program, run, f"--against={tmp_path / 'copy'}")
  assert ended.result["identical"] is True
  assert ended.result["greatest"] == 0
  assert ended.result["different"] == ended.result["alone"] == []


def test_what_one_alone_has_is_named(run_program, run, tmp_path):
  other = checkpoint.Checkpoints(tmp_path / "checkpoints", keep=2)
  changed = state(3, b=jnp.zeros((4, 8)), c=jnp.ones(1))
  other.save(changed._replace(average=changed.params), {})
  other.close()
  ended = inspect(run_program, run, "--step=3", f"--against={tmp_path}")
  assert ended.result["different"] == ["params/w.b"]
  assert "params/w.b: shape [8, 4] and [4, 8]" in ended.out
  assert ended.result["alone"] == [
    *(f"average/w.{name}" for name in "abc"),
    "params/w.c",
  ]


@pytest.mark.parametrize("value", [math.nan, -0.0])
def test_same_is_to_the_bit(tmp_path, value):
  folder = tmp_path / "checkpoints"
  checkpoints = checkpoint.Checkpoints(folder, keep=2)
  for step, number in ((1, value), (2, value), (3, 0.0)):
    checkpoints.save(state(step, a=jnp.full(3, number)), {})
    checkpoints.wait()
    if step == 2:
      assert differences(folder, 1, 2)["params/w.a"].identical
  found = differences(folder, 2, 3)
  checkpoints.close()
  assert sorted(found) == NAMES
  assert [path for path in NAMES if not found[path].identical] == ["params/w.a"]
  np.testing.assert_equal(found["params/w.a"].greatest, abs(value))


def differences(folder, one, two):
  """How the arrays of two steps differ, by their paths."""
  first, second = (
    saved_arrays.arrays(committed.place(folder) / str(step))
    for step in (one, two)
  )
  pairs = zip(first, second, strict=True)
  return {a.path: saved_arrays.compare(a, b) for a, b in pairs}


def test_wrong_input_is_one_line(run_program, run, tmp_path):
  for given, message in (
    ([f"--workdir={tmp_path}"], "has no checkpoints; wanted the workdir"),
    ([f"--workdir={run}", "--step=9"], "--step=9 is no whole step"),
    ([f"--workdir={run}", "--against_step=4"], "whole: 3, 6"),
    ([], "--workdir is missing"),
  ):
    ended = run_program("tools.inspect_checkpoint", *given)
    assert ended.code == 2, ended
    (line,) = ended.err.splitlines()  # the steps may have been listed
    assert message in line
