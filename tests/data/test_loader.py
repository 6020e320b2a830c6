"""Batches hold what the schedule says, and begin at any step."""

import dataclasses
import itertools
import json
import pathlib
import pickle
import queue
from typing import Any

from absl import flags
import grain.experimental
import jax
import numpy as np
import pytest

from data import faults
from data import identity
from data import kinds
from data import loader
from data import mixture
from data import options
from data import pretokenize
from data import program
from data import records
from data import token_chunks
from data import tokens
from tests.data import inputs
from tests.data import raw_set
from tests.data import taught
from tests.data import token_caches

LADDER = (0.7, 0.5, 0.3)


@pytest.fixture
def text(write_pairs):
  """A mixture of two data sets."""
  return f"{write_pairs(70, 'a')}=2,{write_pairs(50, 'b')}"


@pytest.fixture
def tokenizer(tokenizer_folder):
  return tokens.Tokenizer(tokenizer_folder, max_length=32)


def cache(text, tokenizer, defaults=options.PLAIN):
  """Writes the token caches of a mixture."""
  opened = mixture.open_mixture(text, defaults=defaults)
  with token_chunks.Workers(tokenizer, 1) as workers:
    for data_set, chosen in zip(opened.data_sets, opened.options, strict=True):
      for prompts in chosen.all_prompts:
        pretokenize.pretokenize(
          data_set, tokenizer, prompts, workers=workers, faults=faults.Faults()
        )


def texts_in(batch, tokenizer):
  """What each shard's texts are, decoded: shard, number, text."""
  found = []
  for side in batch.sides:
    for g, (ids, text) in enumerate(zip(side.tokens, side.text, strict=True)):
      for number in np.unique(text[text >= 0]):
        words = tokenizer._tokenizer.decode(ids[text == number])
        found.append((g, int(number), words))
  return sorted(found)


def assert_same(one, two):
  jax.tree.map(np.testing.assert_array_equal, one, two)


def pairs_of(batch):
  """The identities of the pairs of a batch, and their data sets."""
  shards, pairs = batch.dataset.shape
  identities = batch.identity.reshape(shards, -1, pairs, 2).swapaxes(1, 2)
  return sorted(
    (int(batch.dataset[g, p]), identities[g, p].tobytes())
    for g in range(shards)
    for p in range(pairs)
  )


@pytest.mark.parametrize("shards", [1, 4])
def test_a_batch_holds_the_records_of_its_step(
  text, tokenizer_folder, tokenizer, shards
):
  sets = mixture.open_mixture(text).data_sets
  batches = inputs.batches(text, tokenizer_folder, pack_shards=shards)
  batch, draw = batches[7], batches.draw(7)
  wanted = [
    sets[d].read([r])[0]
    for d, r in zip(draw.data_set, draw.record, strict=True)
  ]
  hashes = sorted(
    (int(d), identity.words(identity.hash_texts(pair)).tobytes())
    for d, pair in zip(draw.data_set, wanted, strict=True)
  )
  assert pairs_of(batch) == hashes
  assert batch.present.all()
  cut = tokenizer.encode([text for pair in wanted for text in pair])
  assert sorted(text for *_, text in texts_in(batch, tokenizer)) == sorted(
    tokenizer._tokenizer.decode(ids) for ids in cut
  )


def test_two_sides_hold_the_texts_of_one(text, tokenizer_folder, tokenizer):
  one = inputs.batches(text, tokenizer_folder, ladder=LADDER)[3]
  two = inputs.batches(text, tokenizer_folder, ladder=LADDER, sides=2)[3]
  assert texts_in(one, tokenizer) == texts_in(two, tokenizer)
  queries, documents = two.sides
  assert queries.text.max() < 16 <= documents.text[documents.text >= 0].min()


def test_padding_holds_the_texts_of_packing(text, tokenizer_folder, tokenizer):
  for step in range(4):
    packed, padded = (
      inputs.batches(text, tokenizer_folder, packing=packing)[step]
      for packing in ("packed", "padded")
    )
    assert texts_in(packed, tokenizer) == texts_in(padded, tokenizer)
    assert_same(packed._replace(sides=()), padded._replace(sides=()))


OPTIONS = options.Options(
  "query: ", "passage: ", swap=0.5, negatives=2, choose_negatives="random"
)


@pytest.fixture
def mixed(tmp_path, write_pairs):
  """A mixture of pairs, scored pairs and triplets with 1 to 5 negatives."""
  found = [[f"read file {i}", f"file {i}"] for i in range(40)]
  rows = {
    "scored": [(*pair, i / 40) for i, pair in enumerate(found)],
    "triplets": [
      (*pair, *(f"table {i} {j}" for j in range(1 + i % 5)))
      for i, pair in enumerate(found)
    ],
  }
  for kind, given in rows.items():
    with records.Writer(
      tmp_path / kind, name=kind, kind=kind, columns=("q", "d", "n")
    ) as writer:
      for row in given:
        writer.write(row)
  folders = ["scored", "triplets", write_pairs(30, "pairs").name]
  file = tmp_path / "mixture.json"
  file.write_text(json.dumps([{"folder": name} for name in folders]))
  return str(file)


