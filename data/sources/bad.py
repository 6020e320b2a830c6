"""What is wrong with a dump: a row that cannot be read, a stream that ends.

A program counts these by their reason and goes on; it stops where there are
more of them than it was told to bear.
"""

_SHOWN = 60  # bytes


class BadRow(ValueError):
  """A row that cannot be read.

  Args:
    reason: the name that it is counted by, such as "broken_xml".
    words: what was found.
  """

  def __init__(self, reason: str, words: str = ""):
    super().__init__(reason, words)
    self.reason = reason
    self.words = words

  def __str__(self) -> str:
    return f"{self.reason}: {self.words}" if self.words else self.reason


class Broken(Exception):
  """A stream that cannot be read any further; what came before it was given.

  Args:
    reason: "cut_short", "damaged" or "empty".
    words: what was found, without the file's name.
  """

  def __init__(self, reason: str, words: str):
    super().__init__(reason, words)
    self.reason = reason
    self.words = words

  def __str__(self) -> str:
    return self.words


def excerpt(found: bytes) -> str:
  """The beginning of some bytes, for a message."""
  cut = "..." if len(found) > _SHOWN else ""
  return f"{found[:_SHOWN].decode('utf-8', 'replace')!r}{cut}"
