"""One vector a text, whichever rows its tokens and its neighbours' are in."""

import jax.numpy as jnp
import numpy as np
import pytest

from embeddings import pooling

TEXTS = 6
# Texts 0, 2, 3 and 5; neighbours touch, rows begin or end with padding.
TEXT = np.array(
  [[2, 2, 2, 0, 5, 5, -1], [-1, 3, 3, 3, 3, 3, 3], [-1] * 7], np.int32
)
HIDDEN = np.random.default_rng(0).normal(size=(*TEXT.shape, 4)).astype("f")
POSITION = np.array(
  [[0, 1, 2, 0, 0, 1, 0], [0, 0, 1, 2, 3, 4, 5], [0] * 7], np.int32
)
REDUCED = {
  "mean": lambda states: states.mean(0),
  "cls": lambda states: states[0],
  "max": lambda states: states.max(0),
  "last": lambda states: states[-1],
  "weighted_mean": lambda states: np.average(
    states, axis=0, weights=np.arange(1, len(states) + 1)
  ),
}


@pytest.mark.parametrize("name", sorted(pooling.POOLINGS))
def test_each_text_gets_its_own_tokens(name):
  found = np.asarray(pooling.POOLINGS[name](HIDDEN, TEXT, POSITION, TEXTS))
  assert found.shape == (TEXTS, 4)
  for number in range(TEXTS):
    states = HIDDEN[number == TEXT].astype(np.float64)
    wanted = REDUCED[name](states) if len(states) else np.zeros(4)
    np.testing.assert_allclose(found[number], wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", sorted(pooling.POOLINGS))
def test_padding_has_no_part(name):
  other = np.where(TEXT[..., None] < 0, np.float32(1e6), HIDDEN)
  one, two = (
    pooling.POOLINGS[name](h, TEXT, POSITION, TEXTS) for h in (HIDDEN, other)
  )
  np.testing.assert_array_equal(one, two)


def test_means_of_bfloat16_are_summed_in_float32():
  # 1 + 1/128 is exact in bfloat16, and sums of more than 256 of it are not.
  hidden = jnp.full((1, 1_000, 2), 1 + 1 / 128, jnp.bfloat16)
  text = jnp.zeros((1, 1_000), jnp.int32)
  found = pooling.mean(hidden, text, jnp.arange(1_000)[None], 1)
  assert found.dtype == jnp.float32
  np.testing.assert_allclose(found, 1 + 1 / 128, rtol=1e-6)
