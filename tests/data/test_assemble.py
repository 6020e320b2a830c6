"""Hosts make parts of one batch; padding and packing hold the same texts."""

import jax
import numpy as np
import pytest
import xxhash

from data import assemble
from data import identity
from data import layout as layout_lib
from data import tokenised

SIZE, NEGATIVES, LONGEST = 48, 2, 40


WIDTH = 3  # of a teacher's vectors


class Recording(tokenised.Tokenised):
  """Knows which texts' ids and vectors were asked for."""

  def vectors(self, pair, column):
    self.__dict__.setdefault("taught", set()).update(pair.tolist())
    there = self.lengths[pair, column] > 0
    names = np.stack([pair, column, 0 * pair + 7], 1)
    return np.where(there[:, None], names, 0).astype(np.float32)

  def ids(self, pair, column):
    self.__dict__.setdefault("asked", []).extend(
      zip(pair.tolist(), column.tolist(), strict=True)
    )
    return super().ids(pair, column)


@pytest.fixture
def tokens():
  """Texts of many lengths; some pairs have one negative, some two."""
  # Lengths, ids and identities by arithmetic: no generator may change them.
  place = np.arange(SIZE * 4).reshape(SIZE, 4)
  lengths = 1 + place * 7919 % LONGEST
  lengths[:, 2:] *= np.arange(SIZE)[:, None] % 3 >= [1, 2]
  return Recording(
    flat=np.arange(lengths.sum(), dtype=np.int32),
    lengths=lengths,
    identity=np.where(lengths, (place + 1) * (2**40 + 1), 0).astype(np.uint64),
    score=place[:, :3].astype(np.float32),
    group=np.arange(SIZE, dtype=np.uint64) % 7 * (2**40 + 1),
  )


DATA_SET = np.arange(SIZE, dtype=np.int32) % 5


