"""A held-out loss is the objective's own value, on however many devices."""

import jax
import numpy as np
import pytest

from data import layout as layout_lib
from data import tokens
from embeddings import heldout
from embeddings import objective as objective_lib
from embeddings import partition
from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import scored
from embeddings.losses import terms
from tests import conftest
from tests.embeddings import tiny

SHARDS, SIZE = 8, 16
IN_BATCH = terms.Term("in_batch", contrastive.InBatch(max_scale=100.0))
BOTH = (
  terms.Term("cosine", scored.Cosine(), 2.0, (1,)),
  terms.Term("in_batch_2", contrastive.InBatch(symmetric=False), 0.5, (1,)),
)


@pytest.fixture(scope="module")
def batches(tokenizer_folder):
  """Three batches of pairs."""
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)
  layout = layout_lib.Layout(
    size=SIZE, max_length=32, pack_shards=SHARDS, ladder=(0.75,)
  )
  pairs = [list(pair) for pair in conftest.pairs(3 * SIZE)]
  return [
    tiny.batch(pairs[start : start + SIZE], tokenizer, layout)
    for start in range(0, 3 * SIZE, SIZE)
  ]


@pytest.fixture(scope="module")
def params():
  """Those of a run in which the first loss has learned its scale."""
  learned = {"log_scale": np.float32(np.log(33.0))}
  return tiny.noisy(tiny.params()) | {"loss/in_batch": learned}


def held_out(batches, devices):
  """Two data sets on a mesh of so many devices."""
  mesh = partition.make_mesh(devices=jax.devices()[:devices])

  def of(*terms_of_it):
    return objective_lib.Objective(
      tiny.model(dropout=0.5), terms_of_it, spread=blockwise.Spread(mesh)
    )

  found = {
    "faq": heldout.DataSet(batches[:2], of(IN_BATCH)),
    "scores": heldout.DataSet([_second(batches[2])], of(*BOTH)),
  }
  return heldout.HeldOut(found, mesh, SHARDS)


def _second(batch):
  """The batch as one of the second objective."""
  return batch._replace(objective=np.ones_like(batch.objective))


@pytest.fixture(scope="module")
def on_one(batches):
  return held_out(batches, 1)


def test_it_is_what_the_objective_says(on_one, batches, params):
  @jax.jit
  def by_hand(params, first, second, third):
    one = tiny.objective(loss=contrastive.InBatch(scale=33.0))
    other = objective_lib.Objective(tiny.model(), BOTH)
    return (one(params, first).value + one(params, second).value) / 2, (
      other(params, third).value
    )

  faq, scores = by_hand(params, *batches[:2], _second(batches[2]))
  assert on_one.losses(params) == {
    "faq": pytest.approx(float(faq), rel=1e-5),
    "scores": pytest.approx(float(scores), rel=1e-5),
  }


def test_it_is_the_same_each_time_and_on_eight_devices(on_one, batches, params):
  first = on_one.losses(params)
  assert on_one.losses(params) == first
  assert held_out(batches, 8).losses(params) == pytest.approx(first, rel=1e-5)


def test_in_chunks_it_is_the_same(on_one, batches, params):
  rows = batches[0].sides[0].tokens.shape[1]
  assert rows > 2
  few = on_one.in_chunks(rows - 1)
  assert few.losses(params) == pytest.approx(on_one.losses(params), rel=1e-5)
