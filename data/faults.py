"""What becomes of records that cannot be read: stop, or skip so many.

One `Faults` is shared by all who read for a run:

    faults = Faults(policy="skip", most=100)
    data_set.read(indices, faults)  # raises BadInput at the 101st bad record

A bad record counts once, however often it is met. A file that is missing, cut
short or not the manifest's is never skipped.
"""

import dataclasses
import threading
from typing import Any

from data import program

POLICIES = ("stop", "skip")

Bad = tuple[str, int, str]  # file, record and fault, as `Faults.note` has them


@dataclasses.dataclass(frozen=True)
class Faults:
  """Bad records met so far, and what to do about the next.

  A pickled copy takes along what was found, and counts on by itself.

  Attributes:
    policy: "stop" raises at the first bad record, "skip" lets another record
      take its place.
    most: with "skip", how many different bad records are let pass.

  Raises:
    program.BadInput: for another policy or a negative `most`.
  """

  policy: str = "stop"
  most: int = 100
  _found: set[tuple[str, int]] = dataclasses.field(
    default_factory=set, init=False, repr=False, compare=False
  )
  _lock: threading.Lock = dataclasses.field(
    default_factory=threading.Lock, init=False, repr=False, compare=False
  )

  def __post_init__(self) -> None:
    if self.policy not in POLICIES or self.most < 0:
      raise program.BadInput(
        f"bad records: found policy {self.policy!r} and at most {self.most}; "
        f"wanted one of {', '.join(POLICIES)}, and 0 or more"
      )

  def __getstate__(self) -> dict[str, Any]:
    with self._lock:  # It cannot travel.
      found = set(self._found)
    return {"policy": self.policy, "most": self.most, "_found": found}

  def __setstate__(self, state: dict[str, Any]) -> None:
    self.__dict__.update(state, _lock=threading.Lock())

  @property
  def met(self) -> int:
    """How many different bad records were met."""
    return len(self._found)

  def note(self, file: str, record: int, fault: str) -> None:
    """Counts a bad record, and says so of the first.

    Args:
      file: the shard that holds it.
      record: its number in that file.
      fault: one line that names both, what was found and what was wanted.

    Raises:
      program.BadInput: if it is not to be skipped.
    """
    if self.policy == "stop":
      raise program.BadInput(fault)
    with self._lock:
      first = not self._found
      self._found.add((file, record))
      count = len(self._found)
    if count > self.most:
      raise program.BadInput(
        f"{count} bad records were met and at most {self.most} are skipped; "
        f"the last: {fault}"
      )
    if first:
      program.note_line(f"skipped: {fault} (others are only counted)")


@dataclasses.dataclass(frozen=True)
class Noting(Faults):
  """Takes down the bad records of one part of the work.

  Whoever puts the parts together notes them in the `Faults` of the whole.
  """

  _noted: dict[tuple[str, int], str] = dataclasses.field(
    default_factory=dict, init=False, repr=False, compare=False
  )

  @property
  def bad(self) -> tuple[Bad, ...]:
    """The bad records that were met."""
    return tuple((*place, fault) for place, fault in self._noted.items())

  def note(self, file: str, record: int, fault: str) -> None:
    """Takes down a bad record, unless there are too many in this part."""
    if self.policy == "stop":
      super().note(file, record, fault)
    self._noted[file, record] = fault
    if len(self._noted) > self.most:
      raise program.BadInput(
        f"{len(self._noted)} bad records were met and at most {self.most} are "
        f"skipped; the last: {fault}"
      )
