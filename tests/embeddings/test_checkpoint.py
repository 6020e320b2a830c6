"""What is restored is what was saved, to the bit, or it is not restored."""

import errno
import json
import os
import re
import shutil
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import program
from embeddings import checkpoint
from embeddings import committed
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from tests.embeddings import tiny

MESHES = {
  "2 x 2 x 2": {"fsdp": 2, "tensor": 2},
  "data 8": {},
  "fsdp 8": {"fsdp": 8},
}


@pytest.fixture(scope="module")
def make():
  """Makes a state on a mesh; numbers differ from step to step."""
  move = optimizer.make(optimizer.OptimizerConfig())
  params = tiny.noisy(tiny.params())

  def make(step=1, mesh="2 x 2 x 2"):
    state = step_lib.init(
      tiny.objective(),
      move,
      seed=0,
      mesh=partition.make_mesh(**MESHES[mesh]),
      params=params,
    )
    place = jax.tree.map(lambda x: x.sharding, state)
    changed = jax.tree.map(
      lambda x: np.asarray(x) + np.asarray(step * np.pi, x.dtype), state
    )
    return jax.device_put(changed._replace(step=jnp.int32(step)), place)

  return make


@pytest.fixture(scope="module")
def two_steps(make, tmp_path_factory):
  """A folder with steps 3 and 6, whole."""
  folder = tmp_path_factory.mktemp("two") / "checkpoints"
  checkpoints = checkpoint.Checkpoints(folder, keep=2)
  for step in (3, 6):
    checkpoints.save(make(step), {"step": step, "seconds": step / 2})
  checkpoints.close()
  return folder


@pytest.fixture
def copied(two_steps, tmp_path):
  """That folder, as shutil copies it."""
  folder = tmp_path / "checkpoints"
  shutil.copytree(two_steps, folder)
  return folder


@pytest.fixture
def open_at():
  """Opens checkpoints, and closes them at the end."""
  opened = []

  def open_at(folder, keep=2, **given):
    opened.append(checkpoint.Checkpoints(folder, keep=keep, **given))
    return opened[-1]

  yield open_at
  for checkpoints in opened:
    checkpoints.close()


def assert_same(one, two):
  jax.tree.map(np.testing.assert_array_equal, one, two)
  assert jax.tree.structure(one) == jax.tree.structure(two)


@pytest.mark.parametrize("mesh", sorted(MESHES))
def test_a_state_comes_back_to_the_bit_on_any_mesh(make, copied, open_at, mesh):
  # From a copy of the folder, with whatever times of change it has.
  into = make(0, mesh)
  checkpoints = open_at(copied)
  assert checkpoints.latest == 6
  for step in (3, 6):
    state, meta = checkpoints.restore(step, into)
    assert meta == {"step": step, "seconds": step / 2}
    assert_same(jax.device_get(state), jax.device_get(make(step)))
    assert jax.tree.map(lambda x: x.sharding, state) == jax.tree.map(
      lambda x: x.sharding, into
    )


def test_what_is_saved_is_the_state_of_its_step(make, open_at, tmp_path):
  # The next steps consume the state while the save is under way.
  checkpoints = open_at(tmp_path / "checkpoints")
  state = make(5)
  wanted = jax.device_get(state)
  place = jax.tree.map(lambda x: x.sharding, state)
  move = jax.jit(
    lambda state: jax.tree.map(lambda x: x + 1, state),
    out_shardings=place,
    donate_argnums=0,
  )
  checkpoints.save(state, {})
  for _ in range(50):
    state = move(state)
  jax.block_until_ready(state)
  checkpoints.wait()
  assert_same(jax.device_get(checkpoints.restore(5, state)[0]), wanted)


def flip(path):
  """Turns one bit in the middle of a file."""
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 4
  path.write_bytes(content)


def largest(folder):
  """The file that holds most of the numbers below a folder."""
  files = [path for path in folder.rglob("*") if path.is_file()]
  return max(files, key=lambda path: path.stat().st_size)


