"""Schedules, decay and clipping are what the config says."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from data import program
from embeddings import optimizer
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


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"name": "lion"}, "'lion'.*wanted one of adamw, sgd"),
    ({"decay": "step"}, "'step'.*linear, cosine, constant"),
    ({"steps": 500}, "steps is 500 and warmup_steps 500"),
    ({"warmup_steps": -1}, "warmup_steps -1"),
  ],
)
def test_an_optimiser_that_cannot_be_is_refused(changes, message):
  with pytest.raises(program.BadInput, match=message):
    optimizer.OptimizerConfig(**changes)
