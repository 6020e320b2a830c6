"""Schedules, decay and clipping are what the config says."""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from data import program
from embeddings import checkpoint
from embeddings import optimizer
from embeddings import parameter_groups
from embeddings import partition
from embeddings import step as step_lib
from tests.embeddings import tiny

HALF = math.sqrt(0.5)


@pytest.mark.parametrize(
  ("decay", "wanted"),
  [
    # At step 0, in the warm-up, at its end, half way down and at the end.
    ("linear", {0: 0, 5: 0.5, 10: 1, 60: 0.5, 85: 0.25, 110: 0}),
    ("cosine", {0: 0, 5: 0.5, 10: 1, 60: 0.5, 85: (1 - HALF) / 2, 110: 0}),
    ("constant", {0: 0, 5: 0.5, 10: 1, 60: 1, 110: 1}),
  ],
)
def test_the_learning_rate_rises_and_falls(decay, wanted):
  rate = optimizer.learning_rate(
    optimizer.OptimizerConfig(
      learning_rate=3e-4, warmup_steps=10, steps=110, decay=decay
    )
  )
  for step, share in wanted.items():
    assert float(rate(step)) == pytest.approx(3e-4 * share, abs=1e-10), step


def test_without_warm_up_it_begins_at_the_peak():
  config = optimizer.OptimizerConfig(warmup_steps=0, steps=4)
  rates = [float(optimizer.learning_rate(config)(step)) for step in range(5)]
  np.testing.assert_allclose(rates, 2e-5 * np.array([1, 0.75, 0.5, 0.25, 0]))


def updates(config, gradient, params, steps=1):
  """What the optimiser adds to the parameters, the last of `steps` times."""
  move = optimizer.make(config)
  state = move.init(params)
  for _ in range(steps):
    update, state = move.update(gradient, state, params)
  return update


def constant(**changes):
  return optimizer.OptimizerConfig(
    learning_rate=0.1, warmup_steps=0, decay="constant", **changes
  )


def test_weights_and_tables_decay_and_nothing_else():
  params = jax.tree.map(np.ones_like, tiny.params())
  none = jax.tree.map(np.zeros_like, params)
  step = jax.jit(lambda *trees: updates(constant(weight_decay=0.5), *trees))
  found = step(none, params)
  for path, update in jax.tree_util.tree_leaves_with_path(found):
    shrinks = path[-1].key in ("w", "tokens", "positions", "types")
    np.testing.assert_allclose(update, -0.05 if shrinks else 0, rtol=1e-6)


def test_adamw_is_adamw():
  config = constant(b1=0.8, b2=0.9, eps=0.01, weight_decay=0.3, clip_norm=0.0)
  params = {"linear": {"w": jnp.array([2.0, -1.0])}}
  gradient = {"linear": {"w": jnp.array([0.5, -3.0])}}
  # Under an equal gradient both moments, corrected, are that gradient's.
  for steps in (1, 3):
    g, w = (np.asarray(x["linear"]["w"]) for x in (gradient, params))
    wanted = -0.1 * (g / (np.abs(g) + 0.01) + 0.3 * w)
    found = updates(config, gradient, params, steps)
    np.testing.assert_allclose(found["linear"]["w"], wanted, rtol=1e-5)


@pytest.mark.parametrize(("norm", "left"), [(2.5, 0.5), (10.0, 1.0), (0, 1.0)])
def test_clipping_looks_at_all_gradients_together(norm, left):
  params = {"a": {"w": jnp.zeros(2)}, "b": {"b": jnp.zeros(1)}}
  gradient = {"a": {"w": jnp.array([3.0, 0])}, "b": {"b": jnp.array([4.0])}}
  found = updates(constant(name="sgd", clip_norm=norm), gradient, params)
  wanted = jax.tree.map(lambda g: -0.1 * left * g, gradient)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b), found, wanted)


def test_sgd_moves_by_the_schedule():
  config = optimizer.OptimizerConfig(
    name="sgd", learning_rate=1.0, warmup_steps=2, steps=6, clip_norm=0.0
  )
  move = optimizer.make(config)
  params = {"a": {"w": jnp.zeros(())}}
  state, seen = move.init(params), []
  for _ in range(6):
    update, state = move.update({"a": {"w": jnp.ones(())}}, state, params)
    params = optax.apply_updates(params, update)
    seen.append(float(params["a"]["w"]))
  rates = [0, 0.5, 1, 0.75, 0.5, 0.25]
  np.testing.assert_allclose(seen, -np.cumsum(rates), rtol=1e-6)


