"""Batches add up and an average follows, on any mesh, and when resumed."""

import dataclasses
import functools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import layout as layout_lib
from data import program
from data import tokens
from embeddings import checkpoint
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from tests import conftest
from tests.embeddings import tiny

MESHES = {
  "one device": {"data": 1},
  "data 8": {"data": 8},
  "fsdp 8": {"fsdp": 8, "data": 1},
  "2 x 2 x 2": {"data": 2, "fsdp": 2, "tensor": 2},
}
CLIP = 0.5
# What SGD at rate 1 takes away is the gradient.
CONFIG = optimizer.OptimizerConfig(
  name="sgd",
  learning_rate=1.0,
  warmup_steps=0,
  decay="constant",
  clip_norm=CLIP,
  accumulate=2,
  ema=0.9,
)


def make_mesh(name):
  """A mesh of as many devices as it needs."""
  axes = MESHES[name]
  devices = jax.devices()[: math.prod(axes.values())]
  return partition.make_mesh(devices=devices, **axes)


@pytest.fixture(scope="module")
def batches(tokenizer_folder):
  """Three batches of one shape."""
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)
  layout = layout_lib.Layout(
    size=16, max_length=32, pack_shards=8, ladder=(0.5,)
  )
  pairs = [list(pair) for pair in conftest.pairs(48)]
  return [tiny.batch(pairs[i : i + 16], tokenizer, layout) for i in (0, 16, 32)]


class Trainer:
  """A state on a mesh, and the step that moves it."""

  def __init__(self, name, batches):
    mesh = make_mesh(name)
    objective = tiny.objective(mesh=mesh)
    move = optimizer.make(CONFIG)
    self.init = functools.partial(
      step_lib.init,
      objective,
      move,
      seed=1,
      mesh=mesh,
      params=tiny.noisy(tiny.params()),
      average=CONFIG.average,
    )
    self.step = step_lib.make(
      objective,
      move,
      seed=1,
      mesh=mesh,
      state=jax.eval_shape(self.init),
      average=CONFIG.average,
    )
    self.batches = [partition.put_batch(batch, mesh) for batch in batches]

  def train(self, state, numbers):
    """The state after these batches, and the metrics of the last."""
    for number in numbers:
      state, metrics = self.step(state, self.batches[number], None)
    return state, metrics


@pytest.fixture(scope="module")
def trainer(batches):
  return functools.cache(lambda name: Trainer(name, batches))


@pytest.fixture(scope="module")
def on_one(trainer):
  """The states on one device, on the host: the first, and after each batch."""
  one = trainer("one device")
  state = one.init()
  found = [jax.device_get(state)]
  for number in range(3):
    state, metrics = one.train(state, [number])
    found.append(jax.device_get(state))
  return found, jax.device_get(metrics)


def norm_of(tree):
  return np.sqrt(sum(np.square(x).sum() for x in jax.tree.leaves(tree)))


def assert_close(one, two, **tolerance):
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, **tolerance), one, two
  )


def same(one, two):
  jax.tree.map(np.testing.assert_array_equal, one, two)


def test_two_batches_are_one_step_by_the_mean_of_their_gradients(
  on_one, batches
):
  (first, middle, moved, after), _ = on_one

  @jax.jit
  @jax.grad
  def gradient(params, batch):
    return tiny.objective()(params, batch).value

  one, two = (gradient(first.params, batch) for batch in batches[:2])
  mean = jax.tree.map(lambda a, b: (a + b) / 2, one, two)
  # Clipping each would give less.
  assert min(map(norm_of, (one, two, mean))) > 2 * CLIP
  wanted = jax.tree.map(
    lambda x, g: x - g * CLIP / norm_of(mean), first.params, mean
  )
  assert_close(moved.params, wanted, rtol=1e-4, atol=2e-6)
  taken = jax.tree.map(np.subtract, first.params, moved.params)
  assert norm_of(taken) == pytest.approx(CLIP, rel=1e-4)
  # In between, neither the parameters nor their average moved.
  for before, then in ((first, middle), (moved, after)):
    same(then.params, before.params)
    same(then.average, before.average)
  decay = 2 / 11  # after one move, whatever `ema` is
  averaged = jax.tree.map(
    lambda a, b: decay * a + (1 - decay) * b, first.params, moved.params
  )
  assert_close(moved.average, averaged, rtol=1e-6, atol=1e-7)
  same(moved.average, moved.evaluated)
  assert after.step == 3


@pytest.mark.parametrize(
  "name",
  [
    pytest.param("data 8", marks=pytest.mark.long),
    pytest.param("fsdp 8", marks=pytest.mark.long),
    "2 x 2 x 2",
  ],
)
def test_a_mesh_is_one_device(trainer, on_one, name):
  run = trainer(name)
  state = run.init()
  places = jax.tree.map(lambda x: x.sharding, state)
  found, metrics = run.train(state, range(3))
  # What it held is taken, and what it gives lies where that did.
  assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
  assert jax.tree.map(lambda x: x.sharding, found) == places
  states, wanted = on_one
  assert_close(jax.device_get(found), states[-1], rtol=1e-3, atol=3e-6)
  assert metrics.texts == wanted.texts
  assert float(metrics.gradient_norm) == pytest.approx(
    float(wanted.gradient_norm), rel=1e-4
  )


