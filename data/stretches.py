"""Rows of work in stretches, which several processes do once each.

    work = stretches.Stretches(folder, rows=1_000, length=64, host=0, hosts=2)
    for number in work.left():
      ...  # the rows of work.span(number)
      work.mark(number, digest)

Each process has every `hosts`-th stretch and a journal of its own, a line for
each stretch that is done, which is on the disk when `mark` returns. After a
kill `left` gives what no journal names, however many processes there were.
"""

import os
import pathlib
import re

_LINE = re.compile(r"(\d+) ([0-9a-f]{16})")  # One cut short is none.


class Stretches:
  """The stretches of some rows, and which of them are done.

  Args:
    folder: of the journals; it is made where there is none.
    rows: of all stretches.
    length: rows of a stretch; the last may have fewer.
    host: the number of this process.
    hosts: of all processes that work at the same time.

  Attributes:
    done: what was marked, by stretch, when this was made and since then.
  """

  def __init__(
    self,
    folder: pathlib.Path,
    *,
    rows: int,
    length: int,
    host: int = 0,
    hosts: int = 1,
  ):
    assert rows > 0 and length > 0, (rows, length)
    assert 0 <= host < hosts, (host, hosts)
    self._folder, self._rows, self._length = folder, rows, length
    self._host, self._hosts = host, hosts
    folder.mkdir(parents=True, exist_ok=True)
    self.done = self._read()

  def __len__(self) -> int:
    return -(-self._rows // self._length)

  def span(self, number: int) -> range:
    """The rows of a stretch."""
    first = number * self._length
    return range(first, min(first + self._length, self._rows))

  def own(self) -> range:
    """The stretches of this process, done or not."""
    return range(self._host, len(self), self._hosts)

  def left(self) -> list[int]:
    """Those of this process that are not done."""
    return [number for number in self.own() if number not in self.done]

  def rows_done(self, numbers: range | None = None) -> int:
    """The rows of all stretches that are done, or of those among some."""
    chosen = range(len(self)) if numbers is None else numbers
    return sum(len(self.span(n)) for n in self.done if n in chosen)

  def mark(self, number: int, digest: str) -> None:
    """Says that a stretch is done, on the disk.

    Args:
      number: the stretch.
      digest: of what was made of it, 16 hexadecimal digits.
    """
    assert number in self.own() and number not in self.done, number
    # A line that a kill cut short ends where this one begins.
    line = f"\n{number} {digest}\n"
    assert _LINE.fullmatch(line.strip()), line
    with (self._folder / str(self._host)).open("ab") as journal:
      journal.write(line.encode())
      journal.flush()
      os.fsync(journal.fileno())
    self.done[number] = digest

  def read_again(self) -> None:
    """Looks up what other processes have marked meanwhile."""
    self.done = self._read()

  def _read(self) -> dict[int, str]:
    """What all journals name, but for lines that are not whole."""
    found = {}
    for path in sorted(self._folder.iterdir()):
      lines = path.read_text(encoding="utf-8").split("\n")
      for line in lines[:-1]:  # The last one has no end.
        if match := _LINE.fullmatch(line):
          found[int(match[1])] = match[2]
    return found
