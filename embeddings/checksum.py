"""A number that tells which texts a batch holds, and where.

Runs with the same numbers trained on the same texts in the same order. It is
made where the batch is, in integers modulo 2^32, so that neither the mesh nor
the number of hosts changes it.
"""

import jax
import jax.numpy as jnp

# The least hexadecimal digits of the golden ratio, which is far from all
# fractions (Knuth, TAOCP 3, 6.4), and the mixer of MurmurHash3 (Appleby 2011).
_GOLDEN = 0x9E3779B9
_MIX = ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1))


def of_texts(
  identity: jax.Array,  # uint32 [G, T, 2]
  present: jax.Array,  # bool [G, T]
) -> jax.Array:
  """The checksum of a batch, uint32 [].

  Args:
    identity: the hash of each text, in two words.
    present: whether there is a text.

  Returns:
    A sum over the texts of a mix of each one's hash and place.
  """
  place = jnp.arange(present.size, dtype=jnp.uint32).reshape(present.shape)
  found = _mixed(place * jnp.uint32(_GOLDEN) + 1)
  for word in (identity[..., 0], identity[..., 1]):
    found = _mixed(found ^ word.astype(jnp.uint32))
  return jnp.where(present, found, 0).sum(dtype=jnp.uint32)


def _mixed(words: jax.Array) -> jax.Array:
  """Words of which each bit depends on all bits of those given."""
  for shift, factor in _MIX:
    words = (words ^ (words >> shift)) * jnp.uint32(factor)
  return words
