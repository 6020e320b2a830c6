"""Tokenizers are found in folders, new and old."""

import json
import pickle
import shutil

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

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


def test_ids_end_to_end_are_those_of_each_text(tokenizer_folder):
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=9)
  texts = [*(text for pair in conftest.pairs(40) for text in pair), "", "é"]
  for some in (texts, []):
    each = tokenizer.encode(some)
    ids, lengths = tokenizer.encode_flat(some)
    assert (ids.dtype, lengths.dtype) == (np.int32, np.int64)
    assert lengths.tolist() == [len(found) for found in each]
    np.testing.assert_array_equal(
      ids, np.concatenate([*each, np.zeros(0, np.int32)])
    )


def test_a_pickled_tokenizer_is_the_same(tokenizer_folder):
  one = tokens.Tokenizer(tokenizer_folder, max_length=9)
  two = pickle.loads(pickle.dumps(one))
  texts = [text for pair in conftest.pairs(20) for text in pair]
  np.testing.assert_array_equal(
    one.encode_flat(texts)[0], two.encode_flat(texts)[0]
  )
  for name in ("folder", "max_length", "fingerprint", "ids_dtype"):
    assert getattr(one, name) == getattr(two, name)


@hypothesis.given(
  strategies.lists(strategies.lists(strategies.text(max_size=3), min_size=2)),
  strategies.text(max_size=3),
  strategies.text(max_size=3),
)
def test_prompts_stand_before_the_texts_of_their_side(texts, query, document):
  prompts = tokens.Prompts.of(query, document)
  plain = tokens.Prompts().put(texts)
  assert plain == [text for record in texts for text in record]
  put = prompts.put(texts)
  before = [
    query if column == 0 else document
    for record in texts
    for column in range(len(record))
  ]
  assert put == [a + b for a, b in zip(before, plain, strict=True)]
  # Swapped prompts on swapped texts are the prompts on the texts, swapped.
  swapped = [[record[1], record[0], *record[2:]] for record in texts]
  assert sorted(prompts.swapped().put(swapped)) == sorted(put)
  assert prompts.swapped().swapped() == prompts
