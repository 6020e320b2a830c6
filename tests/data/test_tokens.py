"""Tokenizers are found in folders, new and old."""

import json
import shutil

import numpy as np
import pytest

from data import program
from data import tokens
from tests import conftest


def test_a_folder_of_before_tokenizer_json(minilm, tmp_path):
  shutil.copy(minilm / "vocab.txt", tmp_path)
  config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
  (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
  texts = [text.title() for pair in conftest.pairs(30) for text in pair]
  one, two = (
    tokens.Tokenizer(folder, max_length=20).encode(texts)
    for folder in (minilm, tmp_path)
  )
  for ours, theirs in zip(one, two, strict=True):
    np.testing.assert_array_equal(ours, theirs)


def test_fingerprints_tell_tokenizers_apart(minilm, tokenizer_folder):
  one, again, two = (
    tokens.Tokenizer(folder, max_length=8).fingerprint
    for folder in (minilm, minilm, tokenizer_folder)
  )
  assert one == again != two


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
  with pytest.raises(program.BadInput, match=r"no tokenizer\.json, nor what"):
    tokens.Tokenizer(tmp_path, max_length=8)
