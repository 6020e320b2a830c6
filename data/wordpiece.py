"""Trains a WordPiece tokenizer on a data set's own texts.

    python -m data.wordpiece --data=runs/pairs --out=runs/tokenizer

With `--words=text` words are found as BERT does. With `--words=code`
identifiers are split as well (`getUserName` and `get_user_name` both become
get, user, name) and punctuation is left out, so that a question in words and
the code that answers it share their pieces. The rules are part of the
tokenizer.json: whoever loads the model gives it plain text or plain code.
"""

import json
import os
import pathlib
import time
from collections.abc import Iterator, Sequence

from absl import flags
import numpy as np
import tokenizers
from tokenizers import decoders
from tokenizers import models
from tokenizers import normalizers
from tokenizers import pre_tokenizers
from tokenizers import processors
from tokenizers import trainers

from data import atomic
from data import kinds
from data import program
from data import records
from data import tokens


SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

_INNER = 0xF0000  # plane 15, for private use

# Where an identifier in camel case breaks: "userName", "HTTPServer", "v2Name".
_CAMEL = tokenizers.Regex(
  r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})"
)


def train(
  texts: Sequence[str], *, vocab_size: int, words: str
) -> tokenizers.Tokenizer:
  """A WordPiece tokenizer that puts [CLS] and [SEP] around a text.

  Args:
    texts: what to count pieces on.
    vocab_size: pieces, special ones included, at most.
    words: "text" or "code", see the module's docstring.

  Returns:
    The tokenizer; the same texts give the same one.
  """
  tokenizer = _without_pieces(words)
  pieces = _pieces(texts, tokenizer, vocab_size)
  tokenizer.model = models.WordPiece(
    {piece: number for number, piece in enumerate(pieces)},
    unk_token="[UNK]",
    max_input_chars_per_word=100,
  )
  first, last = (SPECIAL.index(name) for name in ("[CLS]", "[SEP]"))
  tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]",
    pair="[CLS] $A [SEP] $B [SEP]",
    special_tokens=[("[CLS]", first), ("[SEP]", last)],
  )
  tokenizer.decoder = decoders.WordPiece()
  tokenizer.add_special_tokens(list(SPECIAL))
  return tokenizer


