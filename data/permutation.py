"""A keyed permutation of 0..size-1, in O(1) memory and by random access.

Shuffling a data set of any size is asking where index i lands: a Feistel
network over the smallest even number of bits that holds `size`, walked until
it lands inside (Black & Rogaway, "Ciphers with Arbitrary Finite Domains",
2002). The numbers are ours alone, so a run's order outlives any library:
VERSION goes into the run's fingerprint and changes if they ever do.

Sizes and keys may be arrays: then each index has a permutation of its own, and
all are asked at once.
"""

import numpy as np

VERSION = 1

_ROUNDS = 6
_MASK = (1 << 64) - 1
_ROTATION = 8  # told apart from the rounds' keys, 0 to 5


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


def mix_arrays(*values: np.ndarray | int) -> np.ndarray:
  """`mix` of arrays, element by element, and of numbers that go with each.

  Args:
    values: whole numbers or arrays of them that broadcast together; at least
      one array.

  Returns:
    uint64, of the shape that they broadcast to.
  """
  state = np.zeros(1, np.uint64)
  for value in values:
    if isinstance(value, int):
      value = np.array([value & _MASK], np.uint64)
    state = (state ^ value.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
  return state


def permute(
  indices: np.ndarray, size: int | np.ndarray, key: int | np.ndarray
) -> np.ndarray:
  """Where each index lands under the permutation that `key` chooses.

  Args:
    indices: whole numbers in 0..size-1, any shape.
    size: how many there are to permute, 1 or more; one number, or an array
      that broadcasts to the indices.
    key: any whole number; another key is another permutation. Or an array.

  Returns:
    int64, of the shape of `indices`, distinct for distinct indices.
  """
  shape = np.shape(indices)
  flat = np.asarray(indices).astype(np.uint64).ravel()
  sizes, keys = _each(size, shape), _each(key, shape)
  # The bits of size - 1, which float64 holds exactly below 2**53.
  bits = np.frexp((sizes - np.uint64(1)).astype(np.float64))[1]
  half_bits = np.maximum((bits + 1) // 2, 1).astype(np.uint64)
  rounds = mix_arrays(keys, np.arange(_ROUNDS)[:, None])
  landed = _feistel(flat, half_bits, rounds)
  outside = np.flatnonzero(landed >= sizes)
  while outside.size:
    landed[outside] = _feistel(
      landed[outside], _at(half_bits, outside), _at(rounds, outside)
    )
    outside = outside[landed[outside] >= _at(sizes, outside)]
  return landed.astype(np.int64).reshape(shape)


def permute_runs(
  indices: np.ndarray,
  size: int | np.ndarray,
  key: int | np.ndarray,
  run_length: int | np.ndarray,
) -> np.ndarray:
  """As `permute`, but runs of neighbours stay together.

  The places are cut into runs, which are permuted; what is left over stays at
  the end; and all is turned by a number of places that the key chooses, so
  that the runs begin elsewhere each time.

  Args:
    indices: whole numbers in 0..size-1, any shape.
    size: how many there are to permute, a number or an array.
    key: which permutation, a number or an array.
    run_length: how many neighbours stay together, at most `size`; 1 permutes
      them one by one. A number or an array.

  Returns:
    int64, of the shape of `indices`, distinct for distinct indices.
  """
  size, key, run_length = (
    np.broadcast_to(value, np.shape(indices))
    for value in (np.asarray(size), _unsigned(key), np.asarray(run_length))
  )
  run, within = np.divmod(indices, run_length)
  runs = size // run_length
  in_run = run < runs
  landed = permute(np.where(in_run, run, 0), runs, key) * run_length + within
  landed = np.where(in_run, landed, indices)
  turn = mix_arrays(key, _ROTATION) % size.astype(np.uint64)
  turned = (landed + turn.astype(np.int64)) % size
  return np.where(run_length > 1, turned, landed)


def _unsigned(values: int | np.ndarray) -> np.ndarray:
  """Whole numbers as uint64, those of Python modulo 2**64."""
  if isinstance(values, int):
    return np.array(values & _MASK, np.uint64)
  return np.asarray(values).astype(np.uint64)


def _each(values: int | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
  """The value of each index, or one for all: uint64 [N] or [1]."""
  unsigned = _unsigned(values)
  if unsigned.size == 1:
    return unsigned.reshape(1)
  return np.broadcast_to(unsigned, shape).ravel()


def _at(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
  """The chosen ones on the last axis, unless there is one for all."""
  return values if values.shape[-1] == 1 else values[..., chosen]


def _feistel(
  values: np.ndarray, half_bits: np.ndarray, rounds: np.ndarray
) -> np.ndarray:
  """A permutation of the numbers of `2 * half_bits` bits."""
  half = (np.uint64(1) << half_bits) - np.uint64(1)
  left, right = values >> half_bits, values & half
  for key in rounds:
    mixed = (right ^ key) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    left, right = right, left ^ ((mixed >> np.uint64(32)) & half)
  return (left << half_bits) | right
