"""What a user names on a command line: files, folders, patterns, lists of them.

for part in patterns.split(["a.jsonl,b/*.csv"]):
  patterns.matches(part)
"""

import glob
import os
import pathlib
from collections.abc import Iterator, Sequence


def split(names: Sequence[str]) -> Iterator[str]:
  """The names and patterns of names that may be comma-separated lists."""
  for name in names:
    # A file may have a comma in its name.
    parts = [name] if os.path.exists(name) else name.split(",")
    for part in filter(None, map(str.strip, parts)):
      yield os.path.expanduser(part)


def matches(part: str) -> list[pathlib.Path]:
  """What one name or pattern stands for, sorted; nothing if it is not there."""
  # A name with brackets in it may be a file rather than a pattern.
  found = [part] if os.path.exists(part) else sorted(glob.glob(part))
  return [pathlib.Path(name) for name in found]
