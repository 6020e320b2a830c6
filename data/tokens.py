"""Texts to token ids, by a Hugging Face fast tokenizer in a folder."""

import functools
import hashlib
import itertools
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tokenizers

from data import program

FILE = "tokenizer.json"
_BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


class Prompts(NamedTuple):
  """What is put in front of a record's texts before they are cut into tokens.

  >>> Prompts.of("query: ", "").put([("a", "b"), ("c", "d")])
  ['query: a', 'b', 'query: c', 'd']
  """

  first: str = ""
  second: str = ""
  further: str = ""

  @classmethod
  def of(cls, query: str, document: str) -> "Prompts":
    """Those of records that hold a query, its document and negatives."""
    return cls(query, document, document)

  def swapped(self) -> "Prompts":
    """Those where the first two texts have changed places."""
    return self._replace(first=self.second, second=self.first)

  def put(self, texts: Sequence[Sequence[str]]) -> list[str]:
    """All texts of some records, end to end, each behind its prompt."""
    if not any(self):
      return list(itertools.chain.from_iterable(texts))
    return [
      self[min(column, 2)] + text
      for record in texts
      for column, text in enumerate(record)
    ]


class Tokenizer:
  """A fast tokenizer that cuts texts at `max_length` tokens.

  Args:
    folder: holds a tokenizer.json, or what transformers makes one of.
    max_length: most tokens a text, special tokens included.

  Attributes:
    folder: as it was given.

  Raises:
    program.BadInput: if the folder has no fast tokenizer.
  """

  def __init__(self, folder: str | os.PathLike[str], *, max_length: int):
    self.folder = str(folder)
    self._json = read(folder)
    self._max_length = max_length
    self._tokenizer = _load(self._json, max_length)

  def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
    """Token ids of each text, int32, special tokens included."""
    encodings = self._tokenizer.encode_batch_fast(list(texts))
    return [np.array(encoding.ids, np.int32) for encoding in encodings]

  def encode_flat(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Token ids of texts end to end, at little more than the library's cost.

    Args:
      texts: N texts.

    Returns:
      Ids, int32 [sum of lengths], and the length of each text, int64 [N].
    """
    encodings = self._tokenizer.encode_batch_fast(list(texts))
    lengths = np.fromiter(map(len, encodings), np.int64, len(encodings))
    # The library gives lists alone; half of what this takes is making them.
    flat = itertools.chain.from_iterable(each.ids for each in encodings)
    return np.fromiter(flat, np.int32, int(lengths.sum())), lengths

  @property
  def vocab_size(self) -> int:
    """How many ids there are, the largest plus one."""
    return max(self._tokenizer.get_vocab().values()) + 1

  @functools.cached_property
  def ids_dtype(self) -> str:
    """The smallest of uint16 and uint32 that holds every id."""
    return "uint16" if self.vocab_size <= 2**16 else "uint32"

  @property
  def max_length(self) -> int:
    """Most tokens a text."""
    return self._max_length

  @functools.cached_property
  def fingerprint(self) -> str:
    """Names the tokenizer: the same text gives the same ids."""
    return hashlib.sha256(self._json.encode()).hexdigest()[:16]

  def words(self, text: str) -> list[str]:
    """The words before they are cut into pieces (for BM25)."""
    return words(self._tokenizer, text)

  def __getstate__(self) -> tuple[str, str, int]:
    return self.folder, self._json, self._max_length

  def __setstate__(self, state: tuple[str, str, int]) -> None:
    self.folder, self._json, self._max_length = state
    self._tokenizer = _load(self._json, self._max_length)


def read(folder: str | os.PathLike[str]) -> str:
  """The tokenizer of a folder as tokenizers' JSON.

  Raises:
    program.BadInput: if the folder has no tokenizer.
  """
  path = pathlib.Path(folder) / FILE
  if path.exists():
    return path.read_text(encoding="utf-8")
  try:
    if not (path.parent / "tokenizer_config.json").exists():
      raise OSError("there is no tokenizer_config.json either")
    import transformers  # Here, because it takes seconds and few need it.

    slow = transformers.AutoTokenizer.from_pretrained(path.parent)
    return slow.backend_tokenizer.to_str()
  except (OSError, ValueError, AttributeError, ImportError) as error:
    raise program.BadInput(
      f"{folder} has no {FILE}, nor what makes one ({error}); give a folder "
      "with a tokenizer, or train one with `python -m data.wordpiece "
      "--data=DIR --out=DIR`"
    ) from error


def copy(
  source: str | os.PathLike[str], folder: str | os.PathLike[str]
) -> None:
  """Copies a tokenizer's files, and nothing else, into a folder.

  Raises:
    program.BadInput: if there is no tokenizer at `source`.
  """
  text = read(source)
  for name in _BESIDE:
    if (pathlib.Path(source) / name).exists():
      shutil.copy(pathlib.Path(source) / name, pathlib.Path(folder) / name)
  (pathlib.Path(folder) / FILE).write_text(text, encoding="utf-8")


def _load(text: str, max_length: int) -> tokenizers.Tokenizer:
  """The tokenizer of a JSON text, with our truncation and no padding."""
  tokenizer = tokenizers.Tokenizer.from_str(text)
  tokenizer.no_padding()
  tokenizer.enable_truncation(max_length)
  return tokenizer


def words(tokenizer: tokenizers.Tokenizer, text: str) -> list[str]:
  """The words that a tokenizer finds in a text."""
  normalise, split = tokenizer.normalizer, tokenizer.pre_tokenizer
  text = normalise.normalize_str(text) if normalise else text
  if split is None:
    return text.split()
  return [word for word, _ in split.pre_tokenize_str(text)]