@pytest.fixture
def every(tmp_path, mixed):
  """A mixture of a data set of each kind, of which three have vectors."""
  found = [[f"sort table {i}", f"table {i}"] for i in range(40)]
  negatives = [[f"list {i} {j}" for j in range(1 + i % 4)] for i in range(40)]
  rows = {
    "texts": [(f"tree {i}",) for i in range(40)],
    "scored_triplets": [
      (*pair, *other, tuple(float(i - j) for j in range(1 + len(other))))
      for i, (pair, other) in enumerate(zip(found, negatives, strict=True))
    ],
    "grouped": [(*pair, i % 3) for i, pair in enumerate(found)],
  }
  for kind, given in rows.items():
    data_set = token_caches.write(tmp_path / kind, kind, given)
    taught.write(data_set, "query" if kind == "grouped" else "all")
  names = [*rows, "scored", "triplets", "pairs"]
  plain = [{"folder": name, "swap": 0.5} for name in names]
  for place in (1, 2):
    del plain[place]["swap"]
  path = tmp_path / "every.json"
  path.write_text(json.dumps(plain))
  return str(path)


# Sides change as each data set says.
NO_SWAP = dataclasses.replace(OPTIONS, swap=0.0)
EVERY = {"defaults": NO_SWAP, "teacher": taught.NAME}


def test_caches_hold_what_the_texts_say(every, tokenizer_folder, tokenizer):
  cache(every, tokenizer, NO_SWAP)
  for slots in ("3", "all"):
    given = {"slots": slots, "pack_shards": 2, **EVERY}
    read, cached = (
      inputs.batches(every, tokenizer_folder, kind=kind, size=12, **given)
      for kind in ("text", "auto")
    )
    assert type(cached._source) is not type(read._source)
    for step in range(8):
      assert_same(read[step], cached[step])


