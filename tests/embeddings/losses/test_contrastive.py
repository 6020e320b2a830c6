"""In-batch InfoNCE: what is a false negative, and numbers known by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import program
from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import pairs as pairs_lib
from tests.embeddings.losses import cases
from tests.embeddings.losses import formulas

B, E = 6, 5
CASE = cases.Case(contrastive.InBatch(scale=3.0), formulas.InBatch(scale=3.0))


def make_world(same=(), absent=(), **changes):
  """A batch whose texts all differ, but for `same` and `absent`.

  Args:
    same: ((column, pair), (column, pair)) that are the same text.
    absent: (column, pair) that are not there.
    changes: other fields of the world.
  """
  world = cases.plain_world(2)
  for one, other in same:
    world.names[one] = world.names[other]
  for place in absent:
    world.names[place], world.vectors[place] = 0, 0
  return dataclasses.replace(world, **changes)


# What is the same text, or absent.
WORLDS = {
  "d_j = d_i": {"same": [((1, 4), (1, 2))]},
  "q_j = q_i": {"same": [((0, 5), (0, 0))]},
  "d_j = q_i": {"same": [((1, 3), (0, 1))]},
  "three times d": {"same": [((1, 0), (1, 2)), ((1, 5), (1, 2))]},
  "n = q_i": {"same": [((3, 1), (0, 4))]},
  "n = d_i": {"same": [((2, 0), (1, 0)), ((3, 3), (1, 5))]},
  "n = d_i = d_j": {"same": [((2, 0), (1, 2)), ((1, 3), (1, 2))]},
  "absent negatives": {"absent": [(2, 3), (3, 3), (3, 0)]},
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_false_negative_is_left_out(name):
  world = make_world(**WORLDS[name])
  value, *_ = cases.run(CASE, world)
  wanted, _ = CASE.plain(world, world.vectors, {})
  assert value == pytest.approx(wanted, rel=5e-6)
  # Leaving it in would be another loss.
  names = make_world().names
  left_in = dataclasses.replace(world, names=names)
  assert abs(CASE.plain(left_in, world.vectors, {})[0] - wanted) > 1e-4


@pytest.mark.parametrize("same", [((1, 3), (0, 3)), ((2, 0), (2, 1))])
def test_other_equal_texts_change_nothing(same):
  # A document that is its own query; two negatives that are one text.
  assert cases.run(CASE, make_world([same]))[0] == pytest.approx(
    cases.run(CASE, make_world())[0]
  )


def by_hand(vectors, loss=None):
  """The loss of vectors as they are, of texts that all differ."""
  columns, count, _ = vectors.shape
  numbers = np.arange(2 * columns * count).reshape(columns, count, 2)
  pairs = pairs_lib.Pairs(
    vectors=jnp.asarray(vectors, jnp.float32),
    identity=jnp.asarray(numbers + 1, jnp.uint32),
    present=jnp.ones((columns, count), bool),
    score=jnp.zeros((count, columns - 1)),
    dataset=jnp.zeros(count, jnp.int32),
    group=jnp.zeros((count, 2), jnp.uint32),
    target=jnp.zeros((columns, count, 0)),
    own=jnp.ones(count, bool),
  )
  loss = loss or contrastive.InBatch()
  return jax.jit(lambda pairs: loss(pairs, {}, blockwise.ONE_DEVICE))(pairs)


def test_the_accuracy_is_the_share_of_queries_whose_document_is_first():
  vectors = np.zeros((3, B, E), np.float32)
  vectors[0], vectors[1] = np.eye(B, E), np.eye(B, E)
  vectors[0, 5] = vectors[1, 5] = [0.6, 0.6, 0, 0, 0]
  vectors[1, 1] = [1, 0, 0, 0, 0]  # query 1 is nearer to document 5
  vectors[2, 0] = [0, 0, 1.1, 0, 0]  # the hard negative beats query 2's
  # Query 5 has document 1 at .6, and its own at .72; query 0 ties with itself.
  assert float(by_hand(vectors).accuracy) == pytest.approx(4 / 6)


def test_equal_vectors_are_a_choice_among_all():
  # log of the number of candidates: of all the batch, whatever the devices.
  ones = np.ones((3, B, E)) / np.sqrt(E)
  loss = contrastive.InBatch(symmetric=False)
  value = float(by_hand(ones, loss).value)
  assert value == pytest.approx(np.log(2 * B), rel=1e-5)
  value = float(by_hand(ones).value)
  assert value == pytest.approx((np.log(2 * B) + np.log(B)) / 2, rel=1e-5)


def test_large_scales_stay_finite():
  case = cases.Case(contrastive.InBatch(scale=1e4), None)
  value, _, gradient, _ = cases.run(case, cases.plain_world())
  assert np.isfinite(value) and np.isfinite(gradient).all()
  assert value > 1e3


WRONG = [
  ({"scale": 0}, "scale is 0; wanted a number from 1e-06"),
  ({"scale": float("nan")}, "scale is nan"),
  ({"scale": True}, "scale is True; wanted a number"),
  ({"label_smoothing": 1.5}, "label_smoothing is 1.5; wanted a number from 0"),
  ({"symmetric": "no"}, "symmetric is 'no'; wanted True or False"),
  ({"contrast": "documents,queries"}, "contrast is 'documents,queries'"),
  ({"partition": "one"}, "wanted one of 'directions', 'joint'"),
  ({"positives": "all"}, "positives is 'all'; wanted one of 'own', 'group'"),
  ({"negatives_from": "host"}, "wanted one of 'batch', 'dataset'"),
  ({"max_scale": 10}, "scale=20 and max_scale=10 do not go together"),
  (
    {"max_scale": 100, "filter": "absolute"},
    "learned.*and filter='absolute' do not go together.*set max_scale=0",
  ),
  ({"guide": "teacher"}, "guide='teacher' and no filter"),
  ({"filter_margin": 0.1}, "filter_margin=0.1 and no filter"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_wrong_settings_are_named(settings, message):
  with pytest.raises(program.BadInput, match=message):
    contrastive.InBatch(**settings)
