"""A keyed permutation of 0..size-1, in O(1) memory and by random access.

Shuffling a data set of any size is asking where index i lands: a Feistel
network over the smallest even number of bits that holds `size`, walked until
it lands inside (Black & Rogaway, "Ciphers with Arbitrary Finite Domains",
2002). The numbers are ours alone, so a run's order outlives any library:
VERSION goes into the run's fingerprint and changes if they ever do.
"""

import numpy as np

VERSION = 1

_ROUNDS = 6
_MASK = (1 << 64) - 1


def mix(*values: int) -> int:
  """One 64-bit key out of several whole numbers (splitmix64, Steele 2014).

  >>> mix(1, 2) == mix(1, 2), mix(1, 2) == mix(2, 1)
  (True, False)
  """
  state = 0
  for value in values:
    state = (state ^ (value & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    state ^= state >> 31
  return state


def permute(indices: np.ndarray, size: int, key: int) -> np.ndarray:
  """Where each index lands under the permutation that `key` chooses.

  Args:
    indices: whole numbers in 0..size-1, any shape.
    size: how many there are to permute, 1 or more.
    key: any whole number; another key is another permutation.

  Returns:
    int64, of the shape of `indices`, distinct for distinct indices.
  """
  half_bits = max((int(size - 1).bit_length() + 1) // 2, 1)
  flat = np.asarray(indices).astype(np.uint64).ravel()
  keys = [np.uint64(mix(key, round_)) for round_ in range(_ROUNDS)]
  landed = _feistel(flat, half_bits, keys)
  outside = np.flatnonzero(landed >= size)
  while outside.size:
    landed[outside] = _feistel(landed[outside], half_bits, keys)
    outside = outside[landed[outside] >= size]
  return landed.astype(np.int64).reshape(np.shape(indices))


def _feistel(
  values: np.ndarray, half_bits: int, keys: list[np.uint64]
) -> np.ndarray:
  """A permutation of the numbers of `2 * half_bits` bits."""
  bits = np.uint64(half_bits)
  half = np.uint64((1 << half_bits) - 1)
  left, right = values >> bits, values & half
  for key in keys:
    mixed = (right ^ key) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    left, right = right, left ^ ((mixed >> np.uint64(32)) & half)
  return (left << bits) | right
