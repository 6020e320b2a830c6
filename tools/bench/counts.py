"""Flags that hold several counts, as in --sizes=64,256."""

from collections.abc import Sequence

from data import program


def parse(given: Sequence[str], flag: str, least: int = 1) -> list[int]:
  """The whole numbers of a flag.

  Args:
    given: as `flags.DEFINE_list` has them.
    flag: its name.
    least: what none may be below.

  Raises:
    program.BadInput: if one is no whole number, or too small, or none is there.
  """
  found = [int(number) for number in given if number.strip().isdecimal()]
  if len(found) != len(given) or not found or min(found) < least:
    raise program.BadInput(
      f"--{flag}={','.join(given)}; wanted whole numbers of {least} or more "
      f"with commas between, as in --{flag}=64,256"
    )
  return found