@pytest.mark.parametrize("decay", optimizer.DECAYS)
def test_batches_that_add_up_move_at_the_rate_that_is_reported(decay):
  config = optimizer.OptimizerConfig(
    name="sgd",
    learning_rate=1.0,
    warmup_steps=5,
    steps=24,
    decay=decay,
    clip_norm=0.0,
    accumulate=4,
  )
  once = dataclasses.replace(config, accumulate=1)
  rate, whole = map(optimizer.learning_rate, (config, once))
  move = optimizer.make(config)
  params = {"a": {"w": jnp.zeros(())}}
  state, moved = move.init(params), []
  update = jax.jit(move.update)
  for step in range(24):
    # Each four have a mean of 1.
    gradient = {"a": {"w": jnp.float32(step % 4 - 0.5)}}
    found, state = update(gradient, state, params)
    moved.append(-float(found["a"]["w"]))
  reported = [float(rate(step)) for step in range(24)]
  # One rate for all four, that of the first, and the last one moves.
  assert reported == [float(whole(step - step % 4)) for step in range(24)]
  np.testing.assert_allclose(moved[3::4], reported[3::4], rtol=1e-6)
  assert max(moved) > 0.7
  assert not any(value for i, value in enumerate(moved) if i % 4 != 3)


LEARNED = {"loss/in_batch": {"log_scale": jnp.log(20.0), "bias": jnp.ones(())}}


def gradient_like(params):
  """A gradient that has its part in each number."""
  return jax.tree.map(lambda x: 0.1 * jnp.cos(x) + 0.2, params)


@functools.partial(jax.jit, static_argnums=0)
def two_updates(config, params, gradient=None):
  """What the optimiser adds the second time, and its state."""
  move = optimizer.make(config)
  state = move.init(params)
  gradient = gradient or gradient_like(params)
  _, state = move.update(gradient, state, params)
  return move.update(gradient, state, params)


def test_what_a_loss_learns_does_not_decay():
  found, _ = two_updates(
    constant(weight_decay=0.5), LEARNED, jax.tree.map(jnp.zeros_like, LEARNED)
  )
  assert not any(map(np.any, jax.tree.leaves(found)))


def test_a_group_has_its_learning_rate():
  params = {**tiny.noisy(tiny.params()), **LEARNED}
  plain = constant(weight_decay=0.3, clip_norm=0.5)
  groups = "layers/attention/=0.25,layers/=2,^loss/=0.5"
  whole, state = two_updates(plain, params)
  grouped = dataclasses.replace(plain, groups=groups)
  found, grouped_state = two_updates(grouped, params)
  factors = set()
  for path, update in jax.tree_util.tree_leaves_with_path(found):
    name = parameter_groups.path_of(path)
    factor = parameter_groups.parse(groups).factor(name)
    factors.add(factor)
    wanted = factor * whole[path[0].key][path[1].key]
    np.testing.assert_allclose(update, wanted, rtol=1e-6, err_msg=name)
  assert factors == {0.25, 2, 0.5, 1}
  # Rates change no moment.
  jax.tree.map(
    np.testing.assert_array_equal,
    jax.tree.leaves(state),
    jax.tree.leaves(grouped_state),
  )


@pytest.mark.parametrize(
  ("name", "accumulate"), [("adamw", 1), ("sgd", 1), ("adamw", 2)]
)
def test_what_is_frozen_stays_and_has_no_moments(name, accumulate):
  params = {**tiny.noisy(tiny.params()), **LEARNED}
  config = constant(
    name=name, weight_decay=0.3, clip_norm=0.5, accumulate=accumulate
  )
  frozen = dataclasses.replace(config, groups="inputs=0,attention/=0")
  groups = parameter_groups.parse(frozen.groups)
  found, state = two_updates(frozen, params)
  # As if there were no others, in the norm too.
  left = {module: x for module, x in params.items() if groups.factor(module)}
  left = {m: x for m, x in left.items() if "attention/" not in m}
  assert 0 < len(left) < len(params)
  wanted, wanted_state = two_updates(config, left)
  for module, updates in found.items():
    for key, update in updates.items():
      if module in left:
        np.testing.assert_allclose(update, wanted[module][key], rtol=1e-6)
      else:
        assert not np.any(update), module
  sizes = [
    sorted(x.size for x in jax.tree.leaves(s)) for s in (state, wanted_state)
  ]
  assert sizes[0] == sizes[1]


