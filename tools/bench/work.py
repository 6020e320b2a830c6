"""The texts of a benchmark: real lengths, made-up tokens, in batches of pairs.

Speed depends on how long texts are, and not on what they say: lengths come
from a table that was measured on real pairs, or from pairs of one's own, and
token ids are drawn by Zipf's law, as words are, so that embedding tables are
read and written where real text would.
"""

import itertools
import pathlib
from typing import NamedTuple

import numpy as np

from data import program
from data import tokens
from data.sources import rows

# Tokens of the first and of the second text of a pair, special ones included:
# every fortieth of the way from the shortest to the longest, cut at 128. Of 15
# sets of pairs, 2,000 pairs of each: titles and posts, titles and abstracts
# (two sets), dialogue, sentences and translations (three), trivia, edits (two),
# commands (two), medical questions, a forum, inference. all-MiniLM-L6-v2's
# tokenizer; `--data` measures one's own.
QUANTILES = (
  (
    *(4, 6, 7, 8, 8, 9, 9, 10, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14),
    *(15, 15, 16, 16, 17, 17, 18, 19, 20, 20, 21, 22, 24, 25, 27, 29, 32, 35),
    *(39, 44, 51, 128),
  ),
  (
    *(3, 4, 5, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 16, 18, 19, 20, 22),
    *(24, 26, 29, 31, 35, 39, 43, 49, 56, 68, 89, 110, 122),
    *(128,) * 9,
  ),
)
FIRST_ID = 5  # below are special tokens, padding among them, in all families
_ROWS_READ = 2_048  # of each file of pairs


class Work(NamedTuple):
  """Texts as token ids, and the batches that they are in.

  Attributes:
    ids: int32 arrays, a text each; none longer than `max_length`.
    batches: int64 [W, 2, P], the numbers of the first and second texts.
    max_length: L.
  """

  ids: list[np.ndarray]
  batches: np.ndarray
  max_length: int

  @property
  def tokens(self) -> int:
    """Real tokens of all texts."""
    return sum(len(text) for text in self.ids)


def make(
  lengths: np.ndarray,  # int64 [pairs, 2]
  *,
  pairs_per_batch: int,
  vocab_size: int,
  max_length: int,
  random: np.random.Generator,
) -> Work:
  """Texts of these lengths, cut at `max_length`, batch by batch."""
  lengths = np.minimum(lengths, max_length)
  ids = [
    # The logarithm of a rank in Zipf's law is uniform.
    (FIRST_ID - 1 + (vocab_size - FIRST_ID) ** random.random(length)).astype(
      np.int32
    )
    for length in lengths.ravel()
  ]
  numbers = np.arange(len(ids)).reshape(-1, pairs_per_batch, 2)
  return Work(ids, numbers.swapaxes(1, 2), max_length)


def drawn(
  pairs: int, random: np.random.Generator
) -> np.ndarray:  # int64 [pairs, 2]
  """Lengths out of QUANTILES, interpolated; few are as mixed as many."""
  points = np.linspace(0, 1, len(QUANTILES[0]))
  columns = []
  for column in QUANTILES:
    place = (random.permutation(pairs) + random.random(pairs)) / pairs
    columns.append(np.interp(place, points, column).astype(np.int64))
  return np.stack(columns, axis=1)


def measured(
  folder: str,
  pairs: int,
  tokenizer: tokens.Tokenizer,
  random: np.random.Generator,
) -> np.ndarray:  # int64 [pairs, 2]
  """Lengths of pairs in files `pairs.jsonl.gz` below a folder, mixed evenly.

  Args:
    folder: where the files are; a line is a list of two texts.
    pairs: how many to take.
    tokenizer: cuts the texts.
    random: chooses among the first lines of each file.

  Raises:
    program.BadInput: if there are no such files, or they cannot be read.
  """
  paths = sorted(pathlib.Path(folder).rglob("pairs.jsonl.gz"))
  if not paths:
    raise program.BadInput(
      f"--data={folder} has no file named pairs.jsonl.gz; wanted one in it, "
      "or in each of the folders below it"
    )
  taken = []
  for number, path in enumerate(paths):
    read = list(
      itertools.islice(
        rows.read(path, rows.Layout(("first", "second"))), _ROWS_READ
      )
    )
    for row in read:
      if row.fault:
        raise program.BadInput(f"{rows.place(path, row.number)}: {row.fault}")
    if not read:
      raise program.BadInput(f"{path} is empty; remove it")
    share = len(range(number, pairs, len(paths)))
    taken += [read[i].values for i in random.integers(0, len(read), share)]
  texts = [
    str(text) for number in random.permutation(pairs) for text in taken[number]
  ]
  return np.array([len(text) for text in tokenizer.encode(texts)]).reshape(
    -1, 2
  )
