"""Texts to token ids, by a Hugging Face fast tokenizer in a folder."""

import hashlib
import os
import pathlib
import shutil
from collections.abc import Sequence

import numpy as np
import tokenizers

from data import program

FILE = "tokenizer.json"
_BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


class Tokenizer:
  """A fast tokenizer that cuts texts at `max_length` tokens.

  Args:
    folder: holds a tokenizer.json, or what transformers makes one of.
    max_length: most tokens a text, special tokens included.

  Raises:
    program.BadInput: if the folder has no fast tokenizer.
  """

  def __init__(self, folder: str | os.PathLike[str], *, max_length: int):
    self._json = read(folder)
    self._max_length = max_length
    self._tokenizer = _load(self._json, max_length)

  def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
    """Token ids of each text, int32, special tokens included."""
    encodings = self._tokenizer.encode_batch_fast(list(texts))
    return [np.array(encoding.ids, np.int32) for encoding in encodings]

  @property
  def vocab_size(self) -> int:
    """How many ids there are, the largest plus one."""
    return max(self._tokenizer.get_vocab().values()) + 1

  @property
  def max_length(self) -> int:
    """Most tokens a text."""
    return self._max_length

  @property
  def fingerprint(self) -> str:
    """Names the tokenizer: the same text gives the same ids."""
    return hashlib.sha256(self._json.encode()).hexdigest()[:16]

  def words(self, text: str) -> list[str]:
    """The words before they are cut into pieces (for BM25)."""
    return words(self._tokenizer, text)

  def __getstate__(self) -> tuple[str, int]:
    return self._json, self._max_length

  def __setstate__(self, state: tuple[str, int]) -> None:
    self._json, self._max_length = state
    self._tokenizer = _load(*state)


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
