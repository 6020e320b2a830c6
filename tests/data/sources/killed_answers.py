"""The miner of answers.py, killed at a moment of its work.

    python -m tests.data.sources.killed_answers WHEN NUMBER --in=... --out=...

Each stage of a miner puts something whole in its place. WHEN is "before" or
"after" the putting of that NUMBER, from 1; with 0 it is not killed.
"""

import os
import signal
import sys

from data import atomic
from data import program
from tests.data.sources import answers

PUT = atomic.put
PUTS = []


def count(*given):
  """Puts, and counts."""
  PUTS.append(given)
  return PUT(*given)


def deadly(when, number):
  """A `put` that kills this process."""

  def put(*given):
    PUTS.append(given)
    if len(PUTS) == number and when == "before":
      os.kill(os.getpid(), signal.SIGKILL)
    PUT(*given)
    if len(PUTS) == number:
      os.kill(os.getpid(), signal.SIGKILL)

  return put


if __name__ == "__main__":
  when_, number_ = sys.argv[1], int(sys.argv[2])
  del sys.argv[1:3]
  atomic.put = deadly(when_, number_)
  answers.mining.define_flags()
  program.run(answers.main)
