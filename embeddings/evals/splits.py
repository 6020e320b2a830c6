"""The files of an evaluation folder, by split and subset.

    test.jsonl.gz                 the split "test"
    2012.OnWN.test.jsonl          the subset "2012.OnWN" of it
    en-fra.jsonl.gz               the subset "en-fra" of all splits

A folder with one `all.jsonl` has that for every split.
"""

import pathlib

from data import json_rows
from data import program

SPLITS = ("train", "dev", "val", "test", "all")


def files(folder: pathlib.Path, split: str) -> dict[str, pathlib.Path]:
  """The files of a split, by subset; "" where the split is one file.

  Raises:
    program.BadInput: names the splits that there are, if this is none of them.
  """
  there = _stems(folder)
  if split in there:
    return {"": there[split]}
  ending = f".{split}"
  found = {
    stem.removesuffix(ending): path
    for stem, path in there.items()
    if stem.endswith(ending)
  }
  if found:
    return found
  if "all" in there:
    return {"": there["all"]}
  splits = sorted({stem.rsplit(".", 1)[-1] for stem in there} & set(SPLITS))
  if there and not splits:
    return there
  raise program.BadInput(
    f"{folder} has no split {split!r}; it has "
    f"{', '.join(splits) or 'no .jsonl or .jsonl.gz file'}"
  )


def has(folder: pathlib.Path, split: str) -> bool:
  """Whether a folder has this split as one file."""
  return split in _stems(folder)


def _stems(folder: pathlib.Path) -> dict[str, pathlib.Path]:
  """The folder's files of JSON lines, by name without ending, in order."""
  found = {json_rows.stem(path): path for path in sorted(folder.iterdir())}
  found.pop("", None)
  return found
