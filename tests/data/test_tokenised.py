"""Texts cut as they are read give the ids that were cut, in any order."""

import numpy as np
import pytest

from data import identity
from data import tokenised
from data import tokens


@pytest.fixture(scope="module")
def cut(tokenizer_folder):
  """Three pairs, of which one has a second negative and no first."""
  texts = [
    ["read a", "b list"],
    ["sort", "c", "tree date"],
    ["d", "find the e"],
  ]
  there = np.array([[1, 1, 0, 0], [1, 1, 0, 1], [1, 1, 0, 0]], bool)
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=16)
  prompted = [f"the {text}" for pair in texts for text in pair]
  score = np.arange(9, dtype=np.float32).reshape(3, 3)
  found = tokenised.tokenise(texts, prompted, score, tokenizer, there)
  return found, there, texts, tokenizer


def test_texts_are_where_they_belong(cut):
  found, there, texts, tokenizer = cut
  flat = [text for pair in texts for text in pair]
  ids = tokenizer.encode([f"the {text}" for text in flat])
  pair, column = np.nonzero(there)
  np.testing.assert_array_equal(found.ids(pair, column), np.concatenate(ids))
  np.testing.assert_array_equal(found.lengths[there], list(map(len, ids)))
  assert not found.lengths[~there].any()
  assert found.score[1, 2] == 5


def test_prompts_do_not_tell_texts_apart(cut):
  found, there, texts, _ = cut
  flat = [text for pair in texts for text in pair]
  np.testing.assert_array_equal(
    found.identity[there], identity.hash_texts(flat)
  )
  assert not found.identity[~there].any()


def test_ids_come_in_the_order_asked(cut):
  found, *_ = cut
  asked = [(2, 1), (1, 3), (0, 2), (2, 1), (1, 0)]
  apart = [found.ids(np.array([i]), np.array([j])) for i, j in asked]
  assert [len(ids) > 0 for ids in apart] == [True, True, False, True, True]
  together = found.ids(*np.array(asked).T)
  assert together.dtype == np.int32
  np.testing.assert_array_equal(together, np.concatenate(apart))