@pytest.mark.parametrize("hosts", [2, 4, 8])
def test_hosts_make_parts_of_the_same_batch(
  every, tokenizer_folder, tokenizer, hosts
):
  # So the number of hosts may change between any two steps.
  cache(every, tokenizer, NO_SWAP)
  given = {"kind": "cache", "pack_shards": 8, "ladder": LADDER, "slots": "2"}
  order = {"objective": OBJECTIVE}
  whole = inputs.batches(every, tokenizer_folder, order=order, **given, **EVERY)
  parts = [
    inputs.batches(
      every,
      tokenizer_folder,
      order={"shards": range(h * 8 // hosts, (h + 1) * 8 // hosts), **order},
      **given,
      **EVERY,
    )
    for h in range(hosts)
  ]
  for step in (0, 7, 19):
    found = [part[step] for part in parts]
    together = jax.tree.map(lambda *shards: np.concatenate(shards), *found)
    assert_same(whole[step], together)


def test_a_run_stops_anywhere_and_goes_on_with_other_hosts(
  text, tokenizer_folder, tokenizer
):
  cache(text, tokenizer)
  given = {"kind": "cache", "pack_shards": 8, "steps": 12}
  alone = list(
    loader.iterate(
      inputs.batches(text, tokenizer_folder, **given), 0, threads=1, ahead=1
    )
  )
  step = 0
  for hosts, stop in ((8, 3), (1, 4), (2, 9), (4, 12)):
    pod = [
      loader.iterate(
        inputs.batches(
          text,
          tokenizer_folder,
          order={"shards": range(h * 8 // hosts, (h + 1) * 8 // hosts)},
          **given,
        ),
        step,
        threads=2,
        ahead=2,
      )
      for h in range(hosts)
    ]
    while step < stop:
      found = [next(host) for host in pod]
      together = jax.tree.map(lambda *parts: np.concatenate(parts), *found)
      assert_same(alone[step], together)
      step += 1


# Of the data sets of `every`.
KINDS = ("texts", "scored_triplets", "grouped", "scored", "triplets", "pairs")
OBJECTIVE = [5, 4, 3, 3, 1, 0]


def records_of(text, batches, step):
  """The records of a step, by data set and identities of two of their texts."""
  sets, draw = mixture.open_mixture(text).data_sets, batches.draw(step)
  found = {}
  for index, number in zip(draw.data_set, draw.record, strict=True):
    (record,) = sets[index].read([number])
    hashes = identity.hash_texts(kinds.texts(KINDS[index], record)[:2])
    found[index, frozenset(hashes.tolist())] = record
  return found


def score_of(kind, record, texts):
  """The scores of a pair whose document and negatives have these identities."""
  if kind == "scored":
    return [record[2], 0, 0]
  if kind != "scored_triplets":
    return [0, 0, 0]
  hashes = identity.hash_texts(record[1:-1]).tolist()
  scores = dict(zip(hashes, record[-1], strict=True))
  return [scores[text] if text else 0 for text in texts.tolist()]


@pytest.mark.parametrize("packing", ["packed", "padded"])
def test_each_kind_brings_what_its_records_say(
  every, tokenizer_folder, packing
):
  batches = inputs.batches(
    every,
    tokenizer_folder,
    size=36,
    slots="6",
    packing=packing,
    order={"objective": OBJECTIVE},
    **EVERY,
  )
  for step in range(3):
    batch, groups = batches[step], set()
    records_ = records_of(every, batches, step)
    words = batch.identity[0].astype(np.uint64)
    texts = (words[:, 0] << np.uint64(32) | words[:, 1]).reshape(4, 36)
    target = batch.target.reshape(4, 36, taught.WIDTH)
    for pair, index in enumerate(batch.dataset[0].tolist()):
      own, kind = texts[:, pair], KINDS[index]
      record = records_[index, frozenset(own[:2].tolist())]
      assert batch.objective[0, pair] == OBJECTIVE[index]
      assert (own[0] == own[1]) == (kind == "texts")
      wanted = np.float32(score_of(kind, record, own[1:]))
      assert batch.score[0, pair].tolist() == wanted.tolist()
      # Vectors: of three kinds, and in one of those of the queries alone.
      there = (
        (own > 0) & (index < 3) & (np.arange(4) < (1 if index == 2 else 4))
      )
      np.testing.assert_array_equal(
        target[:, pair], taught.of(own) * there[:, None]
      )
      group = tuple(batch.group[0, pair].tolist())
      assert (group == (0, 0)) == (kind != "grouped")
      if kind == "grouped":
        groups.add((record[2], group))
    assert len(groups) == len({group for _, group in groups}) == 3


def test_the_global_batch_does_not_depend_on_the_shards(
  mixed, tokenizer_folder
):
  # 1, 2, 4 and 8 devices want as many shards; the pairs are the same.
  found = [
    inputs.batches(mixed, tokenizer_folder, pack_shards=shards)
    for shards in (1, 2, 4, 8)
  ]
  for step in range(5):
    assert len({str(pairs_of(batches[step])) for batches in found}) == 1


def test_iterating_from_the_middle_goes_on_as_it_was(text, tokenizer_folder):
  batches = inputs.batches(text, tokenizer_folder)
  whole = list(loader.iterate(batches, 0, threads=3, ahead=4))
  assert len(whole) == 20
  for start in (1, 13, 19, 20):
    rest = loader.iterate(batches, start, threads=1, ahead=1)
    for one, two in itertools.zip_longest(whole[start:], rest):
      assert_same(one, two)


class Counted:
  """Batches that say when each was made."""

  def __init__(self, batches):
    self.batches, self.made = batches, queue.Queue()

  def __len__(self):
    return len(self.batches)

  def __getitem__(self, step):
    self.made.put(step)
    return self.batches[step]


def test_batches_are_made_while_nobody_takes_them(text, tokenizer_folder):
  counted: Any = Counted(inputs.batches(text, tokenizer_folder))
  found = loader.iterate(counted, 0, threads=1, ahead=4)
  next(found)
  # As during an evaluation: four more, and the one taken.
  steps = [counted.made.get(timeout=60) for _ in range(5)]
  assert steps == [0, 1, 2, 3, 4]


def test_grain_saves_and_restores_at_every_batch(text, tokenizer_folder):
  batches = inputs.batches(text, tokenizer_folder, steps=8)
  grain.experimental.assert_equal_output_after_checkpoint(
    loader.data_set(batches, 2, threads=2, ahead=2)
  )


def test_worker_processes_give_the_same_batches(
  text, tokenizer_folder, tokenizer
):
  flags.FLAGS.mark_as_parsed()  # grain's workers get the flags of this one
  cache(text, tokenizer)
  batches = inputs.batches(text, tokenizer_folder, kind="cache", steps=7)
  assert_same(batches[4], pickle.loads(pickle.dumps(batches))[4])
  found = loader.iterate(batches, 2, threads=1, ahead=1, workers=2)
  for step, one in enumerate(found, 2):
    assert_same(one, batches[step])
  assert step == 6


def test_a_mixture_that_began_later_has_its_own_order(text, tokenizer_folder):
  first, later = (
    inputs.batches(text, tokenizer_folder, order={"since": since})
    for since in (0, 5)
  )
  assert later.draw(5).epoch.max() == 0  # It begins at the beginning ...
  assert pairs_of(later[5]) != pairs_of(first[0])  # ... but not the same way.
  blocks = [step + 5 for step in range(3)]
  drawn = [
    np.bincount(later.draw(step).data_set, minlength=2) for step in blocks
  ]
  assert sum(drawn).tolist() == [32, 16]


def test_missing_negatives_take_no_room(mixed, tokenizer_folder):
  two = options.Options(negatives=2)
  batches = inputs.batches(
    mixed, tokenizer_folder, defaults=two, slots="all", size=24
  )
  for step in range(3):
    batch = batches[step]
    query, document, first, second = batch.present.reshape(4, 24)
    assert query.all() and document.all()
    triplets = batch.dataset[0] == 1
    assert (first == triplets).all() and 0 < second.sum() < triplets.sum()
    there = np.unique(batch.sides[0].text)
    np.testing.assert_array_equal(
      there[there >= 0], np.flatnonzero(batch.present[0])
    )


def test_vectors_of_queries_alone_are_not_swapped(every, tokenizer_folder):
  path = pathlib.Path(every)
  sets = json.loads(path.read_text())
  path.write_text(json.dumps([{**found, "swap": 0.5} for found in sets[2:3]]))
  with pytest.raises(program.BadInput, match="queries alone and swap 0.5; set"):
    inputs.batches(every, tokenizer_folder, teacher=taught.NAME)


def test_vectors_of_two_widths_are_refused(
  every, tokenizer_folder, monkeypatch
):
  monkeypatch.setattr(taught, "WIDTH", 3)
  path = pathlib.Path(every)
  other = token_caches.write(path.parent / "narrow", "pairs", [("a", "b")])
  taught.write(other)
  path.write_text('[{"folder": "texts"}, {"folder": "narrow"}]')
  with pytest.raises(
    program.BadInput, match="'narrow' have 3 numbers and thos"
  ):
    inputs.batches(every, tokenizer_folder, teacher=taught.NAME)


def test_scores_stay_with_their_pairs(mixed, tokenizer_folder, tokenizer):
  batch = inputs.batches(mixed, tokenizer_folder, slots="3", size=36)[0]
  numbers = {
    int(text.split()[-1]): number
    for _, number, text in texts_in(batch, tokenizer)
    if text.startswith("read file") and batch.dataset[0, number] == 0
  }
  assert len(numbers) == 12
  for record, number in numbers.items():
    assert batch.score[0, number, 0] == np.float32(record / 40)
  assert not batch.score[batch.dataset != 0].any()


def test_a_mixture_that_ends_too_early_is_named(text, tokenizer_folder):
  twice = options.Options(max_epochs=2)
  given = {"defaults": twice, "slots": "1", "size": 10}
  batches = inputs.batches(text, tokenizer_folder, steps=24, **given)
  assert len(list(loader.iterate(batches, 0, threads=1, ahead=1))) == 24
  with pytest.raises(
    program.BadInput, match="after 24 batches.*steps to 24 or"
  ):
    inputs.batches(text, tokenizer_folder, steps=25, **given)


def test_a_bad_record_stops_or_is_skipped(text, tokenizer_folder, tmp_path):
  # Wherever batches are made, the error arrives as one, and nothing hangs.
  flags.FLAGS.mark_as_parsed()
  folder = tmp_path / "bad"
  good = [b'["read %d", "file %d"]' % (i, i) for i in range(16)]
  raw_set.write(folder, [*good, b'["read", 5]'])
  for workers in (0, 1):
    with pytest.raises(program.BadInput, match=r"record \d+ of .*array_record"):
      list(
        loader.iterate(
          inputs.batches(str(folder), tokenizer_folder),
          0,
          threads=2,
          ahead=2,
          workers=workers,
        )
      )
  skip = faults.Faults("skip", 1)
  batches = inputs.batches(str(folder), tokenizer_folder, faults=skip)
  assert len(list(loader.iterate(batches, 0, threads=2, ahead=2))) == 20
  assert skip.met == 1


def test_a_cache_that_is_lacking_is_said(
  text, write_pairs, tokenizer_folder, tokenizer, capsys
):
  inputs.batches(text, tokenizer_folder, kind="auto")
  assert not capsys.readouterr().err
  cache(text, tokenizer)
  more = f"{text},{write_pairs(30, 'c')}"
  inputs.batches(more, tokenizer_folder, kind="auto")
  assert "for data set 'c' has no token cache" in capsys.readouterr().err


def test_wrong_kinds_of_tokens_are_named(text, tokenizer_folder):
  with pytest.raises(program.BadInput, match="wanted one of auto, cache, text"):
    inputs.batches(text, tokenizer_folder, kind="fast")
  with pytest.raises(program.BadInput, match=r"python -m data\.pretokenize"):
    inputs.batches(text, tokenizer_folder, kind="cache")
