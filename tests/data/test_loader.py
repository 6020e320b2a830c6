"""Batches hold what the schedule says, and begin at any step."""

import itertools
import pickle

import jax
import numpy as np
import pytest

from data import loader
from data import mixture
from data import program
from data import records
from data import identity
from data import tokens


@pytest.fixture
def make(write_pairs, tokenizer_folder):
  """Makes the batches of a small mixture."""
  sets = mixture.open_mixture(
    f"{write_pairs(70, 'a')}=2,{write_pairs(50, 'b')}"
  )
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)

  def make(**layout):
    shape = loader.Layout(
      size=16, max_length=32, ladder=(0.7, 0.5, 0.3), **layout
    )
    batches = loader.Batches(
      sets, tokenizer, shape, datasets_per_batch=2, seed=3, steps=20
    )
    return batches, sets, tokenizer, shape

  return make


def texts_in(batch, tokenizer, columns):
  """What each shard's texts are, decoded, [G][T]."""
  decoder = tokenizer._tokenizer
  found = []
  for side in batch.sides:
    for g, (ids, text) in enumerate(zip(side.tokens, side.text, strict=True)):
      for number in np.unique(text[text >= 0]):
        found.append((g, int(number), decoder.decode(ids[text == number])))
  return sorted(found)


@pytest.mark.parametrize("shards", [1, 4])
def test_a_batch_holds_the_records_of_its_step(make, shards):
  batches, sets, tokenizer, layout = make(pack_shards=shards)
  batch = batches[7]
  data_set, record = batches._schedule.batch(7)
  wanted = sorted(
    tuple(sets.data_sets[d].read([r])[0])
    for d, r in zip(data_set, record, strict=True)
  )
  hashes = {tuple(map(tuple, identity.hash_texts(pair))) for pair in wanted}
  pairs = layout.pairs
  got = {
    (tuple(batch.identity[g, p]), tuple(batch.identity[g, pairs + p]))
    for g in range(shards)
    for p in range(pairs)
  }
  assert got == hashes
  assert batch.present.all()
  assert sorted(batch.dataset.ravel()) == sorted(data_set)
  decode = tokenizer._tokenizer.decode
  cut = tokenizer.encode([text for pair in wanted for text in pair])
  assert sorted(text for _, _, text in texts_in(batch, tokenizer, 2)) == sorted(
    decode(ids) for ids in cut
  )


def test_the_fingerprint_knows_the_order_of_the_mixture(
  write_pairs, tokenizer_folder
):
  # In another order the same data sets give other batches.
  one, two = write_pairs(20, "a"), write_pairs(20, "b")
  prints = [
    loader.Batches(
      mixture.open_mixture(text),
      tokens.Tokenizer(tokenizer_folder, max_length=32),
      loader.Layout(size=16, max_length=32),
      datasets_per_batch=1,
      seed=0,
      steps=1,
    ).fingerprint()
    for text in (f"{one},{two}", f"{two},{one}")
  ]
  assert prints[0] != prints[1]
  assert prints[0]["data"].keys() == prints[1]["data"].keys() == {"a", "b"}


def test_two_sides_hold_the_texts_of_one(make):
  one, _, tokenizer, layout = make()
  two, *_ = make(sides=2)
  assert texts_in(one[3], tokenizer, 2) == texts_in(two[3], tokenizer, 2)
  queries, documents = two[3].sides
  assert (
    queries.text.max()
    < layout.pairs
    <= documents.text[documents.text >= 0].min()
  )


def test_iterating_from_the_middle_goes_on_as_it_was(make):
  batches, *_ = make()
  whole = list(loader.iterate(batches, 0, threads=3, ahead=4))
  assert len(whole) == 20
  for start in (1, 13, 19, 20):
    rest = loader.iterate(batches, start, threads=1, ahead=1)
    for one, two in itertools.zip_longest(whole[start:], rest):
      jax.tree.map(np.testing.assert_array_equal, one, two)


def test_worker_processes_can_take_the_batches(make):
  batches, *_ = make()
  again = pickle.loads(pickle.dumps(batches))
  jax.tree.map(np.testing.assert_array_equal, batches[4], again[4])


def test_shapes_are_those_of_real_batches(make):
  batches, _, _, layout = make(pack_shards=2)
  shapes = [
    jax.tree.map(np.shape, layout.zeros(r)) for r in layout.row_counts()
  ]
  assert shapes[0].sides[0].tokens == (2, 16, 32)
  for step in range(5):
    assert jax.tree.map(np.shape, batches[step]) in shapes


def test_missing_negatives_take_no_room(
  tmp_path, tokenizer_folder, write_pairs
):
  folder = tmp_path / "triplets"
  with records.Writer(
    folder, name="t", kind="triplets", columns=("q", "d", "n")
  ) as writer:
    for i in range(8):
      writer.write(
        (f"read file {i}", f"file {i}", "sort list", "tree")[: 3 + i % 2]
      )
  layout = loader.Layout(size=16, max_length=32, negatives=2)
  batches = loader.Batches(
    mixture.open_mixture(f"{folder},{write_pairs(8, 'pairs')}"),
    tokens.Tokenizer(tokenizer_folder, max_length=32),
    layout,
    datasets_per_batch=2,
    seed=0,
    steps=1,
  )
  batch = batches[0]
  present = batch.present.reshape(4, 16)
  assert present[:2].all()
  triplets = batch.dataset[0] == 0
  assert triplets.sum() == 8
  assert (present[2] == triplets).all()
  assert present[3].sum() == 4
  there = np.unique(batch.sides[0].text)
  np.testing.assert_array_equal(
    there[there >= 0], np.flatnonzero(batch.present[0])
  )


def test_a_batch_that_the_shards_do_not_divide_is_named():
  with pytest.raises(program.BadInput, match=r"batch\.size is 10"):
    loader.Layout(size=10, max_length=8, pack_shards=4)
