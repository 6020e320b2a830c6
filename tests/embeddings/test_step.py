"""A step is the same on one device and on eight, however they are laid out."""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import batch as batch_lib
from data import layout as layout_lib
from data import tokens
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from tests import conftest
from tests.embeddings import tiny

MESHES = {
  "one device": {"data": 1},
  "data 8": {"data": 8},
  "2 x 2 x 2": {"data": 2, "fsdp": 2, "tensor": 2},
}
# The gradient is what SGD at rate 1 takes away.
SGD = optimizer.OptimizerConfig(
  name="sgd", learning_rate=1.0, warmup_steps=0, decay="constant", clip_norm=0.0
)
DROPPING = {"dropout": 0.2, "attention_dropout": 0.2}
CLIP = 0.5  # of the runs with dropout


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
  return tokens.Tokenizer(tokenizer_folder, max_length=32)


def make_mesh(name):
  """A mesh of as many devices as it needs."""
  axes = MESHES[name]
  devices = jax.devices()[: math.prod(axes.values())]
  return partition.make_mesh(devices=devices, **axes)


def texts():
  """24 pairs, some with a hard negative, and texts that come again."""
  found = [list(pair) for pair in conftest.pairs(24)]
  for i in range(0, 24, 3):
    found[i].append(conftest.pairs(60)[40 + i % 20][1])
  found[1][1] = found[20][1]  # d_j = d_i
  found[2][0] = found[21][0]  # q_j = q_i
  found[4][1] = found[23][0]  # d_j = q_i
  found[6][2] = found[6][1]  # a hard negative that is none
  return found


def make_batch(tokenizer, shards, **changes):
  """The batch of those texts in a number of pack shards."""
  layout = layout_lib.Layout(
    size=24,
    max_length=32,
    pack_shards=shards,
    negatives=1,
    ladder=(0.5,) if shards > 1 else (),
    **changes,
  )
  return tiny.batch(texts(), tokenizer, layout)


@pytest.fixture(scope="module")
def make(tokenizer):
  """Makes a state on a mesh, and the step compiled for the batch."""

  @functools.cache
  def compiled(name, rates):
    mesh = make_mesh(name)
    objective = tiny.objective(tiny.model(**dict(rates)), mesh=mesh)
    clip = CLIP if rates else 0.0
    move = optimizer.make(dataclasses.replace(SGD, clip_norm=clip))
    params = tiny.noisy(tiny.params())
    init = functools.partial(
      step_lib.init, objective, move, seed=1, mesh=mesh, params=params
    )
    batch = partition.put_batch(make_batch(tokenizer, 8), mesh)
    state = init()
    step = step_lib.make(objective, move, seed=1, mesh=mesh, state=state)
    shape = jax.tree.map(
      lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding),
      batch,
    )
    return init, step_lib.compile_all(step, state, [shape]), batch

  def make(name, **rates):
    init, step, batch = compiled(name, tuple(rates.items()))
    return init(), step, batch

  return make


@pytest.fixture(scope="module")
def run(make):
  """Takes one step and gives what was and what is, on the host."""

  def run(name, *, number=0, **rates):
    state, step, batch = make(name, **rates)
    at = jax.device_put(jnp.int32(number), state.step.sharding)
    state = state._replace(step=at)
    before = jax.device_get(state)
    after, metrics = step(state, batch)
    return before, jax.device_get(after), jax.device_get(metrics)

  return run


@pytest.fixture(scope="module")
def on_one(run):
  return run("one device", **DROPPING)


def gradient_of(before, after):
  return jax.tree.map(np.subtract, before.params, after.params)


def norm_of(tree):
  return np.sqrt(sum(np.square(x).sum() for x in jax.tree.leaves(tree)))


def assert_trees_close(one, two, **tolerance):
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, **tolerance), one, two
  )


@pytest.mark.parametrize("name", ["data 8", "2 x 2 x 2"])
def test_eight_devices_are_one(run, on_one, name):
  # Dropout too: its draws belong to packed rows, not to devices. And clipping:
  # the norm is that of the whole gradient.
  before, after, metrics = run(name, **DROPPING)
  wanted_before, wanted_after, wanted = on_one
  assert_trees_close(before.params, wanted_before.params, rtol=0, atol=0)
  assert metrics.loss == pytest.approx(wanted.loss, rel=1e-6)
  assert metrics.accuracy == wanted.accuracy
  assert metrics.gradient_norm == pytest.approx(wanted.gradient_norm, rel=1e-5)
  assert metrics.gradient_norm > 2 * CLIP
  assert (metrics.tokens, metrics.slots) == (wanted.tokens, wanted.slots)
  gradient = gradient_of(before, after)
  assert norm_of(gradient) == pytest.approx(CLIP, rel=1e-4)
  assert_trees_close(
    gradient, gradient_of(wanted_before, wanted_after), rtol=1e-4, atol=5e-7
  )
  assert after.step == 1


