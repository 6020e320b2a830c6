"""Every text is in one call, whole, and hardly anything else is."""

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from data import ragged
from embeddings import calls

LONGEST = 100


def texts(lengths):
  """Ids that name their text and place."""
  lengths = np.array(lengths, np.int64)
  numbers = np.repeat(np.arange(len(lengths)), lengths)
  return (1_000 * numbers + ragged.ramps(lengths)).astype(np.int32), lengths


def found_in(call):
  """The ids of each text of a call, by the text's number."""
  found = {}
  for members, *fields in zip(call.members, *call.packed, strict=True):
    tokens, text, position = (field.ravel() for field in fields)
    for place, number in enumerate(members):
      if number >= 0:
        here = text == place
        assert (position[here] == np.arange(here.sum())).all()
        found[int(number)] = tokens[here]
    # Nothing but padding has no text.
    assert set(text[text >= 0]) <= set(np.flatnonzero(members >= 0))
    assert not tokens[text < 0].any()
  return found


@hypothesis.given(
  lengths=st.lists(st.integers(0, LONGEST), max_size=60),
  shards=st.integers(1, 4),
  slots=st.sampled_from([60, 200, 1_000]),
  enough=st.integers(0, 2),
)
@hypothesis.settings(max_examples=60, deadline=None)
def test_each_text_is_in_one_call_whole(lengths, shards, slots, enough):
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(calls, "CPU_SLOTS", slots)
    patch.setattr(calls, "ENOUGH", enough)
    patch.setattr(calls, "SHORT", 16)
    patch.setattr(calls, "WHOLE", 32)
    ids, lengths = texts(lengths)
    found, shapes = {}, []
    for call in calls.pack(ids, lengths, longest=LONGEST, shards=shards):
      there = found_in(call)
      assert there and not there.keys() & found.keys()
      found |= there
      assert len(call.members) == shards
      assert call.size == call.members.shape[1]
      rows, row_tokens = call.packed.tokens.shape[1:]
      assert rows * row_tokens <= max(slots, row_tokens)
      shapes.append((row_tokens, rows))
    assert found.keys() == set(np.flatnonzero(lengths))
    starts = ragged.starts(lengths)
    for number, tokens in found.items():
      begin = starts[number]
      np.testing.assert_array_equal(
        tokens, ids[begin : begin + lengths[number]]
      )
    # One shape for each length of rows, the longest first.
    rows_of = dict(shapes)
    assert set(rows_of.items()) == set(shapes)
    assert list(rows_of) == sorted(rows_of, reverse=True)


def fill(lengths, **changes):
  """Real tokens over slots."""
  ids, lengths = texts(lengths)
  packed = calls.pack(ids, lengths, longest=256, **changes)
  return lengths.sum() / sum(call.packed.text.size for call in packed)


def test_hardly_anything_is_padding():
  random = np.random.default_rng(0)
  short = random.integers(4, 40, 8_000)
  long = random.integers(100, 257, 4_000)
  assert fill(short) > 0.97
  assert fill(long) > 0.89
  assert fill(np.concatenate([short, long])) > 0.97
  assert fill(np.concatenate([short, long]), shards=4) > 0.95


def test_rows_are_as_long_as_their_texts_want():
  # Few texts have few shapes.
  few = [5, 20, 100, 30, 8_100]
  assert calls.row_lengths(np.array(few), 8_192) == [8_192, 128]
  ids, lengths = texts(few)
  found = [
    (call.packed.tokens.shape[1:], sorted(found_in(call)))
    for call in calls.pack(ids, lengths, longest=8_192)
  ]
  # What fits beside the longest is in its row, and the rest in a short one.
  assert found == [((1, 8_192), [0, 1, 3, 4]), ((1, 128), [2])]
  many = np.repeat([30, 90, 110, 150, 200], 10_000)
  assert calls.row_lengths(many, 256) == [224, 160, 128, 96, 64]


@pytest.mark.parametrize(("longest", "most"), [(64, 1), (256, 12), (8_192, 40)])
def test_stretches_of_other_texts_have_the_same_shapes(longest, most):
  random, shapes, new = np.random.default_rng(0), set(), []
  for _ in range(10):
    lengths = random.lognormal(4, 1.2, 4_096).clip(1, longest).astype(int)
    before = len(shapes)
    for call in calls.pack(*texts(lengths), longest=longest):
      shapes.add((call.packed.text.shape, call.size))
    new.append(len(shapes) - before)
  assert len(shapes) <= most
  assert sum(new[5:]) <= max(most // 10, 1)
