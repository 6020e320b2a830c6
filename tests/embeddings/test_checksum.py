"""The checksum of a batch tells its texts and their places, on any mesh."""

import jax
import numpy as np
import pytest

from embeddings import checksum
from embeddings import partition

MASK = 2**32 - 1
SHAPE = (8, 6)


@pytest.fixture(scope="module")
def texts():
  """Hashes of a batch, and which of them are there."""
  random = np.random.default_rng(0)
  identity = random.integers(0, 2**32, (*SHAPE, 2), dtype=np.uint32)
  return identity, random.random(SHAPE) < 0.8


def mixed(word):
  """MurmurHash3's mixer, but for its last shift: times 1, an exclusive or."""
  word = (word ^ word >> 16) * 0x85EBCA6B & MASK
  word = (word ^ word >> 13) * 0xC2B2AE35 & MASK
  return word ^ word >> 16


def plain(identity, present):
  """The same in Python's numbers, a text at a time."""
  total = 0
  for place, words in enumerate(identity.reshape(-1, 2).tolist()):
    found = mixed(place * 0x9E3779B9 + 1 & MASK)
    for word in words:
      found = mixed(found ^ word)
    total += found * bool(present.flat[place])
  return total & MASK


of_texts = jax.jit(checksum.of_texts)


@pytest.mark.parametrize(
  "axes", [{"data": 1}, {"data": 8}, {"data": 2, "fsdp": 2, "tensor": 2}]
)
def test_it_is_the_same_on_any_mesh(texts, axes):
  devices = jax.devices()[: np.prod(list(axes.values()))]
  mesh = partition.make_mesh(devices=devices, **axes)
  spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
  found = of_texts(*jax.device_put(texts, spread))
  assert found.dtype == np.uint32 and found == plain(*texts)


def test_a_text_that_changes_changes_it(texts):
  identity, present = texts
  whole = of_texts(identity, present)
  for place in np.ndindex(SHAPE):
    for word in (0, 1):
      other = identity.copy()
      other[*place, word] ^= 1
      assert (of_texts(other, present) != whole) == present[place]
    fewer = present.copy()
    fewer[place] = False
    assert (of_texts(identity, fewer) != whole) == present[place]


def test_texts_that_change_places_change_it(texts):
  identity = texts[0].reshape(-1, 2)
  there = np.ones(SHAPE, bool)
  seen = {int(of_texts(texts[0], there))}
  for place in range(1, len(identity)):
    other = identity.copy()
    other[[0, place]] = identity[[place, 0]]
    seen.add(int(of_texts(other.reshape(texts[0].shape), there)))
  assert len(seen) == len(identity)
