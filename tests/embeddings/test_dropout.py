"""What is dropped depends on the row's key alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from embeddings import dropout

ROWS, SIZE = 6, 20_000


@pytest.fixture(scope="module")
def keys():
  return dropout.row_keys(jax.random.key(5), ROWS)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_share_is_dropped_and_the_rest_scaled(keys, dtype):
  values = jnp.ones((ROWS, SIZE), dtype)
  found = dropout.dropout(values, 0.2, keys)
  assert found.dtype == values.dtype
  kept = np.asarray(found, np.float32) != 0
  # Five standard deviations of a binomial share.
  error = np.abs(kept.mean(1) - 0.8)
  assert (error < 5 * np.sqrt(0.2 * 0.8 / SIZE)).all()
  assert set(np.asarray(found, np.float32)[kept].tolist()) == {1 / 0.8}


def test_rows_places_and_keys_draw_apart(keys):
  values = jnp.ones((ROWS, SIZE))

  def kept(keys):
    return np.asarray(dropout.dropout(values, 0.5, keys) != 0)

  draws = [
    *kept(keys),
    *kept(dropout.fold(keys, 0)),
    *kept(dropout.fold(keys, 1)),
    *kept(dropout.row_keys(jax.random.key(6), ROWS)),
  ]
  for i, one in enumerate(draws):
    for two in draws[:i]:
      assert 0.47 < (one == two).mean() < 0.53


def test_a_rows_key_is_that_of_its_number(keys):
  more = dropout.row_keys(jax.random.key(5), 2 * ROWS)
  data = jax.random.key_data
  np.testing.assert_array_equal(data(more)[:ROWS], data(keys))
  np.testing.assert_array_equal(
    data(dropout.fold(more, 3))[2:4], data(dropout.fold(keys[2:4], 3))
  )


def test_no_keys_or_no_rate_drop_nothing(keys):
  values = jnp.arange(12.0).reshape(ROWS, 2)
  assert dropout.fold(None, 3) is None
  assert dropout.dropout(values, 0.5, None) is values
  assert dropout.dropout(values, 0.0, keys) is values
