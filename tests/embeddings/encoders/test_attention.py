"""Attention with dropout on its weights is the same attention on average."""

import functools

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from embeddings.encoders import attention
from tests.embeddings import tiny

ROWS = 4_096
# Two texts and padding.
TEXT = np.array([0, 0, 0, 1, 1, -1, -1], np.int32)
BIAS = np.random.default_rng(1).normal(size=(1, 2, 7, 7)).astype("f")


@pytest.fixture(scope="module")
def attend():
  """Attention over equal rows, each with a key of its own."""
  x = np.random.default_rng(0).normal(size=(len(TEXT), 16)).astype("f")

  def call(rate):
    def run(x, text, keys):
      config = tiny.encoder_config(attention_dropout=rate)
      seen = text[:, None, :, None] == text[:, None, None, :]
      view = attention.View(seen, bias=BIAS, turns=None)
      return attention.Attention(config, name="attention")(x, view, keys)

    return hk.without_apply_rng(hk.transform(run))

  params = call(0.0).init(
    jax.random.key(0), jnp.asarray(x[None]), jnp.asarray(TEXT[None]), None
  )

  def attend(rate, rows, seed=None):
    keys = None
    if seed is not None:
      keys = jax.random.split(jax.random.key(seed), rows)
    # Rows are equal, so all that differs between them is what is dropped.
    many = np.broadcast_to(x, (rows, *x.shape))
    text = np.broadcast_to(TEXT, (rows, len(TEXT)))
    return np.asarray(jax.jit(call(rate).apply)(params, many, text, keys))

  return attend


def test_that_drops_nothing_is_plain_attention(attend):
  # At a rate of 1e-9, float32 keeps every weight.
  plain, dropping = attend(0.0, 2), attend(1e-9, 2, seed=0)
  assert np.abs(plain).max() > 0.1
  real = TEXT >= 0
  np.testing.assert_allclose(
    dropping[:, real], plain[:, real], rtol=0, atol=1e-6
  )


def test_that_drops_is_plain_attention_on_average(attend):
  # The output is linear in the weights, so its mean is known.
  plain = attend(0.0, 2)[0]
  draws = attend(0.4, ROWS, seed=1)[:, TEXT >= 0]
  spread = draws.std(0)
  assert spread.max() > 0.1
  error = np.abs(draws.mean(0) - plain[TEXT >= 0])
  assert (error / (spread / np.sqrt(ROWS) + 1e-7)).max() < 5


def test_without_keys_nothing_is_dropped(attend):
  np.testing.assert_array_equal(attend(0.4, 2), attend(0.0, 2))


def test_queries_block_by_block_are_all_at_once(monkeypatch):
  random = np.random.default_rng(2)
  query, key, value, weights = random.normal(size=(4, 3, 16, 2, 4)).astype("f")
  text = np.repeat([[0, 1, 2, -1]], [3, 7, 5, 1], axis=1)
  text = np.stack([text[0], text[0, ::-1], np.zeros(16, text.dtype)])
  view = attention.View(
    text[:, None, :, None] == text[:, None, None, :],
    random.normal(size=(1, 2, 16, 16)).astype("f"),
    None,
  )

  @jax.jit
  @functools.partial(jax.value_and_grad, argnums=(0, 1, 2))
  def score(query, key, value):
    return (attention.attend(query, key, value, view) * weights).sum()

  whole = score(query, key, value)
  score.clear_cache()
  monkeypatch.setattr(attention, "BLOCK", 4)
  lowered = score.lower(query, key, value).as_text()
  assert "3x2x16x16xf32" not in lowered and "3x2x4x16xf32" in lowered
  for one, two in zip(
    jax.tree.leaves(score(query, key, value)),
    jax.tree.leaves(whole),
    strict=True,
  ):
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=2e-6)
