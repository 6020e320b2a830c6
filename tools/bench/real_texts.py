"""Real texts by their length: what encoders are measured on."""

import itertools
import pathlib

import numpy as np

from data import program
from data import tokens
from data.sources import rows

SHORT = 32  # tokens, at most: titles, questions, sentences
LONG = 128  # tokens, at least: posts, abstracts
PARTS = ("short", "long", "mixed")

_FILE = "pairs.jsonl.gz"


def read(folder: str, most: int) -> list[str]:
  """The texts of all pairs below a folder, none of them twice.

  Args:
    folder: holds files of pairs, as in NAME/pairs.jsonl.gz.
    most: pairs of each file, its first ones.

  Raises:
    program.BadInput: if there are no such files, or they cannot be read.
  """
  paths = sorted(pathlib.Path(folder).rglob(_FILE))
  if not paths:
    raise program.BadInput(
      f"--data={folder} has no file named {_FILE}; wanted one in it, or in "
      "each of the folders below it"
    )
  found: dict[str, None] = {}
  for path in paths:
    pairs = rows.read(path, rows.Layout(("first", "second")))
    for row in itertools.islice(pairs, most):
      if row.fault:
        raise program.BadInput(f"{rows.place(path, row.number)}: {row.fault}")
      found |= dict.fromkeys(str(text) for text in row.values)
  return list(found)


def parts(
  texts: list[str], tokenizer: tokens.Tokenizer, counts: dict[str, int]
) -> dict[str, list[str]]:
  """Texts drawn for each of PARTS: short ones, long ones, and all lengths.

  Args:
    texts: all that there are.
    tokenizer: says how long they are; long ones are cut as the model does.
    counts: how many of each part; all of them where there are no more.

  Raises:
    program.BadInput: if there are none for a part.
  """
  _, lengths = tokenizer.encode_flat(texts)
  long = min(LONG, tokenizer.max_length)
  of = {
    "short": np.flatnonzero(lengths <= SHORT),
    "long": np.flatnonzero(lengths >= long),
    "mixed": np.arange(len(texts)),
  }
  for part, there in of.items():
    if not len(there):
      raise program.BadInput(
        f"--data has no {part} texts among {len(texts):,}; wanted such of at "
        f"most {SHORT} tokens, and such of at least {long}"
      )
  random = np.random.default_rng(0)
  return {
    part: [texts[i] for i in random.permutation(of[part])[: counts[part]]]
    for part in PARTS
  }