def _without_pieces(words: str) -> tokenizers.Tokenizer:
  """How texts become words."""
  tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
  if words == "code":
    tokenizer.normalizer = normalizers.Sequence(
      [
        normalizers.NFD(),
        normalizers.StripAccents(),
        normalizers.Replace(_CAMEL, " "),
        normalizers.Lowercase(),
      ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
      tokenizers.Regex(r"[^\p{L}\p{N}]+"), behavior="removed"
    )
  else:
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
  return tokenizer


def _pieces(
  texts: Sequence[str], tokenizer: tokenizers.Tokenizer, vocab_size: int
) -> list[str]:
  """The pieces of words, by byte-pair merges (Sennrich et al. 2016).

  The library's own WordPiece trainer numbers the pieces inside words in the
  order of a hash map, so that it gives another vocabulary each time. Its BPE
  trainer does not: here it sees words whose letters, but for the first, are
  moved to a plane of Unicode of their own, which is what "##" says.
  """
  merges = tokenizers.Tokenizer(models.BPE())
  merges.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
  trainer = trainers.BpeTrainer(
    vocab_size=vocab_size, special_tokens=list(SPECIAL), show_progress=False
  )
  merges.train_from_iterator(
    (
      f"{_move_inner(word)} " * count
      for word, count in _count_words(texts, tokenizer).items()
    ),
    trainer,
  )
  vocabulary = merges.get_vocab()
  return [
    _moved_back(p) for p in sorted(vocabulary, key=vocabulary.__getitem__)
  ]


def _count_words(
  texts: Sequence[str], tokenizer: tokenizers.Tokenizer
) -> dict[str, int]:
  """How often each word occurs, counted in the library's threads."""
  counter = tokenizers.Tokenizer(models.WordLevel(unk_token="[UNK]"))
  if tokenizer.normalizer:
    counter.normalizer = tokenizer.normalizer
  counter.pre_tokenizer = tokenizer.pre_tokenizer
  trainer = trainers.WordLevelTrainer(
    vocab_size=2**31,
    min_frequency=0,
    special_tokens=["[UNK]"],
    show_progress=False,
  )
  counter.train_from_iterator(texts, trainer)
  counts = np.zeros(counter.get_vocab_size(), np.int64)
  for start in range(0, len(texts), 1024):
    for encoding in counter.encode_batch_fast(texts[start : start + 1024]):
      np.add.at(counts, encoding.ids, 1)
  words = sorted(counter.get_vocab().items())
  return {word: int(counts[i]) for word, i in words if word != "[UNK]"}


def _move_inner(word: str) -> str:
  """The word with all letters but the first in plane 15.

  >>> [hex(ord(letter)) for letter in _move_inner("ab")]
  ['0x61', '0xf0062']
  """
  if max(word) > "\uffff":
    return ""  # a letter of another plane: the word stays unknown
  return word[0] + "".join(chr(ord(letter) + _INNER) for letter in word[1:])


def _moved_back(piece: str) -> str:
  """A piece as WordPiece writes it.

  >>> _moved_back(_move_inner("abc")[1:])
  '##bc'
  """
  letters = (chr(ord(x) - _INNER) if ord(x) >= _INNER else x for x in piece)
  return "##" * (ord(piece[0]) >= _INNER) + "".join(letters)


def save(
  tokenizer: tokenizers.Tokenizer, folder: str, *, max_length: int
) -> None:
  """Writes the folder that transformers and Gigapair load.

  Raises:
    program.BadInput: if something that is no tokenizer stands there.
  """
  config = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": max_length,
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
  }
  path = pathlib.Path(folder)
  ours = {tokens.FILE, "tokenizer_config.json"}
  if path.exists() and (not path.is_dir() or {*os.listdir(path)} - ours):
    raise program.BadInput(
      f"{folder} exists and is more than a tokenizer; give another folder or "
      "move it away"
    )
  with atomic.folder(folder) as partial:
    tokenizer.save(str(partial / tokens.FILE))
    (partial / "tokenizer_config.json").write_text(json.dumps(config, indent=2))


def data_set_texts(
  data_set: records.DataSet, count: int, chars: int
) -> Iterator[str]:
  """The first `chars` of each text of the first `count` records."""
  count, kind = min(count, len(data_set)), data_set.manifest.kind
  for start in range(0, count, 1024):
    stop = min(start + 1024, count)
    for record in data_set.read(range(start, stop)):
      yield from (text[:chars] for text in kinds.texts(kind, record))


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_list("data", [], "Data set folders whose texts to use.")
  flags.DEFINE_string("out", "", "The folder to write.")
  flags.DEFINE_integer("vocab_size", 16_384, "Pieces, at most.", 300)
  flags.DEFINE_enum("words", "text", ["text", "code"], "See above.")
  flags.DEFINE_integer(
    "max_length",
    512,
    "Longest text in tokens, for those who load the folder.",
    8,
  )
  flags.DEFINE_integer(
    "chars",
    2_000,
    "How much of each text to count; models see its beginning.",
    1,
  )
  flags.DEFINE_integer(
    "records", 1_000_000, "How many records of each data set to count.", 1
  )


def main() -> None:
  """Trains on --data and writes --out."""
  given = flags.FLAGS
  program.require(given.data, "data", "runs/pairs")
  program.require(given.out, "out", "runs/tokenizer")
  start = time.monotonic()
  data_sets = [records.DataSet(folder) for folder in given.data]
  texts = [
    text
    for data_set in data_sets
    for text in data_set_texts(data_set, given.records, given.chars)
  ]
  tokenizer = train(texts, vocab_size=given.vocab_size, words=given.words)
  save(tokenizer, given.out, max_length=given.max_length)
  program.print_result(
    {
      "out": given.out,
      "vocab_size": tokenizer.get_vocab_size(),
      "seconds": round(time.monotonic() - start, 1),
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