# What may happen to a step's folder, and what is said of it.
DAMAGE = {
  "no manifest": (
    lambda step: (step / committed.MANIFEST).unlink(),
    "its save was cut short",
  ),
  "half a manifest": (
    lambda step: (step / committed.MANIFEST).write_text('{"params/d": [5,'),
    f"{committed.MANIFEST} is not as it was written",
  ),
  "a bit of params": (
    lambda step: flip(largest(step / "params")),
    "params/.* is not as it was written",
  ),
  "a bit of opt": (
    lambda step: flip(largest(step / "opt")),
    "opt/.* is not as it was written",
  ),
  "a bit of meta": (
    lambda step: flip(step / "meta" / "metadata"),
    "meta/metadata is not as it was written",
  ),
  "a file that is cut": (
    lambda step: largest(step / "opt").write_bytes(b""),
    "opt/.* is not as it was written",
  ),
  "a file that is gone": (
    lambda step: largest(step / "params").unlink(),
    "params/.* is missing",
  ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_step_that_is_not_whole_is_set_aside_and_named(
  make, copied, open_at, capsys, damage
):
  break_it, reason = DAMAGE[damage]
  break_it(copied / "6")
  left = {path.name for path in (copied / "6").iterdir()}
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  _, step = checkpoint.restore_params(copied, shapes)
  assert step == 3  # those who only read know it too
  with pytest.raises(program.BadInput, match="no whole checkpoint 6"):
    checkpoint.restore_params(copied, shapes, 6)
  checkpoints = open_at(copied)
  aside = copied.parent / "checkpoints_torn" / "6"
  (line,) = capsys.readouterr().err.splitlines()
  assert line.startswith("checkpoint 6 is not whole (")
  assert line.endswith(f"set aside in {aside}")
  assert re.search(f"\\({reason}\\)", line)
  assert checkpoints.latest == 3
  assert {path.name for path in aside.iterdir()} == left
  # The run goes on and comes by that step again.
  checkpoints.save(make(6), {"again": True})
  checkpoints.wait()
  state, meta = checkpoints.restore(6, make(0))
  assert meta == {"again": True}
  assert_same(jax.device_get(state), jax.device_get(make(6)))


def test_what_was_set_aside_before_goes_with_the_next(copied, open_at):
  torn = copied.parent / "checkpoints_torn"
  for name in ("6", "3"):
    flip(largest(copied / name))
    open_at(copied)
    assert [path.name for path in torn.iterdir()] == [name]
  open_at(copied)
  assert [path.name for path in torn.iterdir()] == ["3"]


def test_steps_are_set_aside_however_many(copied, open_at, capsys):
  for name in ("3", "6"):
    flip(largest(copied / name))
  begun = copied / "9.orbax-checkpoint-tmp"  # a save that was killed
  begun.mkdir()
  assert open_at(copied).latest is None
  *aside, removed = capsys.readouterr().err.splitlines()
  assert len(aside) == 2
  assert (
    "save of checkpoint 9 was cut short" in removed and str(begun) in removed
  )
  assert list(copied.iterdir()) == []
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  with pytest.raises(program.BadInput, match="no whole checkpoint; train"):
    checkpoint.restore_params(copied, shapes)


def steps_in(folder):
  return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit())


@pytest.mark.parametrize("keep", [2, 3])
def test_the_newest_are_kept(make, open_at, tmp_path, keep):
  checkpoints = open_at(tmp_path / "checkpoints", keep=keep)
  for step in (1, 4, 5, 7, 8):
    checkpoints.save(make(step), {})
  checkpoints.wait()
  assert steps_in(tmp_path / "checkpoints") == [4, 5, 7, 8][-keep:]
  assert checkpoints.latest == 8


@pytest.fixture
def held(monkeypatch):
  """Holds commits back until it is set."""
  may_go, commit = threading.Event(), committed.commit

  def late(step):
    may_go.wait()
    commit(step)

  monkeypatch.setattr(committed, "commit", late)
  yield may_go
  may_go.set()


@pytest.mark.parametrize("keep", [1, 2])
def test_a_whole_step_stands_at_every_moment(
  make, open_at, tmp_path, capsys, held, keep
):
  # Orbax has ended the save of step 2, and the kill comes before the manifest.
  folder = tmp_path / "checkpoints"
  checkpoints = open_at(folder, keep=keep)
  held.set()
  checkpoints.save(make(1), {})
  checkpoints.wait()
  held.clear()
  checkpoints.save(make(2), {})
  checkpoints._manager.wait_until_finished()
  killed = tmp_path / "killed"
  shutil.copytree(folder, killed)
  held.set()
  assert steps_in(killed) == [1, 2]
  assert open_at(killed).latest == 1
  assert "checkpoint 2 is not whole" in capsys.readouterr().err


def test_a_save_is_committed_when_it_has_ended(
  make, open_at, tmp_path, capsys, held
):
  folder = tmp_path / "checkpoints"
  checkpoints = open_at(folder)
  checkpoints.commit_finished()  # nothing to commit
  checkpoints.save(make(2), {})
  checkpoints._manager.wait_until_finished()
  checkpoints.commit_finished()  # which does not wait
  assert not (folder / "2" / committed.MANIFEST).exists()
  assert checkpoints.latest is None
  assert capsys.readouterr().err == "saving step 2\n"
  held.set()
  while checkpoints.latest is None:
    checkpoints.commit_finished()
  assert checkpoints.latest == 2
  assert capsys.readouterr().err == "saved step 2\n"
  names = json.loads((folder / "2" / committed.MANIFEST).read_text())
  there = {
    str(path.relative_to(folder / "2"))
    for path in (folder / "2").rglob("*")
    if path.is_file()
  }
  assert names.keys() == there - {committed.MANIFEST}


def test_a_save_that_fails_is_heard_of(make, open_at, tmp_path, monkeypatch):
  def fail(step):
    raise OSError(errno.ENOSPC, "no space left on device", str(step))

  checkpoints = open_at(tmp_path / "checkpoints")
  checkpoints.save(make(1), {})
  checkpoints.wait()
  monkeypatch.setattr(committed, "commit", fail)
  checkpoints.save(make(2), {})
  with pytest.raises(OSError, match="no space left"):
    while True:
      checkpoints.commit_finished()
  assert checkpoints.latest == 1
  assert committed.newest(tmp_path / "checkpoints") == 1


def test_a_step_alone_that_was_copied_is_restored(
  make, two_steps, open_at, tmp_path
):
  # As rsync leaves it: other times, and only what was asked for.
  folder = tmp_path / "checkpoints"
  for path in sorted((two_steps / "3").rglob("*")):
    if path.is_file():
      to = folder / path.relative_to(two_steps)
      to.parent.mkdir(parents=True, exist_ok=True)
      to.write_bytes(path.read_bytes())
      os.utime(to, (0, 0))
  (folder / ".6.Xk2PqZ").mkdir()  # rsync was at it
  checkpoints = open_at(folder)
  assert checkpoints.latest == 3
  state, _ = checkpoints.restore(3, make(0))
  assert_same(jax.device_get(state), jax.device_get(make(3)))


def test_an_older_step_is_read_before_it_is_restored(make, copied, open_at):
  flip(largest(copied / "3" / "params"))
  checkpoints = open_at(copied)
  assert checkpoints.latest == 6
  with pytest.raises(program.BadInput, match="3 .* is not whole .params/"):
    checkpoints.restore(3, make(0))
  with pytest.raises(program.BadInput, match="4 .* is not whole .there is non"):
    checkpoints.restore(4, make(0))
  assert checkpoints.restore(6, make(0))[1]["step"] == 6


def test_a_state_is_restored_in_other_dtypes(make, copied, open_at):
  checkpoints = open_at(copied)
  into = make(0, "data 8")
  half = jax.tree.map(lambda x: x.astype(jnp.bfloat16), into.params)
  state, _ = checkpoints.restore(6, into._replace(params=half))
  wanted = jax.tree.map(
    lambda x: x.astype(jnp.bfloat16), jax.device_get(make(6).params)
  )
  assert_same(jax.device_get(state.params), wanted)
  assert_same(jax.device_get(state.opt), jax.device_get(make(6).opt))


def test_an_average_is_an_item_of_its_own(make, open_at, tmp_path):
  folder = tmp_path / "checkpoints"
  checkpoints = open_at(folder)
  state = make(4)
  state = state._replace(average=make(9).params)
  checkpoints.save(state, {})
  checkpoints.wait()
  found, _ = checkpoints.restore(4, make(0)._replace(average=make(0).params))
  assert_same(jax.device_get(found), jax.device_get(state))
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  for name, wanted in (("average", state.average), ("params", state.params)):
    found, _ = checkpoint.restore_params(folder, shapes, parameters=name)
    assert_same(jax.device_get(found), jax.device_get(wanted))
  assert_same(
    jax.device_get(checkpoint.restore_params(folder, shapes)[0]),
    jax.device_get(state.average),
  )
  with pytest.raises(program.BadInput, match="parameters='mean'; wanted one"):
    checkpoint.restore_params(folder, shapes, parameters="mean")


def test_parameters_restore_alone(make, copied):
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  for wanted, given in ((6, None), (3, 3)):
    params, step = checkpoint.restore_params(copied, shapes, given)
    assert step == wanted
    assert_same(jax.device_get(params), jax.device_get(make(wanted).params))
    for leaf in jax.tree.leaves(params):
      assert leaf.sharding.device_set == {jax.local_devices()[0]}


def test_no_checkpoint_is_bad_input(tmp_path):
  with pytest.raises(program.BadInput, match="no whole checkpoint; train"):
    checkpoint.restore_params(tmp_path / "none", {})
  assert not (tmp_path / "none").exists()
