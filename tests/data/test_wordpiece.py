"""A tokenizer is the same each time, and finds words in identifiers."""

import transformers

from data import tokens
from data import wordpiece
from tests import conftest


def test_identifiers_are_split_into_words(tokenizer_folder):
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=64)
  for code in ("readFile(x)", "read_file: x", "READ_FILE, x", "ReadFile x"):
    assert tokenizer.words(code) == ["read", "file", "x"]
  assert tokenizer.words("HTTPServer2Name") == ["http", "server2", "name"]


def test_training_twice_gives_the_same():
  texts = [text for pair in conftest.pairs(150) for text in pair]
  one, two = (
    wordpiece.train(texts, vocab_size=350, words="text").to_str()
    for _ in range(2)
  )
  assert one == two


def test_transformers_gives_the_same_ids(tokenizer_folder):
  theirs = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
  ours = tokens.Tokenizer(tokenizer_folder, max_length=12)
  texts = [text for pair in conftest.pairs(30) for text in pair]
  for ids, text in zip(ours.encode(texts), texts, strict=True):
    expected = theirs(text, truncation=True, max_length=12)["input_ids"]
    assert ids.tolist() == expected
  assert ours.vocab_size == len(theirs)
  assert theirs.pad_token_id == 0


def test_texts_are_cut_and_closed(tokenizer_folder):
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=8)
  (ids,) = tokenizer.encode(["read the file " * 20])
  assert len(ids) == 8
  cls, sep = (wordpiece.SPECIAL.index(name) for name in ("[CLS]", "[SEP]"))
  assert (ids[0], ids[-1]) == (cls, sep)