def test_a_step_takes_the_memory_of_its_state(trainer):
  run = trainer("2 x 2 x 2")
  state = run.init()
  compiled = run.step.lower(state, run.batches[0], None).compile()
  held = sum(
    x.addressable_shards[0].data.nbytes for x in jax.tree.leaves(state)
  )
  assert compiled.memory_analysis().alias_size_in_bytes >= held


def test_resumed_between_two_batches_it_is_unbroken(trainer, tmp_path):
  run = trainer("2 x 2 x 2")
  unbroken, _ = run.train(run.init(), range(3))
  half, _ = run.train(run.init(), [0])
  assert norm_of(half.opt.acc_grads) > 0.1
  checkpoints = checkpoint.Checkpoints(tmp_path, keep=2)
  checkpoints.save(half, {"seconds": 0.0})
  checkpoints.save(unbroken, {"seconds": 1.0})
  checkpoints.wait()
  again, _ = checkpoints.restore(1, run.init())
  checkpoints.close()
  found, _ = run.train(again, [1, 2])
  same(jax.device_get(found), jax.device_get(unbroken))
  # What is measured and exported is the average.
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  params, step = checkpoint.restore_params(tmp_path, shapes)
  assert step == 3
  same(jax.device_get(params), jax.device_get(unbroken.evaluated))
  apart = jax.tree.map(jnp.subtract, unbroken.params, unbroken.average)
  assert norm_of(apart) > 0.01


@pytest.mark.parametrize("name", ["fsdp 8", "2 x 2 x 2"])
def test_each_device_holds_its_part(trainer, name):
  state = trainer(name).init()
  axes = MESHES[name]
  cut = axes["fsdp"] * axes.get("tensor", 1)
  parts = state.params, state.average, state.opt.acc_grads
  sizes = []
  for part in parts:
    leaves = jax.tree.leaves(part)
    for device in range(8):
      held = sum(x.addressable_shards[device].data.nbytes for x in leaves)
      sizes.append(held)
    # All matrices are cut, biases and norms of a few numbers alone are not.
    small = sum(x.nbytes for x in leaves if x.size <= 2 * 16)
    most = sum(x.nbytes for x in leaves) - small
    assert most / cut <= sizes[-1] <= 2 * most / cut + small
  assert len(set(sizes)) == 1


def test_a_state_that_cannot_be_cut_is_refused():
  model = tiny.model(width=12, heads=2)
  with pytest.raises(
    program.BadInput, match=r"cut into 8 along 12.*mesh\.fsdp"
  ):
    step_lib.init(
      tiny.objective(model),
      optimizer.make(CONFIG),
      seed=0,
      mesh=make_mesh("fsdp 8"),
      average=CONFIG.average,
    )


def test_masters_are_float32_where_work_is_bfloat16(batches):
  mesh = make_mesh("data 8")
  config = dataclasses.replace(CONFIG, name="adamw")
  model = towers.Model(
    towers.ModelConfig(tiny.encoder_config(), dtype="bfloat16")
  )
  objective, move = tiny.objective(model, mesh=mesh), optimizer.make(config)
  average = config.average
  state = jax.eval_shape(
    lambda: step_lib.init(objective, move, seed=0, mesh=mesh, average=average)
  )
  step = step_lib.make(
    objective, move, seed=0, mesh=mesh, state=state, average=average
  )
  after, metrics = jax.eval_shape(step, state, batches[0], None)
  for leaf in jax.tree.leaves((state, after)):
    assert leaf.dtype == (jnp.float32 if leaf.ndim else jnp.int32)
  assert metrics.gradient_norm.dtype == metrics.loss.dtype == jnp.float32
  # Each layer's matrix products are bfloat16, there and back.
  text = step.lower(state, batches[0], None).as_text()
  products = re.findall(r"dot_general .*-> tensor<[\dx]*x(\w+)>", text)
  assert products.count("bf16") >= 3 * 6


def test_without_an_average_the_state_is_what_it_was():
  state = jax.eval_shape(
    lambda: step_lib.init(
      tiny.objective(),
      optimizer.make(optimizer.OptimizerConfig()),
      seed=0,
      mesh=make_mesh("data 8"),
      average=optimizer.OptimizerConfig().average,
    )
  )
  assert state.average is None and state.evaluated is state.params
  count = len(jax.tree.leaves(state.params))
  # The step, and the counts of AdamW and of its schedule.
  assert len(jax.tree.leaves(state)) == 3 * count + 3