def make(**changes):
  """A layout for them."""
  return layout_lib.Layout(
    **{
      "size": SIZE,
      "max_length": LONGEST,
      "pack_shards": 8,
      "ladder": (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
      "negatives": NEGATIVES,
      "target_width": WIDTH,
      **changes,
    }
  )


LAYOUTS = [
  make(packing=packing, sides=sides)
  for packing in ("packed", "padded")
  for sides in (1, 2)
]


def texts_of(batch):
  """Ids and positions of each text of each shard."""
  found = {}
  for side in batch.sides:
    for shard, text in zip(*np.nonzero(batch.present), strict=True):
      at = side.text[shard] == text
      if at.any():
        assert (shard, text) not in found
        found[shard, text] = (side.tokens[shard, at], side.position[shard, at])
  assert len(found) == batch.present.sum()
  return found


@pytest.mark.parametrize(
  "layout", LAYOUTS, ids=lambda x: f"{x.packing} {x.sides}"
)
@pytest.mark.parametrize("hosts", [1, 2, 4, 8])
def test_parts_of_hosts_are_the_whole(tokens, layout, hosts):
  whole = assemble.assemble(tokens, DATA_SET, layout)
  asked_of_all = set()
  parts = []
  for host in range(hosts):
    tokens.asked.clear(), tokens.taught.clear()
    shards = range(host * 8 // hosts, (host + 1) * 8 // hosts)
    part = assemble.assemble(tokens, DATA_SET, layout, shards)
    assert len(part.present) == 8 // hosts
    # The scores say which pairs they are.
    own = {int(score) // 4 for score in part.score[..., 0].flat}
    assert {pair for pair, _ in tokens.asked} == own
    assert tokens.taught == own
    assert len(set(tokens.asked)) == len(tokens.asked)
    assert asked_of_all.isdisjoint(tokens.asked)
    asked_of_all.update(tokens.asked)
    parts.append(part)
  together = jax.tree.map(lambda *x: np.concatenate(x), *parts)
  jax.tree.map(np.testing.assert_array_equal, together, whole)


@pytest.mark.parametrize("width", [0, WIDTH])
def test_it_has_the_shapes_of_zeros(tokens, width):
  layout = make(target_width=width)
  batch = assemble.assemble(tokens, DATA_SET, layout)
  zeros = layout.zeros([side.text.shape[1:] for side in batch.sides])

  def check(one, other):
    assert (one.shape, one.dtype) == (other.shape, other.dtype)
    assert not other.any()

  jax.tree.map(check, batch, zeros)
  assert batch.target.shape[-1] == width
  assert not batch.objective.any()  # none was given


def test_shards_come_in_the_order_asked(tokens):
  whole = assemble.assemble(tokens, DATA_SET, LAYOUTS[0])
  part = assemble.assemble(tokens, DATA_SET, LAYOUTS[0], [5, 2])
  jax.tree.map(
    lambda a, b: np.testing.assert_array_equal(a, b[[5, 2]]), part, whole
  )


@pytest.mark.parametrize(
  "layout", LAYOUTS, ids=lambda x: f"{x.packing} {x.sides}"
)
def test_every_pair_is_whole_and_there_once(tokens, layout):
  objective = np.array([3, 0, 1, 1, 2])
  batch = assemble.assemble(tokens, DATA_SET, layout, objective=objective)
  texts, pairs = texts_of(batch), layout.pairs
  seen = set()
  for shard, place in np.ndindex(8, pairs):
    pair = int(batch.score[shard, place, 0]) // 4
    seen.add(pair)
    assert batch.dataset[shard, place] == DATA_SET[pair]
    assert batch.objective[shard, place] == objective[DATA_SET[pair]]
    np.testing.assert_array_equal(batch.score[shard, place], tokens.score[pair])
    np.testing.assert_array_equal(
      batch.group[shard, place], identity.words(tokens.group[pair])
    )
    of_pair = place + pairs * np.arange(4)
    np.testing.assert_array_equal(
      batch.identity[shard, of_pair], identity.words(tokens.identity[pair])
    )
    for column, text in enumerate(of_pair):
      wanted = tokens.ids(np.array([pair]), np.array([column]))
      assert batch.present[shard, text] == bool(len(wanted))
      vector = [pair, column, 7] if len(wanted) else [0, 0, 0]
      assert batch.target[shard, text].tolist() == vector
      if len(wanted):
        ids, position = texts[shard, text]
        np.testing.assert_array_equal(ids, wanted)
        np.testing.assert_array_equal(position, np.arange(len(wanted)))
  assert seen == set(range(SIZE))


@pytest.mark.parametrize("sides", [1, 2])
def test_packing_holds_the_texts_of_padding(tokens, sides):
  packed, padded = (
    assemble.assemble(tokens, DATA_SET, make(packing=packing, sides=sides))
    for packing in ("packed", "padded")
  )
  jax.tree.map(np.testing.assert_array_equal, packed[1:], padded[1:])
  one, two = texts_of(packed), texts_of(padded)
  assert one.keys() == two.keys()
  for text in one:
    np.testing.assert_array_equal(one[text], two[text])
  slots = [sum(x.text.size for x in b.sides) for b in (packed, padded)]
  assert slots[0] < slots[1]


@pytest.mark.parametrize(
  "layout", LAYOUTS, ids=lambda x: f"{x.packing} {x.sides}"
)
def test_a_batch_has_the_least_shape_that_it_needs(tokens, layout):
  needed = assemble.needed(tokens.lengths, layout)
  batch = assemble.assemble(tokens, DATA_SET, layout)
  shape = tuple(side.text.shape[1:] for side in batch.sides)
  assert shape in layout.shapes()
  assert shape == layout.least(needed)
  # A layout that was chosen for this batch fits it, to a multiple of 8.
  chosen = assemble.assemble(tokens, DATA_SET, layout.choose([needed], 4))
  for one, side in zip(needed, chosen.sides, strict=True):
    assert 0 <= side.text.shape[1] - one[0] <= 0
    assert 0 <= side.text.shape[2] - one[1] < 8


def test_chosen_shapes_are_well_filled():
  # Halves of a batch come of two data sets, whose texts differ in length.
  random = np.random.default_rng(0)
  typical = np.array([[8, 14], [14, 30], [10, 70], [20, 120], [35, 40]])
  batches = []
  for _ in range(160):
    two = typical[random.choice(5, 2, replace=False)].repeat(128, axis=0)
    lengths = two * random.lognormal(0, 0.5, two.shape)
    batches.append(np.clip(lengths, 3, 128).astype(np.int64))
  layout = layout_lib.Layout(size=256, max_length=128, pack_shards=8)
  needed = [assemble.needed(lengths, layout) for lengths in batches]
  chosen = layout.choose(needed[:100], 8)
  slots = [chosen.least(each)[0][0] * 128 * 8 for each in needed[100:]]
  assert sum(batch.sum() for batch in batches[100:]) / sum(slots) > 0.9


def test_the_layout_is_that_of_earlier_versions(tokens):
  # If this has to change, so has packing.VERSION.
  digest = xxhash.xxh3_64()
  batch = assemble.assemble(tokens, DATA_SET, LAYOUTS[0])
  for array in jax.tree.leaves(batch[:6]):
    digest.update(np.ascontiguousarray(array).tobytes())
  assert digest.hexdigest() == "358cc228932383ba"
