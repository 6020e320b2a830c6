"""A text's vector is its own, however its batch is laid out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import batch
from data import program
from embeddings import pooling as pooling_lib
from embeddings import towers
from tests.embeddings import tiny

LENGTH = 24


@pytest.fixture(scope="module")
def shards():
  """Two shards of seven texts each; one text is absent."""
  random = np.random.default_rng(0)
  lengths = [[3, 24, 9, 1, 11, 6, 2], [5, 8, 0, 24, 2, 7, 13]]
  return [
    [random.integers(1, 400, n).astype(np.int32) for n in shard]
    for shard in lengths
  ]


def lay(shards, layout):
  """The shards' texts in rows, [G, R, L], R being that of the fullest."""
  packed = [layout(texts, LENGTH) for texts in shards]
  rows = max(len(one.tokens) for one in packed)

  def grow(field, empty):
    spare = ((0, rows - len(field)), (0, 0))
    return np.pad(field, spare, constant_values=empty)

  return batch.Packed(
    *(
      np.stack([grow(field, empty) for field in fields])
      for fields, empty in zip(
        zip(*packed, strict=True), (0, -1, 0), strict=True
      )
    )
  )


@pytest.mark.parametrize("pooling", sorted(pooling_lib.POOLINGS))
def test_packed_vectors_are_padded_vectors(shards, pooling):
  config = towers.ModelConfig(tiny.encoder_config(), pooling)
  params = tiny.noisy(tiny.params())
  embed = jax.jit(towers.Model(config).embed, static_argnums=2)
  packed, padded = lay(shards, tiny.pack), lay(shards, tiny.pad)
  assert packed.tokens.shape[1] < padded.tokens.shape[1] == 7
  one, two = (np.asarray(embed(params, rows, 7)) for rows in (packed, padded))
  assert one.shape == (2, 7, 16) and one.dtype == np.float32
  np.testing.assert_allclose(one, two, rtol=0, atol=2e-6)
  # Shards are apart, and each text has a vector of its own.
  vectors = np.delete(one.reshape(14, 16), 9, axis=0)
  np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
  cosines = vectors @ vectors.T - 2 * np.eye(13)
  assert cosines.max() < 0.9999
  assert not one[1, 2].any()  # the absent text


def test_vectors_that_are_not_normalised(shards):
  # And dropout comes from the key: none without, another with another.
  config = tiny.encoder_config(dropout=0.2)
  plain = towers.Model(towers.ModelConfig(config, normalise=False))
  embed = jax.jit(plain.embed, static_argnums=2)
  rows = lay(shards, tiny.pack)
  vectors = np.asarray(embed(tiny.params(), rows, 7))
  wanted = jax.jit(tiny.model().embed, static_argnums=2)(tiny.params(), rows, 7)
  lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
  assert lengths[0].std() > 0.01
  np.testing.assert_allclose(
    vectors / np.maximum(lengths, 1e-9), wanted, rtol=0, atol=2e-6
  )
  one, again, two = (
    np.asarray(embed(tiny.params(), rows, 7, jax.random.key(seed)))
    for seed in (1, 1, 2)
  )
  np.testing.assert_array_equal(one, again)
  assert np.abs(one - two).max() > 0.1
  assert np.abs(one - vectors).max() > 0.1


def test_each_vector_gets_length_one_by_itself():
  vectors = np.array([[3, 4], [0, -1e-3], [1e9, 0]], np.float32)
  np.testing.assert_allclose(
    towers.normalise(vectors), [[0.6, 0.8], [0, -1], [1, 0]], rtol=1e-6
  )


def test_a_vector_of_zeros_stays_one_gradient_included():
  def score(vectors):
    return (towers.normalise(vectors) * jnp.array([1.0, 2.0])).sum()

  vectors = jnp.array([[0.0, 0.0], [3.0, 4.0]])
  np.testing.assert_array_equal(towers.normalise(vectors)[0], [0, 0])
  gradient = jax.grad(score)(vectors)
  np.testing.assert_array_equal(gradient[0], [0, 0])
  # (I - v v') w / |x| with v = (.6, .8), w = (1, 2), |x| = 5
  np.testing.assert_allclose(gradient[1], [-0.064, 0.048], rtol=1e-5)


def test_the_parameters_are_counted():
  square, mlp, norm = 16 * 16 + 16, 16 * 32, 2 * 16
  block = 4 * square + 2 * mlp + 32 + 16 + 2 * norm
  assert towers.count(tiny.params()) == (400 + 64 + 2) * 16 + norm + 2 * block


@pytest.mark.parametrize(
  "changes", [{"pooling": "median"}, {"dtype": "float64"}]
)
def test_a_model_that_cannot_be_is_refused(changes):
  with pytest.raises(program.BadInput, match=str(*changes.values())):
    towers.ModelConfig(tiny.encoder_config(), **changes)