def test_equal_texts_stand_in_different_shards(tokenizer):
  # Or the tests of meshes would say nothing of duplicates.
  batch = make_batch(tokenizer, 8)
  places = {}
  for shard, names in enumerate(batch.identity):
    for name in map(tuple, names[batch.present[shard]]):
      places.setdefault(name, []).append(shard)
  again = [shards for shards in places.values() if len(shards) > 1]
  assert len(again) == 4
  assert sum(len(set(shards)) > 1 for shards in again) >= 2


@pytest.fixture(scope="module")
def by_hand(tokenizer):
  """Loss and gradient with one text a row, in no shards, by plain autodiff."""
  model, params = tiny.model(), tiny.noisy(tiny.params())
  batch = make_batch(tokenizer, 1)
  assert batch.sides[0].tokens.shape == (1, 72, 32)

  @jax.jit
  @jax.value_and_grad
  def objective(params):
    vectors = model.embed(params, batch.sides[0], 72)
    columns = vectors.reshape(3, 24, 16)
    names = batch.identity.reshape(3, 24, 2)
    queries, documents, negatives = columns

    def same(one, other):
      return (one[:, None] == other[None]).all(-1)

    never = same(names[0], names[0]) | same(names[1], names[1])
    never |= same(names[0], names[1])
    never &= ~np.eye(24, dtype=bool)
    hard = same(names[0], names[2]) | same(names[1], names[2])
    hard |= ~batch.present.reshape(3, 24)[2]
    scores = 20 * queries @ documents.T
    within = jnp.where(never, 0, jnp.exp(scores))
    beside = jnp.where(hard, 0, jnp.exp(20 * queries @ negatives.T))
    forward = jnp.log(within.sum(1) + beside.sum(1)) - jnp.diag(scores)
    backward = jnp.log(within.sum(0)) - jnp.diag(scores)
    return (forward.sum() + backward.sum()) / 48

  return objective(params)


def test_packed_in_shards_it_is_the_plain_loss(run, by_hand):
  # So neither loss nor gradient has a factor of shards or, by the test above,
  # of devices.
  before, after, metrics = run("one device")
  value, gradient = by_hand
  assert float(metrics.loss) == pytest.approx(float(value), rel=2e-5)
  norm = norm_of(gradient)
  assert metrics.gradient_norm == pytest.approx(norm, rel=1e-4)
  assert_trees_close(
    gradient_of(before, after), gradient, rtol=1e-3, atol=1e-5 * norm
  )


def test_padded_it_is_the_same_loss(run, tokenizer):
  batch = make_batch(tokenizer, 8, packing="padded")
  (side,) = batch.sides
  assert side.tokens.shape == (8, 9, 32)

  @jax.jit
  @jax.value_and_grad
  def objective(params):
    return tiny.objective()(params, batch).value

  before, after, metrics = run("one device")
  value, gradient = objective(before.params)
  assert float(metrics.loss) == pytest.approx(float(value), rel=2e-5)
  norm = norm_of(gradient)
  assert_trees_close(
    gradient_of(before, after), gradient, rtol=1e-3, atol=1e-5 * norm
  )


def test_metrics_count_tokens_and_slots(on_one, tokenizer):
  side = make_batch(tokenizer, 8).sides[0]
  metrics = on_one[2]
  assert metrics.tokens == (side.text >= 0).sum()
  assert metrics.slots == side.text.size
  assert metrics.tokens < metrics.slots


def test_dropout_depends_on_the_step(run, on_one):
  *_, again = run("one device", **DROPPING)
  *_, later = run("one device", number=1, **DROPPING)
  assert again == on_one[2]
  assert abs(later.loss - again.loss) > 1e-3


def test_the_state_is_consumed_and_shapes_are_kept_apart(make):
  state, step, batch = make("data 8", **DROPPING)
  (rows,) = (side.tokens.shape[1] for side in batch.sides)
  after, _ = step(state, batch)
  assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state.params))
  more = batch_lib.Packed(*(x.repeat(2, 1) for x in batch.sides[0]))
  with pytest.raises(KeyError, match=str(2 * rows)):
    step(after, batch._replace(sides=(more,)))


def test_a_seed_names_the_first_parameters():
  state = step_lib.init(
    tiny.objective(),
    optimizer.make(optimizer.OptimizerConfig()),
    seed=3,
    mesh=make_mesh("2 x 2 x 2"),
  )
  first = jax.device_get(state)
  assert_trees_close(first.params, tiny.params(3), rtol=0, atol=0)
  name = "encoder/inputs"
  apart = first.params[name]["tokens"] - tiny.params(0)[name]["tokens"]
  assert np.abs(apart).max() > 0.1
  assert first.step == 0
  assert not any(np.any(moment) for moment in jax.tree.leaves(first.opt))
