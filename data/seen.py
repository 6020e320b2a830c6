"""Which 64-bit hashes were seen before, in 12 to 24 bytes each.

A Python set takes 80 to 105 bytes for each of the same numbers (measured); a
hundred million are 2.1 GB here, and half as much more while the table grows.
Of n hashes, the odds that one is taken wrongly for another are n^2 / 2^65: 1 in
3,700 for a hundred million.
"""

import array

_FIRST_SLOTS = 1024


class Seen:
  """A set of hashes that only grows: a table with open addressing.

  >>> seen = Seen()
  >>> seen.add(5), seen.add(7), seen.add(5), len(seen)
  (True, True, False, 2)
  """

  def __init__(self) -> None:
    self._slots = _zeros(_FIRST_SLOTS)
    self._count = 0

  def __len__(self) -> int:
    return self._count

  def add(self, key: int) -> bool:
    """Adds a hash of 64 well-mixed bits; says whether it is new."""
    key = key or 1  # A zero is a free slot.
    slots, mask = self._slots, len(self._slots) - 1
    slot = key & mask
    while slots[slot]:
      if slots[slot] == key:
        return False
      slot = (slot + 1) & mask
    slots[slot] = key
    self._count += 1
    if 3 * self._count > 2 * len(slots):
      self._grow()
    return True

  def _grow(self) -> None:
    """Moves the hashes to a table twice as long."""
    former, slots = self._slots, _zeros(2 * len(self._slots))
    mask = len(slots) - 1
    for key in former:
      if key:
        slot = key & mask
        while slots[slot]:
          slot = (slot + 1) & mask
        slots[slot] = key
    self._slots = slots


def _zeros(slots: int) -> array.array:
  """A table of free slots, a power of two of them."""
  return array.array("Q", [0]) * slots
