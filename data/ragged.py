"""Values of unequal lengths, end to end in one array.

A batch's token ids are kept so, because thousands of small arrays cost more
than what is in them.
"""

import numpy as np


def ramps(lengths: np.ndarray) -> np.ndarray:
  """0 to n - 1 for each length n, end to end.

  >>> ramps(np.array([2, 0, 3]))
  array([0, 1, 0, 1, 2])
  """
  ends = np.cumsum(lengths)
  total = int(ends[-1]) if len(ends) else 0
  return np.arange(total) - np.repeat(ends - lengths, lengths)


def starts(lengths: np.ndarray) -> np.ndarray:
  """Where each begins, if they lie end to end.

  >>> starts(np.array([2, 0, 3]))
  array([0, 2, 2])
  """
  return np.cumsum(lengths) - lengths


def gather(
  flat: np.ndarray, start: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
  """Picks stretches of an array.

  Args:
    flat: values end to end.
    start: [N], where each stretch begins.
    lengths: [N], how long each is.

  Returns:
    The stretches end to end, in the order asked.

  >>> gather(np.array([5, 6, 7, 8]), np.array([2, 0]), np.array([2, 1]))
  array([7, 8, 5])
  """
  return flat[np.repeat(start, lengths) + ramps(lengths)]
