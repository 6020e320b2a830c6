"""The average is the formula's, and moves when the parameters do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from embeddings import average as average_lib

START = np.float32([1.0, -2.0, 0.3])


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("decay", [0.25, 0.999])
def test_it_is_the_sum_that_its_decays_say(decay, accumulate):
  average = average_lib.Average(decay, accumulate)
  params = {"a": {"w": jnp.asarray(START), "still": jnp.asarray(START)}}
  found, values = average.init(params), [START.astype(float)]
  update = jax.jit(average.update)
  for step in range(1, 6 * accumulate + 1):
    if step % accumulate == 0:
      params["a"]["w"] = params["a"]["w"] * 1.5 + 1
      values.append(np.asarray(params["a"]["w"], float))
    before = found
    found = update(found, params, jnp.int32(step))
    if step % accumulate:
      np.testing.assert_array_equal(found["a"]["w"], before["a"]["w"])
  # The weight of each value: its share, times the decays that came after.
  decays = [0.0, *(min(decay, (1 + t) / (10 + t)) for t in range(1, 7))]
  weights = [(1 - d) * np.prod(decays[t + 1 :]) for t, d in enumerate(decays)]
  assert sum(weights) == pytest.approx(1)
  wanted = sum(w * value for w, value in zip(weights, values, strict=True))
  np.testing.assert_allclose(found["a"]["w"], wanted, rtol=1e-5)
  # What is frozen is its own average, to the last bit.
  np.testing.assert_array_equal(found["a"]["still"], START)
  assert found["a"]["w"].dtype == jnp.float32


def test_the_first_average_has_memory_of_its_own():
  params = {"a": {"w": jnp.asarray(START)}}
  first = jax.jit(average_lib.Average(0.9).init)(params)
  params["a"]["w"].delete()
  np.testing.assert_array_equal(first["a"]["w"], START)
