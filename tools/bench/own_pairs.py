"""A small data set of this repository's own Python, and all that a run wants.

train/   (documentation, code) pairs with a token cache
dev/     a retrieval task of packages that are held out
words/   a tokenizer
"""

import pathlib
from typing import NamedTuple

from data import faults
from data import pretokenize
from data import records
from data import token_chunks
from data import tokens
from data import wordpiece
from data.sources import package_split
from data.sources import python_code

_ROOT = pathlib.Path(__file__).parents[2]
_VOCABULARY = 1_000
_SPLIT = package_split.Settings(dev_pairs=20, test_pairs=0, max_share=0.5)


class Folders(NamedTuple):
  """Where they are."""

  train: pathlib.Path
  dev: pathlib.Path
  words: pathlib.Path


def write(out: pathlib.Path, max_length: int) -> Folders:
  """Writes all of it.

  Args:
    out: the folder to write.
    max_length: most tokens a text.
  """
  python_code.build(out / "pairs", [_ROOT], _SPLIT, 1)
  train, words = out / "pairs" / "train", out / "words"
  data_set = records.DataSet(train)
  texts = [
    text for pair in data_set.read(range(len(data_set))) for text in pair
  ]
  tokenizer = wordpiece.train(texts, vocab_size=_VOCABULARY, words="code")
  wordpiece.save(tokenizer, str(words), max_length=max_length)
  cutter = tokens.Tokenizer(words, max_length=max_length)
  with token_chunks.Workers(cutter, 1) as workers:
    pretokenize.pretokenize(
      data_set,
      cutter,
      tokens.Prompts(),
      workers=workers,
      faults=faults.Faults(),
    )
  return Folders(train, out / "pairs" / "dev", words)
