"""How many files are open, and a limit on how many may be."""

import contextlib
import os
import resource
from collections.abc import Iterator


def count(name: str = "") -> int:
  """Files that this process has open, or those with `name` in their path."""
  found = 0
  for number in os.listdir("/proc/self/fd"):
    with contextlib.suppress(FileNotFoundError):  # That of the list itself.
      found += name in os.readlink(f"/proc/self/fd/{number}")
  return found


@contextlib.contextmanager
def limited(most: int) -> Iterator[None]:
  """No more than `most` files may be open beside those that are."""
  limits = resource.getrlimit(resource.RLIMIT_NOFILE)
  highest = max(int(name) for name in os.listdir("/proc/self/fd"))
  fillers = [os.open(os.devnull, os.O_RDONLY)]  # The limit is on the number.
  while fillers[-1] < highest:
    fillers.append(os.open(os.devnull, os.O_RDONLY))
  resource.setrlimit(
    resource.RLIMIT_NOFILE, (fillers[-1] + 1 + most, limits[1])
  )
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    for number in fillers:
      os.close(number)