def test_without_groups_the_state_is_what_it_was():
  shapes = jax.eval_shape(tiny.model().init, jax.random.key(0))
  rate = optimizer.learning_rate(optimizer.OptimizerConfig())

  def nothing(tree):
    return jax.tree.map(lambda _: False, tree)

  before = optax.chain(
    optax.clip_by_global_norm(1.0), optax.adamw(rate, mask=nothing)
  )
  now = optimizer.make(optimizer.OptimizerConfig())
  one, two = (jax.eval_shape(move.init, shapes) for move in (before, now))
  assert jax.tree.structure(one) == jax.tree.structure(two)


def test_a_state_with_frozen_parameters_is_cut_up_and_kept(tmp_path):
  config = optimizer.OptimizerConfig(groups="inputs/=0,up/w=0.5")
  move = optimizer.make(config, {"loss/in_batch": 100.0})
  mesh = partition.make_mesh(fsdp=2, tensor=2)
  params = {**tiny.params(), **LEARNED}

  def make(params):
    return step_lib.State(jnp.int32(3), params, move.init(params))

  places = partition.shard_state(jax.eval_shape(make, params), mesh)
  state = jax.jit(make, out_shardings=places)(params)
  moments = [x for x in jax.tree.leaves(state.opt) if x.ndim == 3]
  assert len(moments) == 2 * 6 and not any(
    x.sharding.is_fully_replicated for x in moments
  )
  state = state._replace(opt=jax.tree.map(lambda x: x + 1, state.opt))
  checkpoints = checkpoint.Checkpoints(tmp_path, keep=2)
  checkpoints.save(state, {"seconds": 0.0})
  checkpoints.wait()
  again, _ = checkpoints.restore(3, jax.jit(make, out_shardings=places)(params))
  checkpoints.close()
  assert jax.tree.structure(again) == jax.tree.structure(state)
  jax.tree.map(np.testing.assert_array_equal, again, state)


@pytest.mark.parametrize("decay", ["constant", "linear"])
def test_a_learned_scale_stays_below_its_ceiling(decay):
  config = optimizer.OptimizerConfig(
    learning_rate=0.3, warmup_steps=0, steps=20, decay=decay
  )
  move = optimizer.make(config, {"loss/in_batch": 40.0})
  params = {**LEARNED, "loss/sigmoid": LEARNED["loss/in_batch"]}
  down = jax.tree.map(lambda x: -jnp.ones_like(x), params)
  state, scales = move.init(params), []
  for sign in [1] * 6 + [-1] * 12:
    gradient = jax.tree.map(lambda x, s=sign: s * x, down)
    update, state = move.update(gradient, state, params)
    params = optax.apply_updates(params, update)
    scales.append(float(jnp.exp(params["loss/in_batch"]["log_scale"])))
  assert max(scales) == pytest.approx(40, rel=1e-6) and scales[-1] < 39
  # No other number has a ceiling.
  free = params["loss/sigmoid"]
  assert free["bias"] == params["loss/in_batch"]["bias"]
  assert free["log_scale"] > params["loss/in_batch"]["log_scale"]


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"name": "lion"}, "'lion'.*wanted one of adamw, sgd"),
    ({"decay": "step"}, "'step'.*linear, cosine, constant"),
    ({"steps": 500}, "steps is 500 and warmup_steps 500"),
    ({"warmup_steps": -1}, "warmup_steps -1"),
    ({"groups": "layers/"}, "groups has 'layers/'"),
    ({"accumulate": 3}, "steps is 1000 and optim.accumulate 3; .*steps=999"),
    ({"accumulate": 1200}, "accumulate 1200; .*optim.steps=1200"),
  ],
)
def test_an_optimiser_that_cannot_be_is_refused(changes, message):
  with pytest.raises(program.BadInput, match=message):
    optimizer.OptimizerConfig(**changes)
